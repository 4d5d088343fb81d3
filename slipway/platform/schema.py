"""JSON schemas of the settings files, for editors, and the page docs/settings.md that is written from them.

Both come from the models, so that a key, a default and its explanation stand in one place. An editor checks
forms with a schema; the rules that concern several values are told by every command that reads the files.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

from slipway.platform.organization import OrganizationSettings
from slipway.platform.reading import PREFIX
from slipway.platform.services import DEFAULTS, QA, EnvironmentDefaults, ServiceSettings
from slipway.platform.settings import LocalSettings, PlatformSettings

Schema = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SECRET: Final[Schema] = {
    "description": "An encrypted value; `pulumi config set --secret` writes it.",
    "type": ["string", "object"],
}


def service_schema() -> Schema:
    """The schema of services/<name>.yaml."""
    schema = ServiceSettings.model_json_schema()
    environments = schema["properties"]["environments"]
    by_name = {key: environments.pop(key) for key in ("type", "minProperties", "patternProperties")}
    [(name, block)] = by_name["patternProperties"].items()
    # What `reading` takes besides: a list of names, or names with empty blocks.
    environments["anyOf"] = [
        {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "pattern": name}},
        {
            **by_name,
            "patternProperties": {name: {"anyOf": [block, {"type": "null"}]}},
            "additionalProperties": False,
        },
    ]
    return {"$schema": _DRAFT, **schema, "title": "A service: services/<name>.yaml"}


def stack_schema() -> Schema:
    """The schema of Pulumi.<stack>.yaml."""
    platform, local, organization = map(_nested, (PlatformSettings, LocalSettings, OrganizationSettings))
    definitions = {name: value for part in (platform, local, organization) for name, value in part[1].items()}
    return {
        "$schema": _DRAFT,
        "title": "A stack: Pulumi.<stack>.yaml",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "required": [f"{PREFIX}platform"],
                "properties": {
                    f"{PREFIX}platform": platform[0],
                    f"{PREFIX}local": local[0],
                    f"{PREFIX}organization": {
                        **organization[0],
                        "description": "In place of the organization of Pulumi.yaml, for this stack alone.",
                    },
                    f"{PREFIX}privateActionsToken": _SECRET,
                },
                "patternProperties": {f"^{PREFIX}databaseUrl-": _SECRET, f"^(?!{PREFIX})": True},
                "additionalProperties": False,
            }
        },
        "$defs": definitions,
    }


def project_schema() -> Schema:
    """The schema of Pulumi.yaml, of which only what the organisation shares is ours."""
    organization, definitions = _nested(OrganizationSettings)
    return {
        "$schema": _DRAFT,
        "title": "The project: Pulumi.yaml",
        "type": "object",
        "required": ["name", "runtime", "config"],
        "properties": {
            "config": {
                "type": "object",
                "required": [f"{PREFIX}organization"],
                "properties": {
                    f"{PREFIX}organization": {
                        "type": "object",
                        "required": ["type", "default"],
                        "properties": {"type": {"const": "object"}, "default": organization},
                    }
                },
            }
        },
        "$defs": definitions,
    }


SCHEMAS: Final[Mapping[str, Callable[[], Schema]]] = {
    "service": service_schema,
    "stack": stack_schema,
    "project": project_schema,
}
"""By the name of their file: docs/schemas/<name>.json."""


def _nested(model: type[BaseModel]) -> tuple[Schema, Schema]:
    """A model's schema, and the definitions that it refers to."""
    schema = model.model_json_schema()
    return schema, schema.pop("$defs", {})


def settings_page() -> str:
    """docs/settings.md, whole."""
    blocks = (
        ("`Pulumi.yaml`: `config.slipway:organization.default`", OrganizationSettings),
        ("`Pulumi.<stack>.yaml`: `config.slipway:platform`", PlatformSettings),
        ("`Pulumi.local.yaml`: `config.slipway:local`", LocalSettings),
        ("`services/<name>.yaml`", ServiceSettings),
    )
    parts = [_INTRODUCTION]
    for title, model in blocks:
        schema = model.model_json_schema()
        parts.append(f"## {title}\n\n{schema['description']}\n")
        parts.append("| key | what it may be | default | meaning |\n|---|---|---|---|")
        parts.append("\n".join(_rows(schema, schema.get("$defs", {}))) + "\n")
    return "\n".join([*parts, _ENVIRONMENTS, *map(_environment_row, [*DEFAULTS.items(), ("qa<n>", QA)]), ""])


