"""Every job that talks to a cluster runs where a path leads to it, or the preview says which does not."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from slipway.platform import reading
from slipway.platform.protection import GithubPlan
from slipway.platform.reach import ClusterJobKind, cluster_jobs, serving_class

from .conftest import mistakes, parse, stack_values

RUNS_ON = "slipway:organization.runs_on"
STATIC = "static-4-cores"
HOSTED, FLEET = ["ubuntu-24.04"], ["self-hosted", "cluster"]


def staging(
    reach: str, labels: list[str], *, addresses: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    values = stack_values("staging")
    values["platform"]["cluster"]["reach"] = reach
    if addresses:
        values["platform"]["cluster"]["addresses"] = addresses
    values["organization"]["runs_on"] = {job.value: labels for job in ClusterJobKind}
    return values


def has_path(reach: str, place: str) -> bool:
    """As on AWS: a private endpoint answers within joined networks, a public one to the addresses it
    lists."""
    return place == "fleet" or (place == "named addresses" and reach == "addresses")


PLACES = {"fleet": FLEET, "hosted": HOSTED, "named addresses": [STATIC]}


@pytest.mark.parametrize(
    ("reach", "place", "one_account", "plan"),
    itertools.product(("private", "addresses"), PLACES, (False, True), [plan.value for plan in GithubPlan]),
)
def test_each_combination_has_paths_or_is_refused(
    reach: str, place: str, one_account: bool, plan: str
) -> None:
    named = {STATIC: ["198.51.100.16/28"]} if reach == "addresses" and place == "named addresses" else None
    values = staging(reach, PLACES[place], addresses=named)
    values["organization"]["github"]["plan"] = plan
    if one_account:
        values["organization"]["accounts"] = dict.fromkeys(("automation", "staging", "prod"), "111111111111")
    if has_path(reach, place):
        assert {each.kind for each in cluster_jobs(parse("staging", values))} >= {ClusterJobKind.INFRA}
        return
    found = set(mistakes("staging", values))
    # Whatever the plan leaves without a role has no job; applies and drift are always there.
    assert f"{RUNS_ON}.infra" in found
    assert {path.rsplit(".", 1)[0] for path in found} == {RUNS_ON}


def test_the_committed_jobs_are_those_that_talk_to_a_cluster() -> None:
    found = {
        (each.kind.value, each.repository) for each in cluster_jobs(parse("staging", stack_values("staging")))
    }
    assert found == {
        ("infra", "acme/platform"),
        ("deploy", "acme/skill-pool"),
        ("migrate", "acme/skill-pool"),
    }


def test_labels_that_no_class_serves_the_repository_by_are_refused() -> None:
    found = mistakes("prod", staged("prod", ["self-hosted", "deploy"]))
    # The class `deploy` serves the service, and not the platform's own repository.
    assert set(found) == {f"{RUNS_ON}.infra"}
    assert "a class that has these labels and the repository acme/platform" in found[f"{RUNS_ON}.infra"]


def staged(stack: str, labels: list[str]) -> dict[str, Any]:
    values = stack_values(stack)
    values["organization"]["runs_on"] = {job.value: labels for job in ClusterJobKind}
    return values


def test_labels_are_compared_without_their_case() -> None:
    settings = parse("staging", staging("private", ["Self-Hosted", "CLUSTER"]))
    runners = settings.others["automation"].runners  # type: ignore[index]  # an enum of text
    assert runners
    assert serving_class(runners.classes, ("SELF-HOSTED", "Cluster"), "ACME/platform") == "cluster"
    assert serving_class(runners.classes, ("self-hosted", "cluster", "gpu"), "acme/platform") is None


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_networks_that_are_joined_share_no_address(stack: str) -> None:
    values = stack_values(stack)
    values["platform"]["network"]["cidr"] = "10.10.128.0/17"
    [said] = [text for place, text in mistakes(stack, values).items() if place.endswith("network.cidr")]
    assert "10.10.128.0/17" in said
    assert "10.10.0.0/16 of 'automation'" in said
    values["platform"]["cluster"]["reach"] = "addresses"
    assert parse(stack, values).platform.network.cidr == "10.10.128.0/17"


def test_the_fleet_cannot_be_joined_with_two_networks_that_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    read = reading.sources

    def with_prod_in_staging(root: Any, stack: str) -> Any:
        given = read(root, stack)
        given.others["prod"]["network"]["cidr"] = "10.20.128.0/17"  # type: ignore[index]
        return given

    monkeypatch.setattr(reading, "sources", with_prod_in_staging)
    assert any("of 'staging'" in text for text in mistakes("automation", stack_values("automation")).values())


def test_addresses_are_only_for_an_endpoint_that_answers_to_them() -> None:
    values = stack_values("staging")
    values["platform"]["cluster"]["addresses"] = {"office": ["198.51.100.0/24"]}
    assert "'reach: addresses' beside it" in " ".join(mistakes("staging", values).values())


@pytest.mark.parametrize("label", ["ubuntu-24.04", "Windows-latest", "macos-15"])
def test_githubs_own_runners_have_no_addresses_of_their_own(label: str) -> None:
    values = staging("addresses", [label], addresses={label: ["198.51.100.16/28"]})
    assert "are GitHub's, and anybody's" in " ".join(mistakes("staging", values).values())


def test_own_runners_elsewhere_come_from_the_addresses_under_their_label() -> None:
    values = staging("addresses", ["self-hosted", "Office"], addresses={"office": ["198.51.100.16/28"]})
    assert parse("staging", values).organization.runs_on.deploy == ("self-hosted", "Office")


def test_a_class_that_ends_an_apply_in_the_middle_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet_with(monkeypatch, lambda block: block["runners"]["classes"]["cluster"].update(max_minutes=240))
    parse("staging", stack_values("staging"))
    monkeypatch.undo()
    fleet_with(monkeypatch, lambda block: block["runners"]["classes"]["cluster"].update(max_minutes=239))
    found = mistakes("staging", stack_values("staging"))
    assert set(found) == {f"{RUNS_ON}.infra"}
    assert "after 239 minutes" in found[f"{RUNS_ON}.infra"]


@pytest.mark.parametrize(
    ("workflow", "right"), [("acme/platform/.github/workflows/infra-up.yml@main", "infra"), (None, "")]
)
def test_a_class_kept_to_workflows_serves_no_other_repository(
    workflow: str | None, right: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"workflows": [workflow] if workflow else []}
    fleet_with(monkeypatch, lambda block: block["runners"]["classes"]["cluster"].update(kept))
    if workflow is None:
        assert parse("staging", stack_values("staging"))
        return
    found = set(mistakes("staging", stack_values("staging")))
    assert found == {f"{RUNS_ON}.{job.value}" for job in ClusterJobKind if job.value != right}


def test_a_fleet_without_a_public_address_reaches_no_public_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet_with(monkeypatch, lambda block: block["network"].update(nat="none"))
    values = stack_values("staging")
    values["platform"]["cluster"]["reach"] = "addresses"
    assert "has no NAT" in " ".join(mistakes("staging", values).values())


def test_a_mistake_in_the_fleets_file_is_told_and_never_guessed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """An example in its place would become the block that rules and routes are made for."""
    fleet_with(monkeypatch, lambda block: block["network"].update(cidr="10.10.0/16"))
    (said,) = mistakes("staging", stack_values("staging")).values()
    assert "Pulumi.automation.yaml: slipway:platform.network.cidr: found '10.10.0/16'" in said


def fleet_with(monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], object]) -> None:
    """Let the file of the stack with the fleet say something else."""
    read = reading.sources

    def changed(root: Any, stack: str) -> Any:
        given = read(root, stack)
        change(given.others["automation"])  # type: ignore[arg-type]
        return given

    monkeypatch.setattr(reading, "sources", changed)


def test_a_class_serves_every_repository_or_some() -> None:
    values = stack_values("automation")
    block = values["platform"]["runners"]["classes"]["cluster"]
    served = parse("automation", values).platform.runners
    assert served
    assert set(served.classes["cluster"].repositories) == {"acme/skill-pool", "acme/platform"}
    block["repositories"] = ["acme/skill-pool"]
    assert "'every_repository: true' and none" in " ".join(mistakes("automation", values).values())
    del block["repositories"], block["every_repository"]
    assert "'every_repository: true' and none" in " ".join(mistakes("automation", values).values())


def test_every_repository_leaves_out_public_ones_unless_the_class_is_public() -> None:
    values = stack_values("automation")
    values["services"]["skill-pool"]["visibility"] = "public"
    del values["organization"]["cicd_chain"]
    served = parse("automation", values | {"platform": without_pool(values["platform"])}).platform.runners
    assert served
    assert served.classes["cluster"].repositories == ("acme/platform",)


def without_pool(platform: dict[str, Any]) -> dict[str, Any]:
    """The block without the classes that name the service, which may not be public for them."""
    classes = {name: block for name, block in platform["runners"]["classes"].items() if name == "cluster"}
    return {**platform, "runners": {**platform["runners"], "classes": classes}}
