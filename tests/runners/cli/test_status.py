"""What `slipway runners status` counts."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from slipway.cli import runners as command
from slipway.errors import SlipwayError
from slipway.runners import state as tables
from slipway.runners.fleet import Fleet
from slipway.runners.status import status
from tests.runners.cli import fakes


@pytest.fixture(autouse=True)
def api(fleet: Fleet) -> str:
    fleet.clients["apigatewayv2"] = fakes.client("apigatewayv2")
    made = fleet.client("apigatewayv2").create_api(Name=fleet.names.api, ProtocolType="HTTP")
    return str(made["ApiId"])


def test_instances_and_jobs_are_counted_by_what_they_do(fleet: Fleet) -> None:
    fakes.configure(fleet)
    ids = fakes.group(fleet, desired=4)
    for name, state in zip(ids, ("idle", "claimed", "running"), strict=False):
        fakes.put(fleet, fakes.instance(name, state))
    fakes.put(fleet, fakes.job(1, "queued", queued_at=90_000))
    fakes.put(fleet, fakes.job(2, "reserved", queued_at=40_000))
    fakes.put(fleet, fakes.job(3, "in_progress", queued_at=10_000))
    fakes.put(fleet, fakes.job(4, "completed"))
    found = status(fleet, now_s=100).classes[0]
    assert (found.desired, found.maximum) == (4, 4)
    assert (found.starting, found.claimable, found.running) == (1, 1, 2)
    fakes.put(fleet, fakes.instance(ids[0], "idle", called_at=0))
    assert (status(fleet).classes[0].starting, status(fleet).classes[0].claimable) == (2, 0)
    assert found.jobs == {"in_progress": 1, "queued": 1, "reserved": 1}
    assert found.oldest_wait_s == 60


def test_refused_jobs_are_counted_by_reason_also_those_of_no_class(fleet: Fleet, api: str) -> None:
    fakes.configure(fleet)
    fakes.put(fleet, fakes.job(1, "refused", reason="public_repository"))
    fakes.put(fleet, fakes.job(2, "refused", reason="no_class_matches_labels", open="-"))
    found = status(fleet)
    assert found.webhook.endswith(f"/slipway/apis/{api}/webhook")
    assert found.refused == {"no_class_matches_labels": 1, "public_repository": 1}
    assert found.classes[0].oldest_wait_s is None


def test_what_cannot_be_read_is_named_and_the_rest_is_shown(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_fleet", lambda *_: fleet)
    fakes.configure(fleet)
    fakes.put(fleet, fakes.job(1, "queued"))
    fakes.put(fleet, fakes.job(2, "dancing"))
    fakes.put(fleet, fakes.job(3, "queued", labels="linux"))
    fakes.put(fleet, fakes.instance("i-9", "dancing"))
    fakes.put(fleet, fakes.job(4, "queued"))
    plain = tables.plain

    def unbounded(item: dict[str, Any]) -> dict[str, Any]:
        """As it would be if a table had taken 400 digits."""
        huge = item["pk"]["S"] == "job#4#1"
        return plain({**item, "job_id": {"N": "9" * 400}} if huge else item)

    monkeypatch.setattr(tables, "plain", unbounded)
    shown = CliRunner().invoke(command.app, ["status", "local"])
    assert shown.exit_code == 0
    assert "1 queued" in shown.output
    for key in ("job#2#1", "job#3#1", "job#4#1", "instance#i-9"):
        (said,) = [line for line in shown.output.splitlines() if f"the table's item {key}; " in line]
        assert ("once GitHub shows none on its runner" in said) is key.startswith("instance#"), said
        assert "delete" in said
    explained = CliRunner().invoke(command.app, ["explain", "3", "local"])
    assert explained.exit_code == 1
    assert "what the fleet knows of job 3 cannot be read" in str(explained.exception)


def test_a_stack_without_a_fleet_says_so(fleet: Fleet) -> None:
    with pytest.raises(SlipwayError, match="has no runner fleet"):
        status(fleet)
    fleet.client("dynamodb").delete_table(TableName=fleet.names.table)
    with pytest.raises(SlipwayError, match="has no runner fleet"):
        status(fleet)


def test_the_command_prints_a_table_and_json(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_fleet", lambda *_: fleet)
    fakes.configure(fleet, {"standard": {**fakes.CLASS, "image": None}})
    fakes.put(fleet, fakes.job(1, "queued"))
    shown = CliRunner().invoke(command.app, ["status", "local"]).output
    assert "0/0" in shown
    assert "1 queued" in shown
    assert "standard: no image" in shown
    told = json.loads(CliRunner().invoke(command.app, ["status", "local", "--json"]).output)
    assert told["classes"]["standard"]["jobs"] == {"queued": 1}
