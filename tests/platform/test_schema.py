"""The schemas that editors check with take what the reader takes, and refuse what it refuses by its form."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from slipway.platform.organization import OrganizationSettings
from slipway.platform.schema import SCHEMAS, settings_page
from slipway.platform.services import ServiceSettings
from slipway.platform.settings import LocalSettings, PlatformSettings

ROOT = Path(__file__).parents[2]
FILES = {
    **dict.fromkeys(sorted((ROOT / "services").glob("*.yaml")), "service"),
    **dict.fromkeys(sorted(ROOT.glob("Pulumi.*.yaml")), "stack"),
    ROOT / "Pulumi.yaml": "project",
}


def complaints(kind: str, document: Any) -> list[str]:
    validator: Any = Draft202012Validator(SCHEMAS[kind]())
    return [error.json_path for error in validator.iter_errors(document)]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_file_of_the_project_names_its_schema_and_passes(file: Path) -> None:
    first, rest = file.read_text().split("\n", 1)
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named
    assert (file.parent / named[1]).resolve() == ROOT / "docs" / "schemas" / f"{FILES[file]}.json"
    assert complaints(FILES[file], yaml.safe_load(rest)) == []


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_is_one_and_the_written_one_is_of_today(kind: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[kind]())
    written = json.loads((ROOT / "docs" / "schemas" / f"{kind}.json").read_text())
    assert written == SCHEMAS[kind](), "run `make schemas`"


def test_the_page_is_of_today() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == settings_page(), "run `make schemas`"


def test_every_key_of_every_file_is_explained() -> None:
    rows = [line for line in settings_page().splitlines() if line.startswith("| `")]
    bare = [row.split("`")[1] for row in rows if row.endswith("|  |")]
    assert bare == [], f"say in a text below the key what it does, in its model: {', '.join(bare)}"
    for model in (OrganizationSettings, PlatformSettings, LocalSettings, ServiceSettings):
        for key in model.model_fields:
            assert any(row.startswith(f"| `{key}` |") for row in rows), key
    for below in ("cluster.node_groups.<name>.disk_gib", "runners.classes.<name>.image.built"):
        assert any(row.startswith(f"| `{below}` |") for row in rows)


def service() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "services" / "skill-pool.yaml").read_text())


def stack() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "Pulumi.staging.yaml").read_text())


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def apply(document: dict[str, Any]) -> None:
        *above, last = path.split("/")
        for key in above:
            document = document[key]
        document[last] = value

    return apply


@pytest.mark.parametrize(
    ("edit", "valid"),
    [
        (change("environments", ["build", "qa1"]), True),
        (change("environments", {"build": None, "review": {"stack": "staging", "jobs": ["deploy"]}}), True),
        (change("environments", {"review": {"stack": "local"}}), False),
        (change("environments", {"review": {"job": ["deploy"]}}), False),
        (change("environments", ["Build"]), False),
        (change("environments", []), False),
        (change("repository_id", "70001"), False),
        (change("image", ["server"]), False),
        (change("packages", {"web": {"images": ["web"], "hostname": "web.example.com"}}), False),
    ],
)
def test_a_service_is_taken_or_refused_by_its_form(edit: Callable[[Any], None], valid: bool) -> None:
    document = service()
    edit(document)
    assert (complaints("service", document) == []) is valid


def test_a_service_with_packages_is_taken() -> None:
    document = {key: value for key, value in service().items() if key not in ("images", "hostname")}
    document["packages"] = {"web": {"images": ["web"], "hostname": "web.example.com"}}
    assert complaints("service", document) == []


@pytest.mark.parametrize(
    ("edit", "valid"),
    [
        (change("config/aws:region", "eu-west-1"), True),
        (change("config/slipway:databaseUrl-skill-pool-production", {"secure": "v1:x"}), True),
        (change("config/slipway:platfrom", {}), False),
        (change("config/slipway:services", {}), False),
        (change("config/slipway:platform/accounts", {}), False),
        (change("config/slipway:platform/network/nat", "two"), False),
        (change("encryptionsalt", "v1:x"), True),
    ],
)
def test_a_stack_is_taken_or_refused_by_its_form(edit: Callable[[Any], None], valid: bool) -> None:
    document = stack()
    edit(document)
    assert (complaints("stack", document) == []) is valid
