"""The committed files as the tests change them."""

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from slipway.platform import reading
from slipway.platform.mistakes import Mistake, SettingsError
from slipway.platform.settings import Settings

ROOT = Path(__file__).parents[2]
STACKS = ("automation", "staging", "prod", "local")
SERVICE = "skill-pool"


def stack_values(stack: str) -> dict[str, Any]:
    """What the committed files say of a stack by key, with one service by its name under `services`."""
    written = reading.sources(ROOT, stack)
    return copy.deepcopy({**written.values, "services": {SERVICE: written.services[SERVICE]}})


def parse(stack: str, values: dict[str, Any], given: Iterable[str] = (), root: Path = ROOT) -> Settings:
    """Settings from values of that form; `given` are further keys that the stack has."""
    blocks = {key: value for key, value in values.items() if key != "services"} | dict.fromkeys(given)
    services = values["services"]
    others = reading.sources(ROOT, stack).others
    return reading.parse(
        reading.Sources(stack=stack, values=blocks, services=services or {}, root=root, others=others)
    )


def where(mistake: Mistake) -> str:
    """Where a mistake is, in one dotted path: `slipway:platform.region`, `services.skill-pool.images`."""
    file, path = Path(mistake.place.file), mistake.place.path
    top = f"services.{file.stem}" if file.parent.name == "services" else ""
    return ".".join(part for part in (top, path) if part)


def mistakes(stack: str, values: dict[str, Any], root: Path = ROOT) -> dict[str, str]:
    """Mistakes by place, with what they say."""
    with pytest.raises(SettingsError) as caught:
        parse(stack, values, root=root)
    return {where(mistake): f"{where(mistake)}: {mistake!s}" for mistake in caught.value.mistakes}


def without_fleet(values: dict[str, Any]) -> None:
    """Take the fleet out: what it was for is done on runners with fixed addresses."""
    del values["platform"]["runners"]
    values["organization"]["cicd_chain"] = {}
    values["organization"]["runs_on"] = {key: ["static"] for key in ("infra", "deploy", "migrate")}
    if "cluster" in values["platform"]:
        values["platform"]["cluster"] |= {"reach": "addresses", "addresses": {"static": ["198.51.100.16/28"]}}


@pytest.fixture
def prod() -> dict[str, Any]:
    return stack_values("prod")


@pytest.fixture
def staging() -> dict[str, Any]:
    return stack_values("staging")


@pytest.fixture
def local() -> dict[str, Any]:
    return stack_values("local")


@pytest.fixture
def automation() -> dict[str, Any]:
    return stack_values("automation")
