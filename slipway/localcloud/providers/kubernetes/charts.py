"""What can be told of a Helm chart without Helm: its name and version, and whether values fit its schema."""

import hashlib
import importlib
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.values import Props

_REMOTE = ("oci://", "http://", "https://")
# Their messages name properties of the schema or keys; any other would quote the value.
_NAMING = frozenset({"required", "additionalProperties", "dependentRequired"})


def is_remote(inputs: Props) -> bool:
    """Whether the chart is in a registry or a repository, so that only Helm can fetch it."""
    repository: Props = inputs.get("repositoryOpts") or {}
    return bool(repository.get("repo")) or str(inputs["chart"]).startswith(_REMOTE)


def facts(inputs: Props) -> Props:
    """`name`, `version` and `appVersion` of the chart; of a remote one what the inputs say.

    Raises:
        ProviderError: there is no such folder or archive, or it is no chart.
    """
    if is_remote(inputs):
        name = str(inputs["chart"]).rstrip("/").rpartition("/")[2]
        return {"name": name, "version": str(inputs.get("version") or "")}
    path = Path(str(inputs["chart"]))
    try:
        found = _yaml(_file(path, "Chart.yaml"))
        return {key: str(found[key]) for key in ("name", "version", "appVersion") if found.get(key)}
    except FileNotFoundError as error:
        raise ProviderError(
            f"{path} is no chart: it has no Chart.yaml" if path.exists() else f"there is no chart at {path}",
            where=str(path.resolve()),
            fix="name the chart's own folder; a relative path starts at the project's folder",
        ) from error
    except (OSError, YAMLError, tarfile.TarError, AttributeError) as error:
        raise ProviderError(
            f"the chart's Chart.yaml cannot be read ({type(error).__name__})", where=str(path)
        ) from error


def checksum(inputs: Props) -> str:
    """Of a local chart's files, so that a change of one is a change of the release; of a remote chart none.

    pulumi-kubernetes has one of what the chart renders to (setComputedInputs in its helm_release.go).

    Raises:
        OSError: the chart is not there or cannot be read.
    """
    if is_remote(inputs):
        return ""
    chart = Path(str(inputs["chart"]))
    digest = hashlib.sha256()
    for path in [chart] if chart.is_file() else sorted(chart.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(chart)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def misfits(inputs: Props) -> Iterator[str]:
    """Where the values, over the chart's own, break its values.schema.json; Helm refuses them then.

    Nothing for a remote chart, for one without a schema, or where the package jsonschema is missing.
    Values are not quoted: they may be secret. https://helm.sh/docs/topics/charts/#schema-files
    """
    if is_remote(inputs):
        return
    path = Path(str(inputs["chart"]))
    try:
        validation: Any = importlib.import_module("jsonschema")
        referencing: Any = importlib.import_module("referencing")
        schema: Any = json.loads(_file(path, "values.schema.json"))
    except (ImportError, FileNotFoundError):
        return
    except ValueError as error:
        raise ProviderError("the chart's values.schema.json is no JSON", where=str(path)) from error
    try:
        defaults = _yaml(_file(path, "values.yaml"))
    except FileNotFoundError:
        defaults = {}
    merged = coalesced(defaults, inputs.get("values") or {})
    checker: Any = validation.validators.validator_for(schema, default=validation.Draft7Validator)
    # A registry of its own, since the default one would fetch a schema that is referred to by address.
    errors: Any = checker(schema, registry=referencing.Registry()).iter_errors(merged)
    try:
        found = sorted(errors, key=lambda one: str(one.json_path))
    except referencing.exceptions.Unresolvable as error:
        raise ProviderError(
            "the chart's values.schema.json refers to another file", where=str(path)
        ) from error
    for error in found:
        where = str(error.json_path).removeprefix("$").removeprefix(".") or "the values"
        if error.validator in _NAMING:
            yield f"{where}: {error.message}"
        else:
            yield f"{where}: is not as the schema says: {error.validator} {json.dumps(error.validator_value)}"


def coalesced(defaults: Props, values: Props) -> Props:
    """The chart's values with others over them; a null takes a default away.
    https://helm.sh/docs/chart_template_guide/values_files/#deleting-a-default-key"""
    merged = dict(defaults)
    for key, value in values.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = coalesced(merged[key], cast("Props", value))
        else:
            merged[key] = value
    return merged


def _yaml(text: str) -> Props:
    loaded: Any = cast("Any", YAML(typ="safe")).load(text)
    return cast("Props", loaded) if isinstance(loaded, dict) else {}


def _file(chart: Path, name: str) -> str:
    """A file of a chart that is a folder or an archive; raises FileNotFoundError."""
    if not chart.is_file():
        return (chart / name).read_text(encoding="utf-8")
    with tarfile.open(chart) as archive:
        for member in archive:
            parts = member.name.split("/")
            if parts[1:] == [name] and member.isfile():
                content = archive.extractfile(member)
                return content.read().decode() if content else ""
    raise FileNotFoundError(name)
