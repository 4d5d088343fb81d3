"""A fleet that could not work is refused while its stack file is read."""

from typing import Any

import pytest

from slipway.platform.runner_classes import RunnerSettings

from .conftest import mistakes as by_place
from .conftest import parse

IMAGE = {"id": "ami-0123456789abcdef0", "built": "2026-11-20", "runner_version": "2.330.0"}


def fleet(**changes: Any) -> dict[str, Any]:
    block = {"labels": ["self-hosted"], "instance_types": ["m7i.large"], "repositories": ["acme/skill-pool"]}
    return {"app_id": 1, "installation_id": 2, "classes": {"linux": {**block, **changes}}}


@pytest.fixture
def automation(automation: dict[str, Any]) -> dict[str, Any]:
    """Without a chain, which would need a class that opts in."""
    automation["organization"]["cicd_chain"] = {}
    return automation


def mistakes(stack: str, values: dict[str, Any]) -> str:
    return "\n".join(by_place(stack, values).values())


def test_a_class_needs_labels_types_and_repositories_and_no_more(automation: dict[str, Any]) -> None:
    automation["platform"]["runners"] = fleet()
    runners = parse("automation", automation).platform.runners
    assert isinstance(runners, RunnerSettings)
    one = runners.classes["linux"]
    assert (one.minimum, one.spares, one.public, one.forks, one.cicd) == (0, 0, False, False, False)
    assert (one.image, one.capacity, one.rerun_interrupted) == (None, "spot", False)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": []}, "classes.linux.labels"),
        ({"labels": ["linux", "Linux"]}, "must not name a label twice"),
        ({"labels": ["my label"]}, "1 to 100 letters"),
        ({"instance_types": ["large"]}, "classes.linux.instance_types.0"),
        (
            {"repositories": ["acme/other"]},
            "a repository of a service or the platform (acme/platform, acme/skill-pool)",
        ),
        ({"repositories": []}, "classes.linux.repositories"),
        ({"minimum": 11}, "at most maximum (10)"),
        ({"maximum": 2, "spares": 3}, "at most maximum (2)"),
        ({"warm_pool": 1}, "'capacity: on_demand': spot instances cannot be stopped and kept"),
        ({"warm_pool": 11, "capacity": "on_demand"}, "warm_pool: found 11; expected at most maximum (10)"),
        (
            {"instance_types": ["m7i.large", "m7g.large"]},
            "types for x86_64, not m7g.large, which is for arm64",
        ),
        ({"architecture": "arm64"}, "types for arm64, not m7i.large, which is for x86_64"),
        (
            {"cicd": True, "public": True},
            "classes.linux.public: found true; expected false beside 'cicd: true'",
        ),
        (
            {"cicd": True, "forks": True},
            "classes.linux.forks: found true; expected false beside 'cicd: true'",
        ),
        ({"image": "latest"}, "classes.linux.image"),
        ({"image": {**IMAGE, "id": "latest"}}, "classes.linux.image.id"),
        ({"image": {**IMAGE, "built": "yesterday"}}, "a day such as '2026-11-20'"),
        ({"image": {**IMAGE, "runner_version": "v2"}}, "classes.linux.image.runner_version"),
        ({"maximun": 3}, "did you mean 'maximum'?"),
        ({"workflows": ["build.yml"]}, "classes.linux.workflows.0"),
        ({"instance_types": [f"m{n}i.large" for n in range(1, 42)]}, "classes.linux.instance_types"),
        ({"instance_types": []}, "classes.linux.instance_types"),
        ({"disk_gib": 8}, "classes.linux.disk_gib"),
        ({"maximum": 0}, "classes.linux.maximum"),
        ({"idle_minutes": 0}, "classes.linux.idle_minutes"),
    ],
)
def test_a_class_that_could_not_work_is_refused(
    automation: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    automation["platform"]["runners"] = fleet(**changes)
    assert said in mistakes("automation", automation)


def test_a_warm_pool_is_for_an_on_demand_class_of_any_types(automation: dict[str, Any]) -> None:
    types = ["m7i.large", "m6i.large"]
    automation["platform"]["runners"] = fleet(warm_pool=2, capacity="on_demand", instance_types=types)
    parse("automation", automation)


@pytest.mark.parametrize("name", ["Linux", "linux_x64", "a" * 21, "-linux", "linux-", "runner-x64"])
def test_a_class_name_that_a_role_could_not_carry_is_refused(automation: dict[str, Any], name: str) -> None:
    automation["platform"]["runners"] = fleet()
    classes = automation["platform"]["runners"]["classes"]
    classes[name] = classes.pop("linux")
    assert name in mistakes("automation", automation)


def test_two_classes_that_a_job_could_not_tell_apart_are_refused(automation: dict[str, Any]) -> None:
    runners = automation["platform"]["runners"] = fleet(labels=["Self-Hosted", "linux"])
    plain = runners["classes"]["linux"]
    runners["classes"]["big"] = {**plain, "labels": ["LINUX", "self-hosted"]}
    told = mistakes("automation", automation)
    assert "classes.big.labels: found those of the class 'linux', for the same repository" in told
    runners["classes"]["big"]["repositories"] = ["acme/platform"]
    parse("automation", automation)


def test_a_public_repository_needs_an_explicit_word(automation: dict[str, Any]) -> None:
    automation["services"]["skill-pool"]["visibility"] = "public"
    automation["platform"]["runners"] = fleet()
    assert "anyone's pull request could run on these instances" in mistakes("automation", automation)
    automation["platform"]["runners"] = fleet(public=True)
    parse("automation", automation)


def test_a_fleet_lives_in_the_automation_account(prod: dict[str, Any]) -> None:
    prod["platform"]["runners"] = fleet()
    assert "the fleet lives in the stack 'automation'" in mistakes("prod", prod)


def test_no_job_of_an_ordinary_class_may_stray_to_one_with_the_cicd_role(automation: dict[str, Any]) -> None:
    runners = fleet(labels=["Self-Hosted", "linux"])
    plain = runners["classes"]["linux"]
    automation["organization"]["cicd_chain"] = {"skill-pool": {"environments": ["dev"]}}
    for labels, refused in ((["self-hosted", "Linux", "deploy"], True), (["self-hosted", "deploy"], False)):
        runners["classes"]["deploy"] = {**plain, "labels": labels, "cicd": True}
        automation["platform"]["runners"] = runners
        if refused:
            assert "every label of the class 'linux', whose jobs" in mistakes("automation", automation)
        else:
            parse("automation", automation)
    # Another repository's jobs cannot: the runner group of a class is for its own.
    runners["classes"]["deploy"] = {
        **plain,
        "labels": ["self-hosted", "linux", "deploy"],
        "repositories": ["acme/orders"],
        "cicd": True,
    }
    orders = {"repository": "acme/orders", "repository_id": 70009, "hostname": "orders.example.com"}
    automation["services"]["orders"] = {**orders, "images": ["server"], "environments": {"dev": {}}}
    automation["organization"]["cicd_chain"] = {"orders": {"environments": ["dev"]}}
    parse("automation", automation)
