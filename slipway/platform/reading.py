"""Reads the files of a stack: Pulumi.yaml, its own, and one for each service. Nothing else reads them.

What is wrong is collected, not raised at the first: each block is filled as far as it can be, and the rules
that concern more than one value run on what could be read.
"""

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from slipway.platform.documents import Document, read
from slipway.platform.mistakes import (
    Mistake,
    Place,
    SettingsError,
    example_of,
    from_validation,
    location,
    shown,
)
from slipway.platform.organization import OrganizationSettings
from slipway.platform.rules import Draft, mistakes_of
from slipway.platform.rules.unread import MOVED_KEYS, moved_from_the_platform
from slipway.platform.services import ServiceSettings
from slipway.platform.settings import Endpoints, LocalSettings, PlatformSettings, Settings
from slipway.platform.stack import ACCOUNT_STACKS, EMBEDDED_ACCOUNT, Stack
from slipway.platform.values import ServiceName

_M = TypeVar("_M", bound=BaseModel)

PROJECT = "Pulumi.yaml"
PREFIX = "slipway:"
SERVICES = Path("services")
BLOCKS = ("organization", "platform", "local", "endpoints", "services")
"""Keys whose values are maps; `services` is only told where it has gone. Any other key is a secret text."""


def stack_file(stack: str) -> str:
    """The name of a stack's own file."""
    return f"Pulumi.{stack}.yaml"


def service_file(service: str) -> str:
    """The name of a service's file."""
    return f"{SERVICES}/{service}.yaml"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What is written about one stack, unchecked."""

    stack: str
    values: Mapping[str, object]
    """Of the keys `slipway:<key>`, whoever gives them."""
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    documents: Mapping[str, Document] = field(default_factory=dict[str, Document])
    """The files by name, with paths as mistakes have them, for the lines."""
    root: Path = Path()
    """The project's folder, for the files that services name."""
    others: Mapping[str, object] = field(default_factory=dict[str, object])
    """`slipway:platform` of the other real stacks, by stack, where this one is real and they have a file."""
    shared: bool = True
    """Whether `organization` is Pulumi.yaml's and not the stack's own."""


def sources(root: Path, stack: str) -> Sources:
    """Read the files of a stack, without checking what they say.

    Args:
        root: the project's folder.
        stack: the stack's name; one without a file has the shared values only.

    Raises:
        SlipwayError: a file cannot be read or is no YAML.
    """
    documents: dict[str, Document] = {}
    project = (
        read(root / PROJECT, PROJECT) if (root / PROJECT).is_file() else Document(file=PROJECT, values={})
    )
    shared = _shared(project)
    documents[PROJECT] = shared
    own = Document(file=stack_file(stack), values={})
    if (root / stack_file(stack)).is_file():
        own = read(root / stack_file(stack), stack_file(stack)).below("config")
    documents[own.file] = own
    services: dict[str, Mapping[str, Any]] = {}
    for path in sorted((root / SERVICES).glob("*.yaml"), key=lambda path: path.stem):
        document = read(path, service_file(path.stem))
        documents[document.file] = document
        services[path.stem] = document.values
    others: dict[str, object] = {}
    for other in _joined(stack):
        path = root / stack_file(other)
        if other != stack and path.is_file():
            document = read(path, stack_file(other)).below("config")
            documents[document.file] = document
            others[other] = document.values.get(f"{PREFIX}platform")
    return Sources(
        stack=stack,
        values={**_keys(shared.values), **_keys(own.values)},
        services=services,
        documents=documents,
        root=root,
        others=others,
        shared=f"{PREFIX}organization" not in own.values,
    )


def _joined(stack: str) -> tuple[Stack, ...]:
    """The stacks that one's network may be joined with: the fleet's with those of clusters."""
    if stack == Stack.AUTOMATION:
        return tuple(other for other in ACCOUNT_STACKS if other.runs)
    return (Stack.AUTOMATION,) if stack in ACCOUNT_STACKS else ()


def load(root: Path, stack: str) -> Settings:
    """A stack's settings, from its files.

    Raises:
        SettingsError: with every mistake of them.
        SlipwayError: a file cannot be read or is no YAML.
    """
    return parse(sources(root, stack))


def parse(given: Sources) -> Settings:
    """Settings from what is written.

    Raises:
        SettingsError: with every mistake at once.
    """
    file = stack_file(given.stack)
    if given.stack not in {member.value for member in Stack}:
        known = ", ".join(member.value for member in Stack)
        raise SettingsError(file, [Mistake(Place("", "stack"), repr(given.stack), f"one of {known}")])
    draft = draft_of(given, Stack(given.stack))
    mistakes = list(draft.mistakes)
    mistakes += [mistake for mistake in mistakes_of(draft) if not draft.is_wrong(mistake.place)]
    if mistakes:
        raise SettingsError(file, mistakes, given.documents.values())
    return draft.settings