_INTRODUCTION = """\
# Settings

`make schemas` writes this page and the [schemas](schemas) that the files name for editors; `slipway schema`
prints one of those. `<name>` in a key stands for a name of your own.
A mistake is told with its file and line, what was found and what was expected, all of them at once.
"""

_ENVIRONMENTS = """\
## What an environment's name says

An environment's block in a service's file is empty unless it differs from this. A name that is not here says
`stack`, `jobs` and `branches` or `tags` itself. `qa1`, `qa2` and so on are all like `qa<n>`. What a pull
request is given admits the branch that it is merged to as well: the event of its closing runs there.

| name | stack | jobs | branches | tags | reviewed | namespace |
|---|---|---|---|---|---|---|"""


def _environment_row(item: tuple[str, EnvironmentDefaults]) -> str:
    name, defaults = item
    cells = (
        name,
        defaults.stack.value,
        ", ".join(defaults.jobs),
        ", ".join(f"`{branch}`" for branch in defaults.branches) or "none",
        ", ".join(f"`{tag}`" for tag in defaults.tags) or "none",
        "yes" if defaults.reviewed else "no",
        _namespace(name, defaults),
    )
    return f"| {' | '.join(cells)} |"


def _namespace(name: str, defaults: EnvironmentDefaults) -> str:
    if not any(kind.in_workload for kind in defaults.jobs):
        return "none"
    return f"`<package>-{name}`" if defaults.own_namespace else "`<package>`"


def _rows(schema: Schema, definitions: Schema, path: str = "") -> Iterator[str]:
    """A row for each key of an object, with the keys below it."""
    required = set(schema.get("required", ()))
    for key, given in schema.get("properties", {}).items():
        value = _resolved(given, definitions)
        where = f"{path}{key}"
        default = "required" if key in required else _default(given)
        meaning = " ".join(str(given.get("description", value.get("description", ""))).split())
        yield f"| `{where}` | {_kind(value, definitions)} | {default} | {meaning} |"
        first, *others = _forms(value, definitions)
        if "properties" in first:
            yield from _rows(first, definitions, f"{where}.")
        for form in others:
            mark = next(key for key in form["required"] if key not in first["properties"])
            meaning = " ".join(form["description"].split())
            yield f"| `{where}` with `{mark}` | {_kind(form, definitions)} |  | {meaning} |"
            yield from _rows(form, definitions, f"{where}.")
        for inner in _values(value):
            yield from _rows(_resolved(inner, definitions), definitions, f"{where}.<name>.")


def _forms(schema: Schema, definitions: Schema) -> list[Schema]:
    """The forms that a block may have; most have one."""
    return [_resolved(form, definitions) for form in schema.get("oneOf", (schema,))]


def _values(schema: Schema) -> tuple[Schema, ...]:
    """The forms of what a map holds under names that are not known beforehand."""
    rest: Schema | bool = schema.get("additionalProperties", False)
    named: dict[str, Schema] = schema.get("patternProperties", {})
    return (*named.values(), *(() if isinstance(rest, bool) else (rest,)))


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """A schema without its references, and without the null of an optional key."""
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        return _resolved({**schema, **options[0], "anyOf": []}, definitions)
    if "$ref" in schema:
        return _resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return schema


def _default(schema: Schema) -> str:
    value = schema.get("default")
    if value in (None, [], {}) or isinstance(value, dict):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _kind(schema: Schema, definitions: Schema) -> str:
    """What a value may be, in words."""
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if "oneOf" in schema:
        return "map, of one of two forms"
    if "examples" in schema:
        return f"such as `{json.dumps(schema['examples'][0])}`"
    match schema.get("type"):
        case "array":
            inner = _kind(_resolved(schema["items"], definitions), definitions)
            words = f"list of {'values ' if inner.startswith('such as') else ''}{inner}"
        case "object":
            words = "map" if "properties" in schema else "map by name"
        case "integer":
            low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
            words = f"number, {low} to {schema['maximum']}" if "maximum" in schema else f"number, from {low}"
        case "boolean":
            words = "`true`, `false`"
        case _:
            pattern = str(schema.get("pattern", "")).replace("|", "\\|")
            words = f"text, `{pattern}`" if pattern else "text"
    return words
