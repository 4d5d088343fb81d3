"""Whatever chains are declared, a job of one repository reaches no role of another's service.

Over the rendered policies: services, environments, classes and chains at random, and what the settings
refuse is refused before there is anything to render.
"""

import json
import random
from typing import Any

import pytest

from components.runners import policies
from slipway.access.matrix import Matrix, matrix
from slipway.access.world import RunnerClass, StackRegistrations, World
from slipway.platform.declaration import RoleDeclaration
from slipway.platform.environments import environments
from slipway.platform.mistakes import SettingsError
from slipway.platform.naming import RUNNER_PATH, role_arn, runner_role
from slipway.platform.platform_roles import platform_roles
from slipway.platform.rules import runner_chain
from slipway.platform.runner_chain import service_of_class
from slipway.platform.settings import Settings
from tests import sampling
from tests.platform.conftest import parse, stack_values

from .conftest import Registration, role_registrations

ENVIRONMENTS = ("build", "chart", "preview", "dev", "qa1", "staging", "hotfix", "prod", "production")
SERVICES = 20


def drawn(random_: random.Random) -> dict[str, Any]:
    """Twenty services, and classes and chains that may make sense or not."""
    services = {
        f"s{number}": {
            "repository": f"acme/s{number}",
            "repository_id": 70100 + number,
            "images": ["server"],
            "hostname": f"s{number}.example.com",
            "environments": {name: {} for name in random_.sample(ENVIRONMENTS, random_.randint(1, 9))},
        }
        for number in range(SERVICES)
    }
    chains: dict[str, Any] = {}
    for name in random_.sample(list(services), random_.randint(1, SERVICES)):
        declared = list(services[name]["environments"])
        names = random_.sample(declared, random_.randint(1, len(declared)))
        names = [environment for environment in names if environment not in {"preview", "prod"}]
        chains[name] = {
            "environments": [environment for environment in names if environment != "production"],
            "without_review": [environment for environment in names if environment == "production"],
        }
    classes: dict[str, Any] = {}
    for name in chains:
        # Now and then a class serves another's repository as well, which must be refused.
        more = random_.sample(list(services), 1) if random_.random() < 0.01 else []
        classes[f"c-{name}"] = {
            "labels": ["self-hosted", name],
            "instance_types": ["m7i.large"],
            "repositories": [f"acme/{service}" for service in dict.fromkeys([name, *more])],
            "cicd": True,
        }
    return {"services": services, "chains": chains, "classes": classes}


def settings_of(stack: str, world: dict[str, Any]) -> Settings:
    values = stack_values(stack)
    values["services"] = world["services"]
    values["organization"]["cicd_chain"] = world["chains"]
    if stack == "automation":
        values["platform"]["runners"]["classes"] = world["classes"]
    return parse(stack, values)


def reached(world: dict[str, Any]) -> Matrix:
    """The matrix of the three stacks, from the documents that are rendered for them."""
    stacks: list[StackRegistrations] = []
    classes: list[RunnerClass] = []
    for stack in ("automation", "staging", "prod"):
        settings = settings_of(stack, world)
        own = platform_roles(settings)
        roles: list[RoleDeclaration] = [e.role for e in environments(settings) if e.role.trusted_roles]
        roles += own.cicd.values()
        registrations = [registration for role in roles for registration in role_registrations(role)]
        for name, block in world["classes"].items() if stack == "automation" else ():
            registrations += instance(settings, name, own.cicd)
            arn = role_arn(settings.account, runner_role(settings.stack, name), RUNNER_PATH)
            classes.append(RunnerClass(name=name, role_arn=arn, repositories=tuple(block["repositories"])))
        stacks.append(StackRegistrations(stack=stack, account=settings.account, registrations=registrations))
    return matrix(World.from_stacks(stacks, repositories=(), runner_classes=classes))


def instance(settings: Settings, name: str, cicd: dict[str, RoleDeclaration]) -> list[Registration]:
    role = runner_role(settings.stack, name)
    trust = json.dumps(policies.service_trust("ec2.amazonaws.com"))
    given = {"name": role, "path": RUNNER_PATH, "assumeRolePolicy": trust}
    made = [Registration("aws:iam/role:Role", role, given)]
    service = service_of_class(settings, name)
    if service in cicd:
        policy = {"role": role, "policy": json.dumps(policies.cicd(cicd[service].arn))}
        made.append(Registration("aws:iam/rolePolicy:RolePolicy", role, policy))
    return made


def strangers(world: dict[str, Any]) -> set[tuple[str, str]]:
    """Repositories and the roles of other repositories' services that their jobs reach by a class."""
    repositories = {f"c-{name}": world["classes"][f"c-{name}"]["repositories"] for name in world["chains"]}
    found: set[tuple[str, str]] = set()
    for row in reached(world).rows:
        if not row.who.startswith("runner class") or "/slipway/ci/" not in row.role:
            continue
        role = row.role.rpartition("/")[2]
        service = role.removeprefix("cicd-").partition("-")[0]
        runner_class = next(name for name in repositories if name in row.who.split())
        found |= {(slug, role) for slug in repositories[runner_class] if slug != f"acme/{service}"}
    return found


def test_no_repository_reaches_a_role_of_anothers_service() -> None:
    random_ = random.Random(sampling.seed(7))  # noqa: S311 - a repeatable one is meant
    shown = 0
    for _ in range(sampling.size(60, 6)):
        world = drawn(random_)
        if any(len(block["repositories"]) > 1 for block in world["classes"].values()):
            with pytest.raises(SettingsError, match="one repository beside"):
                reached(world)
        else:
            assert not strangers(world)
            shown += 1
    assert shown, "every world was refused"


def test_without_the_limit_one_would(monkeypatch: pytest.MonkeyPatch) -> None:
    random_ = random.Random(7)  # noqa: S311 - a repeatable one is meant
    world = drawn(random_)
    first, second = list(world["chains"])[:2]
    world["classes"][f"c-{first}"]["repositories"] = [f"acme/{first}", f"acme/{second}"]
    with pytest.raises(SettingsError, match="one repository"):
        reached(world)
    monkeypatch.setattr(runner_chain, "_classes", lambda _: ())
    assert strangers(world)