def draft_of(given: Sources, stack: Stack) -> Draft:
    """What can be read of each block; an unreadable one is an example, which no rule may be asked about."""
    mistakes: list[Mistake] = []
    own = stack_file(stack)
    places = {key: Place(own, f"{PREFIX}{key}") for key in given.values}
    places |= {key: Place(own, f"{PREFIX}{key}") for key in BLOCKS}
    if given.shared:
        places["organization"] = Place(PROJECT, f"{PREFIX}organization")
    organization = _required(OrganizationSettings, places, given.values, "organization", mistakes)
    moved = moved_from_the_platform(
        places["platform"], given.values.get("platform"), given.documents.get(own, _NOTHING).spans
    )
    mistakes += moved
    values = {**given.values, "platform": _without(given.values.get("platform"), MOVED_KEYS)}
    platform = _required(PlatformSettings, places, values, "platform", mistakes)
    local = _optional(LocalSettings, places, given.values, "local", mistakes)
    endpoints = _optional(Endpoints, places, given.values, "endpoints", mistakes)
    services: dict[str, ServiceSettings] = {}
    for name, values in given.services.items():
        mistakes += _name(name)
        service = _filled(
            ServiceSettings, Place(service_file(name)), _with_environment_blocks(values), mistakes
        )
        if service is not None:
            services[name] = service
    unreadable = {
        key for key, block in (("organization", organization), ("platform", platform)) if block is None
    }
    unreadable |= {service_file(name) for name in given.services if name not in services}
    shared = organization or _EXAMPLE_ORGANIZATION
    if stack.on_stand_in and given.shared:
        # The organisation as it is, but for its accounts: the embedded cloud is one, and always the same.
        embedded = dict.fromkeys(("automation", "staging", "prod"), EMBEDDED_ACCOUNT)
        shared = shared.model_copy(update={"accounts": type(shared.accounts)(**embedded)})
    repositories = _repositories(shared, services)
    # What is wrong there decides about this stack, too: what it is joined with must be as it is written.
    others: dict[Stack, PlatformSettings] = {}
    for name, block in given.others.items():
        other = {name: Place(stack_file(name), f"{PREFIX}platform")}
        read_of = _optional(PlatformSettings, other, {name: block}, name, mistakes)
        if read_of is not None:
            others[Stack(name)] = read_of
    settings = Settings.model_construct(
        stack=stack,
        organization=shared,
        platform=_serving(platform or _EXAMPLE_PLATFORM, repositories),
        others={stack: _serving(block, repositories) for stack, block in others.items()},
        services=services,
        local=local or LocalSettings(),
        endpoints=endpoints,
    )
    return Draft(
        settings=settings,
        unreadable=frozenset(unreadable),
        mistakes=tuple(mistakes),
        places=places,
        values=given.values,
        documents=given.documents,
        service_names=tuple(given.services),
        root=given.root,
    )


def _repositories(
    organization: OrganizationSettings, services: Mapping[str, ServiceSettings]
) -> dict[str, str]:
    """The visibility of every service's repository and of the platform's own, by slug."""
    found = {service.repository: service.visibility for service in services.values()}
    return {**found, organization.github.repository: organization.github.visibility}


def _serving(platform: PlatformSettings, repositories: Mapping[str, str]) -> PlatformSettings:
    if platform.runners is None:
        return platform
    return platform.model_copy(update={"runners": platform.runners.serving(repositories)})


def _name(service: str) -> list[Mistake]:
    try:
        _SERVICE_NAME.validate_python(service)
    except ValidationError as error:
        [mistake] = from_validation(Place(service_file(service)), ServiceSettings, error)
        return [mistake]
    return []


def _without(block: object, keys: Iterable[str]) -> object:
    if not isinstance(block, Mapping):
        return block
    return {key: value for key, value in cast(Mapping[str, object], block).items() if key not in keys}


_SERVICE_NAME = TypeAdapter[str](ServiceName)
_NOTHING = Document(file="", values={})
_EXAMPLE_ORGANIZATION = OrganizationSettings.model_validate(
    {
        "accounts": {"automation": "0" * 12, "staging": "0" * 12, "prod": "0" * 12},
        "github": {
            "organization": "example",
            "organization_id": 1,
            "plan": "enterprise",
            "repository": "example/platform",
            "repository_id": 1,
            "reviewers": ("team:example",),
            "app_id": 1,
        },
    },
    strict=False,
)
_EXAMPLE_PLATFORM = PlatformSettings.model_validate(
    {"region": "eu-west-1", "network": {"cidr": "10.0.0.0/16", "zones": ("eu-west-1a", "eu-west-1b")}}
)


