"""What AWS, GitHub or Kubernetes would refuse half-way through an `up` is a mistake of its file."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT, STACKS, mistakes, parse, stack_values

POOL = "services.skill-pool"
PLATFORM = "slipway:platform"
SHARED = "slipway:organization"
APPLY = "arn:aws:iam::123456789012:role/slipway/infra/infra-local-apply"
PERSON = "arn:aws:iam::123456789012:role/platform-admin"
BUILD = {"stack": "automation", "jobs": ["build"], "branches": ["main"]}
DEPLOY = {"stack": "staging", "jobs": ["deploy"], "branches": ["main"]}
Change = Callable[[dict[str, Any]], None]


def found(stack: str, *changes: Change, root: Path = ROOT) -> dict[str, str]:
    """Mistakes by place after some changes of the committed files."""
    values = stack_values(stack)
    for change in changes:
        change(values)
    return mistakes(stack, values, root)


def put(path: str, value: object) -> Change:
    """Put a value where a dotted path leads; the last part may be new."""

    def change(values: dict[str, Any]) -> None:
        node: Any = values
        *parts, last = path.replace("POOL", "services.skill-pool").split(".")
        for part in parts:
            if isinstance(node.get("environments"), list):
                node["environments"] = {name: {} for name in node["environments"]}
            node = node[part]
        node[last] = value

    return change


def drop(path: str) -> Change:
    def change(values: dict[str, Any]) -> None:
        node: Any = values
        *parts, last = path.split(".")
        for part in parts:
            node = node[part]
        del node[last]

    return change


def service(name: str, **keys: object) -> Change:
    """A second service, like the first but for its names."""

    def change(values: dict[str, Any]) -> None:
        block = copy.deepcopy(values["services"]["skill-pool"])
        own = {"repository": f"acme/{name}", "repository_id": 7, "hostname": f"{name}.example.org"}
        block.update(own, environments={"build": {}}, **keys)
        values["services"][name] = block

    return change


OPEN = (put("platform.cluster.reach", "addresses"),)
CASES: dict[str, tuple[str, tuple[Change, ...], str, str]] = {
    "rules without the App": (
        "local",
        (drop("organization.github.app_id"),),
        f"{SHARED}.github.app_id",
        "bypass",
    ),
    "rules on plan free": (
        "local",
        (put("organization.github.plan", "free"),),
        f"{POOL}.enforce",
        "rulesets need a public repository or a paid plan",
    ),
    "rules of the platform's own repository on plan free": (
        "local",
        (
            put("organization.github.plan", "free"),
            put("organization.github.enforce", True),
            put("POOL.enforce", False),
        ),
        f"{SHARED}.github.enforce",
        "rulesets need a public repository or a paid plan",
    ),
    "a secret that plan free cannot read": (
        "local",
        (put("organization.github.plan", "free"), put("organization.github.private_actions", True)),
        f"{SHARED}.github.private_actions",
        "on the plan 'free'",
    ),
    "images of one variable": (
        "local",
        (put("POOL.images", ["a-b", "a_b", "server", "web"]),),
        f"{POOL}.images",
        "two images would share the variable ECR_REPO_A_B",
    ),
    "an image twice": (
        "local",
        (put("POOL.images", ["server", "web", "web"]),),
        f"{POOL}.images",
        "web twice",
    ),
    "an image called chart": (
        "local",
        (put("POOL.images", ["server", "web", "chart"]),),
        f"{POOL}.images.2",
        "<service>/chart",
    ),
    "no chart": ("local", (put("POOL.chart", "no/such/chart"),), f"{POOL}.chart", "there is no chart at"),
    "no values": ("prod", (put("POOL.values", "no/values.yaml"),), f"{POOL}.values", "No such file"),
    "a release of an image that nobody builds": (
        "local",
        (put("local.releases.skill-pool.production.worker", "sha256:" + "0" * 64),),
        "slipway:local.releases.skill-pool.production.worker",
        "an image of the package (server, web)",
    ),
    "the API server for everybody": (
        "local",
        (
            *OPEN,
            put("platform.cluster.addresses", {"all": ["198.51.100.0/24", "0.0.0.0/0"]}),
        ),
        f"{PLATFORM}.cluster.addresses.all.1",
        "4,294,967,296 addresses",
    ),
    "the API server for half a provider": (
        "local",
        (
            *OPEN,
            put("platform.cluster.addresses", {"all": ["10.0.0.0/8"]}),
        ),
        f"{PLATFORM}.cluster.addresses.all.0",
        "16,777,216 addresses",
    ),
    "the API server for private addresses": (
        "local",
        (
            *OPEN,
            put("platform.cluster.addresses", {"all": ["10.0.0.0/24"]}),
        ),
        f"{PLATFORM}.cluster.addresses.all.0",
        "is private",
    ),
    "two architectures": (
        "local",
        (put("platform.cluster.node_groups.default.instance_types", ["m7g.large", "m7i.large"]),),
        f"{PLATFORM}.cluster.node_groups.default.instance_types",
        "some are Arm",
    ),
    "an unknown instance type": (
        "local",
        (put("platform.cluster.node_groups.default.instance_types", ["huge"]),),
        f"{PLATFORM}.cluster.node_groups.default.instance_types.0",
        "an EC2 instance type, such as m7i.large",
    ),
    "a node group's name": (
        "local",
        (put("platform.cluster.node_groups.Bad_Name", {"instance_types": ["m7i.large"]}),),
        f"{PLATFORM}.cluster.node_groups.Bad_Name",
        "use at most 40 of a-z 0-9 -",
    ),
    "a small network": (
        "local",
        (put("platform.network.cidr", "10.0.0.0/28"),),
        f"{PLATFORM}.network.cidr",
        "/21",
    ),
    "a large network": (
        "local",
        (put("platform.network.cidr", "10.0.0.0/8"),),
        f"{PLATFORM}.network.cidr",
        "/16",
    ),
    "SSH from many": (
        "local",
        (put("platform.network.image_build_ssh_cidr", "203.0.0.0/8"),),
        f"{PLATFORM}.network.image_build_ssh_cidr",
        "give a /24 or narrower",
    ),
    "seven reviewers": (
        "local",
        (put("POOL.environments.prod.reviewers", [f"user:u{number}" for number in range(7)]),),
        f"{POOL}.environments.prod.reviewers",
        "GitHub takes at most 6",
    ),
    "seven reviewers of the platform": (
        "local",
        (put("organization.github.reviewers", [f"user:u{number}" for number in range(7)]),),
        f"{SHARED}.github.reviewers",
        "GitHub takes at most 6",
    ),
    "the apply role as an administrator": (
        "local",
        (put("platform.cluster.administrators", [PERSON, APPLY]),),
        f"{PLATFORM}.cluster.administrators.1",
        "made the cluster",
    ),
    "an administrator twice": (
        "local",
        (put("platform.cluster.administrators", [PERSON, PERSON]),),
        f"{PLATFORM}.cluster.administrators.1",
        "cluster.administrators.0",
    ),
    "a job as an administrator": (
        "local",
        (
            put(
                "platform.cluster.administrators",
                [PERSON, "arn:aws:iam::123456789012:role/slipway/ci/skill-pool-production"],
            ),
        ),
        f"{PLATFORM}.cluster.administrators.1",
        "environments.production",
    ),
    "branches of one name": (
        "local",
        (put("POOL.environments.build.branches", ["release/x", "release-x"]),),
        f"{POOL}.environments.build.branches",
        "too alike to be told apart",
    ),
    "a branch and a tag of one name": (
        "local",
        (
            put("POOL.environments.build.branches", ["tag-x"]),
            put("POOL.environments.build.tags", ["x"]),
        ),
        f"{POOL}.environments.build",
        "too alike to be told apart",
    ),
    "a build in prod": (
        "prod",
        (put("POOL.environments", {"production": {}, "eu": {**BUILD, "stack": "prod"}}),),
        f"{POOL}.environments.eu.jobs",
        "belongs into the stack 'automation'",
    ),
    "a deploy where nothing runs": (
        "automation",
        (put("POOL.environments", {"eu": {**DEPLOY, "stack": "automation"}}),),
        f"{POOL}.environments.eu.jobs",
        "belongs into a workload stack",
    ),
    "a hostname of another service": (
        "local",
        (service("other"), put("POOL.environments.production.hostname", "other.example.org")),
        f"{POOL}.environments.production.hostname",
        "package 'other' has claimed this one",
    ),
    "a hostname of another environment": (
        "local",
        (put("POOL.environments.staging.hostname", "preview.skill-pool.example.com"),),
        f"{POOL}.environments.staging.hostname",
        "environments.preview in services/skill-pool.yaml has claimed this one",
    ),
    "a hostname that falls to two": (
        "local",
        (put("POOL.environments.staging.hostname", "skill-pool.example.com"),),
        f"{POOL}.environments.production",
        "environments.staging in services/skill-pool.yaml has claimed this one",
    ),
    "one role of two services": (
        "local",
        (
            service("skill-pool-preview"),
            put("services.skill-pool-preview.environments", {"build": {}}),
        ),
        "services.skill-pool-preview.environments.build",
        "environments.preview-build in services/skill-pool.yaml has this one",
    ),
    "the plan role's name": (
        "automation",
        (service("infra-automation"), put("services.infra-automation.environments", {"plan": BUILD})),
        "services.infra-automation.environments.plan",
        "the platform itself has this one",
    ),
    "an instance role's name": (
        "local",
        (
            service("runner-local"),
            put("services.runner-local.environments", {"linux": BUILD}),
            put("local.environments", ["linux"]),
            put("local.releases", {}),
        ),
        "services.runner-local.environments.linux",
        "the platform itself has this one",
    ),
    "the platform's repository": (
        "local",
        (put("POOL.repository", "ACME/Platform"),),
        f"{POOL}.repository",
        "the platform's own",
    ),
    "the platform's repository by its id": (
        "local",
        (put("POOL.repository_id", 70000),),
        f"{POOL}.repository_id",
        "the platform's own",
    ),
    "a repository of others": (
        "local",
        (put("POOL.repository", "others/skill-pool"),),
        f"{POOL}.repository",
        "a repository of acme",
    ),
    "a service with the platform's name": (
        "local",
        (service("platform"),),
        "services.platform",
        "another name",
    ),
    "a namespace of Kubernetes": (
        "local",
        (put("POOL.environments.staging.namespace", "kube-system"),),
        f"{POOL}.environments.staging.namespace",
        "belongs to the cluster",
    ),
    "a service in a namespace of Kubernetes": (
        "prod",
        (service("default"), put("services.default.environments", ["production"])),
        "services.default.environments.production",
        "this one is Kubernetes' own",
    ),
    "a namespace of two services": (
        "local",
        (
            service("other"),
            put("services.other.environments", {"prod": {"namespace": "skill-pool"}}),
        ),
        "services.other.environments.prod",
        "shared with no other package",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_others_would_refuse_is_a_mistake_at_its_key(
    case: tuple[str, tuple[Change, ...], str, str],
) -> None:
    stack, changes, path, said = case
    mistakes = found(stack, *changes)
    assert path in mistakes, mistakes
    assert said in mistakes[path]


def test_they_are_all_told_at_once() -> None:
    independent = (
        "rules without the App",
        "rules on plan free",
        "images of one variable",
        "no chart",
        "the API server for everybody",
        "two architectures",
        "a node group's name",
        "a small network",
        "SSH from many",
        "seven reviewers",
        "the apply role as an administrator",
        "branches of one name",
        "the platform's repository",
        "a hostname of another environment",
        "one role of two services",
    )
    mistakes = found("local", *(change for name in independent for change in CASES[name][1]))
    assert {CASES[name][2] for name in independent} <= set(mistakes)


def test_a_values_file_with_a_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("db: {password: hunter2}\n")
    mistakes = found("prod", put("POOL.values", "values.yaml"), root=tmp_path)
    assert "db.password holds a value under a secret's name" in mistakes[f"{POOL}.values"]
    assert "hunter2" not in mistakes[f"{POOL}.values"]


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_right_passes(stack: str) -> None:
    values = stack_values(stack)
    if "cluster" in values["platform"]:
        values["platform"]["cluster"]["reach"] = "addresses"
        values["platform"]["cluster"]["addresses"] = {"office": ["198.51.100.0/24", "203.0.113.7/32"]}
    if stack in ("automation", "local"):
        values["platform"]["network"]["image_build_ssh_cidr"] = "203.0.113.0/24"
    service("other")(values)
    values["services"]["other"]["environments"] = {
        "ci": BUILD,
        "eu": {**DEPLOY, "reviewers": ["team:a", "user:b"]},
    }
    parse(stack, values)
