"""A change that would lock a cluster is refused by `up` and `preview` before anything is applied.

The nodes' mapping is no line of a stack file: the program always maps its own node role. What a stack file
can do to it is to name that role as a person's, which is here; tests/components/test_lockout.py has the rest.
"""

import json
from dataclasses import dataclass
from typing import cast

import pytest

from slipway.platform import reading
from tests.program.conftest import ROOT, Project

ACCOUNT = "arn:aws:iam::123456789012:role"
ADMIN = f"{ACCOUNT}/platform-admin"
OTHER = f"{ACCOUNT}/somebody-else"
APPLY = f"{ACCOUNT}/slipway/infra/infra-local-apply"
NODES = f"{ACCOUNT}/slipway/ci/slipway-local-nodes"
PARAMETER = "/slipway/local/cluster-access"

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Way:
    """A line of the stack file, what it becomes, and what is said of that."""

    old: str
    new: str
    said: str
    stack_file: bool = False
    """Whether the stack file is refused as such, before there is anything to prove."""


PEOPLE = f'administrators: ["{ADMIN}"]'
MODE = "authentication_mode: API"
GROUP = "        default: {instance_types: [t3.medium], minimum: 1, maximum: 2}"
MOVED = {
    **cast(dict[str, object], reading.sources(ROOT, "local").values["organization"]),
    "accounts": dict.fromkeys(("automation", "staging", "prod"), "210987654321"),
}
"""The organisation with its accounts elsewhere, as the stack's own file may say it."""

WAYS = {
    "the last administrator goes": Way(PEOPLE, "administrators: []", "platform.cluster.administrators", True),
    "Pulumi alone is left": Way(
        PEOPLE, f'administrators: ["{APPLY}"]', "platform.cluster.administrators", True
    ),
    "all people are swapped at once": Way(
        PEOPLE, f'administrators: ["{OTHER}"]', "every administrator would be replaced at once"
    ),
    "Pulumi's own role becomes another one": Way(
        "config:\n", f"config:\n  slipway:organization: {json.dumps(MOVED)}\n", "the cluster was made by"
    ),
    "the mode goes back": Way(
        MODE, "authentication_mode: API_AND_CONFIG_MAP", "cannot go back from API to API_AND_CONFIG_MAP"
    ),
    "the mode goes back twice": Way(
        MODE, "authentication_mode: CONFIG_MAP", "cannot go back from API to CONFIG_MAP"
    ),
    "another cluster takes its place": Way(
        "name: slipway-local",
        "name: slipway-local2",
        "cluster slipway-local in eu-west-1 would be replaced by slipway-local2 in eu-west-1",
    ),
    "the endpoint is private and nobody has a path": Way(
        "labels: [self-hosted, cluster]",
        "labels: [self-hosted, other]",
        "[self-hosted, cluster], which no runner class serves acme/platform by",
        stack_file=True,
    ),
    "the nodes go": Way(GROUP, "        {}", "platform.cluster.node_groups", True),
    "the nodes' role becomes a person's": Way(
        PEOPLE, f'administrators: ["{ADMIN}", "{NODES}"]', "would keep the nodes of "
    ),
}
UP = ("up", "local", "--yes")
PROOF = "this change would lock the cluster"
UNPROVEN = "the declaration in force of who gets into the cluster is missing"


@pytest.fixture
def standing(cloud: Project) -> Project:
    """A clone whose `local` stack stands."""
    assert cloud.result("up", "local", "--yes")["ok"]
    return cloud


def refused(
    project: Project, way: Way, proof: str = PROOF, commands: tuple[tuple[str, ...], ...] = (UP,)
) -> None:
    """Refused by each command, by what is expected to refuse it, and nothing else is applied either."""
    before = (project.root / "Pulumi.local.yaml").read_text()
    project.edit(way.old, way.new)
    # Something else changes too: it must not be applied either.
    project.edit("flow_log_days: 7", "flow_log_days: 14")
    for command in commands:
        done = project.run(*command, "--engine", "embedded")
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        shown = " ".join((done.stdout + done.stderr).replace("│", " ").split())
        assert way.said in shown, shown
        assert (proof in shown) != way.stack_file, shown
    groups = project.client("logs").describe_log_groups()["logGroups"]
    flow_logs = [group for group in groups if "flow" in group["logGroupName"]]
    assert [group["retentionInDays"] for group in flow_logs] == [7]
    (project.root / "Pulumi.local.yaml").write_text(before)


def test_every_way_to_lock_the_cluster_is_refused_and_nothing_is_applied(standing: Project) -> None:
    for name, way in WAYS.items():
        try:
            refused(standing, way, commands=(("preview", "local"), UP))
        except AssertionError as error:
            raise AssertionError(name) from error
    assert not standing.result("up", "local", "--yes")["changed"]


def test_without_the_declaration_in_force_aws_is_asked_and_the_rest_is_refused(standing: Project) -> None:
    ssm = standing.client("ssm")
    value = ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    ssm.delete_parameter(Name=PARAMETER)
    for way in (
        Way(MODE, "authentication_mode: API_AND_CONFIG_MAP", "its authentication mode is API"),
        Way(
            PEOPLE,
            f'administrators: ["{OTHER}"]',
            f"none of the administrators has an access entry there yet: {OTHER}",
        ),
        Way(
            "name: slipway-local",
            "name: slipway-other",
            "of this stack stands, and slipway-other would take its place",
        ),
    ):
        refused(standing, way, UNPROVEN)
    # What AWS proves goes on, and publishes the declaration again.
    standing.edit(PEOPLE, f'administrators: ["{ADMIN}", "{OTHER}"]')
    standing.ok("preview", "local", "--engine", "embedded")
    standing.edit(f'administrators: ["{ADMIN}", "{OTHER}"]', PEOPLE)
    assert standing.run("drift", "local").returncode == 2
    assert standing.result("up", "local", "--yes")["ok"]
    again = ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    assert json.loads(again) == json.loads(value)


def test_a_cluster_that_starts_with_aws_auth_goes_on_by_both_only(cloud: Project) -> None:
    cloud.edit(MODE, "authentication_mode: CONFIG_MAP")
    assert cloud.result("up", "local", "--yes")["ok"]
    start = "authentication_mode: CONFIG_MAP"
    refused(cloud, Way(start, MODE, "from CONFIG_MAP to API there would be a time with neither"))
    refused(
        cloud, Way(PEOPLE, f'administrators: ["{OTHER}"]', "every administrator would be replaced at once")
    )
    cloud.client("ssm").delete_parameter(Name=PARAMETER)
    refused(cloud, Way(start, MODE, "aws-auth alone says who gets in"), UNPROVEN)