def _required(
    model: type[_M],
    places: Mapping[str, Place],
    values: Mapping[str, object],
    key: str,
    mistakes: list[Mistake],
) -> _M | None:
    if values.get(key) is None:
        mistakes.append(Mistake(places[key], "nothing", "a block: this key is required"))
        return None
    return _filled(model, places[key], values[key], mistakes)


def _optional(
    model: type[_M],
    places: Mapping[str, Place],
    values: Mapping[str, object],
    key: str,
    mistakes: list[Mistake],
) -> _M | None:
    return _filled(model, places[key], values[key], mistakes) if values.get(key) is not None else None


def _filled(model: type[_M], place: Place, value: object, mistakes: list[Mistake]) -> _M | None:
    """The model from what could be read of a block; what could not is a mistake, and left out.

    Returns:
        None where what is left out is required all the way up.
    """
    try:
        rest: Any = json.loads(json.dumps(value, default=str))
    except (TypeError, ValueError, RecursionError):
        mistakes.append(Mistake(place, shown(value), "plain YAML: text, numbers, lists and maps of text"))
        return None
    told = False
    while True:
        try:
            # Through JSON: strict there still takes a list for a tuple and text for an enum, as in YAML.
            return model.model_validate_json(json.dumps(rest))
        except ValidationError as error:
            if not told:
                mistakes += from_validation(place, model, error)
                told = True
            rest = copy.deepcopy(rest)
            if not _leave_out(model, rest, error):
                return None


def _leave_out(model: type[BaseModel], value: Any, error: ValidationError) -> bool:
    """Take what is wrong out of a block, or put an example there; False where it is the block itself."""
    wrong: set[tuple[int | str, ...]] = set()
    for details in error.errors(include_url=False):
        keys = location(details)
        wrong.add(keys[:-1] if details["type"] == "missing" else keys)
    # The last item of a list first, so that the places of the others stay what they are.
    for keys in sorted(wrong, key=lambda keys: [(isinstance(key, str), key) for key in keys], reverse=True):
        if not keys or not (_replace(model, value, keys) or _remove(value, keys)):
            return False
    return True


def _replace(model: type[BaseModel], value: Any, keys: tuple[int | str, ...]) -> bool:
    """Put a right value where a wrong one stands, so that what is around it can be looked at; False where
    there is none, or where it stands there already."""
    example = example_of(model, keys)
    block = cast(dict[Any, Any], value if isinstance(value, dict) else {})
    for key in keys[:-1]:
        inner: Any = block.get(key)
        block = cast(dict[Any, Any], inner if isinstance(inner, dict) else {})
    if example is None or block.get(keys[-1], example) == example:
        return False
    block[keys[-1]] = example
    return True


def _remove(value: Any, keys: tuple[int | str, ...]) -> bool:
    """Remove the deepest part that a path leads to."""
    parent: Any = None
    last: int | str = ""
    for key in keys:
        inside = isinstance(value, dict) and key in value
        inside = inside or (isinstance(value, list) and isinstance(key, int) and key < len(cast(Any, value)))
        if not inside:
            break
        parent, last, value = cast(Any, value), key, cast(Any, value)[key]
    if parent is None:
        return False
    del parent[last]
    return True


def _keys(values: Mapping[str, Any]) -> dict[str, object]:
    """Values of the project's own keys, without their prefix."""
    return {key.removeprefix(PREFIX): value for key, value in values.items() if key.startswith(PREFIX)}


def _shared(project: Document) -> Document:
    """What Pulumi.yaml gives to every stack, with paths as if it stood there plainly.

    A key is its value, or a declaration with a `default` or `value`
    (https://www.pulumi.com/docs/iac/concepts/projects/project-file/#config-options).
    """
    config = project.below("config")
    values: dict[str, Any] = {}
    spans = dict(config.spans)
    for key, entry in config.values.items():
        declaration = cast(Mapping[str, Any], entry if isinstance(entry, Mapping) else {})
        holder = next((name for name in ("value", "default") if name in declaration), None)
        if holder is None:
            values[key] = entry
            continue
        values[key] = declaration[holder]
        prefix = f"{key}.{holder}."
        spans |= {
            f"{key}.{path.removeprefix(prefix)}": span
            for path, span in config.spans.items()
            if path.startswith(prefix)
        }
    return Document(file=project.file, values=values, spans=spans)


def _with_environment_blocks(service: Mapping[str, Any]) -> Mapping[str, Any]:
    """`environments: [production, prod]` says the same as a block per name that is left empty."""
    given = service.get("environments")
    if isinstance(given, Mapping):
        blocks = cast(Mapping[str, object], given)
        # `production:` alone is how YAML leaves a block empty.
        filled = {name: dict[str, object]() if block is None else block for name, block in blocks.items()}
        return {**service, "environments": filled}
    if not isinstance(given, list):
        return service
    names = cast(list[object], given)
    return {**service, "environments": {str(name): dict[str, object]() for name in names}}
