"""A change that would lock a cluster is refused by `up` and `preview` before anything is applied."""

import pytest

from tests.program.conftest import Project

ADMIN = "arn:aws:iam::123456789012:role/platform-admin"
OTHER = "arn:aws:iam::123456789012:role/somebody-else"

pytestmark = pytest.mark.slow


@pytest.fixture
def standing(cloud: Project) -> Project:
    """A clone whose `local` stack stands."""
    assert cloud.result("up", "local", "--yes")["ok"]
    return cloud


def test_every_way_to_lock_the_cluster_is_refused_and_nothing_is_applied(standing: Project) -> None:
    before = (standing.root / "Pulumi.local.yaml").read_text()
    ways = {
        "the last administrator goes": (f'administrators: ["{ADMIN}"]', "administrators: []"),
        "all people are swapped at once": (f'administrators: ["{ADMIN}"]', f'administrators: ["{OTHER}"]'),
        "the mode goes back": ("authentication_mode: API", "authentication_mode: API_AND_CONFIG_MAP"),
        "the mode goes back twice": ("authentication_mode: API", "authentication_mode: CONFIG_MAP"),
        "another cluster takes its place": ("name: slipway-local", "name: slipway-other"),
        "the endpoint is private and nobody has a path": ("reachable_from: [deploy]", "reachable_from: []"),
        "the nodes go": (
            "        default: {instance_types: [t3.medium], minimum: 1, maximum: 2}",
            "        {}",
        ),
    }
    for way, (old, new) in ways.items():
        standing.edit(old, new)
        # Something else changes too: it must not be applied either.
        standing.edit("flow_log_days: 7", "flow_log_days: 14")
        for command in (("preview", "local"), ("up", "local", "--yes")):
            done = standing.run(*command, "--engine", "embedded")
            assert done.returncode == 1, f"{way}: {done.stdout}"
            assert "Traceback" not in done.stderr, way
        groups = standing.client("logs").describe_log_groups()["logGroups"]
        flow_logs = [group for group in groups if "flow" in group["logGroupName"]]
        assert [group["retentionInDays"] for group in flow_logs] == [7], way
        (standing.root / "Pulumi.local.yaml").write_text(before)
    assert not standing.result("up", "local", "--yes")["changed"]
