from __future__ import annotations

import json

import pulumi

from slipway.engine.interface import Result
from tests.engine.toy import Box, Thing


def ops(result: Result) -> dict[str, str]:
    return {step.name: step.op for step in result.steps if step.type != "pulumi:pulumi:Stack"}


def program() -> None:
    box = Box("box")
    a = Thing("a", pulumi.ResourceOptions(parent=box), value="one")
    b = Thing("b", value=a.made)
    pulumi.export("b", b.value)


def test_up_creates_in_order_and_a_second_up_changes_nothing(engine, world, tmp_path):
    result = engine(program).up()
    assert result.ok, result.diagnostics
    assert ops(result) == {"box": "create", "a": "create", "b": "create"}
    assert result.outputs == {"b": "id-1"}
    assert world.of("create") == ["a", "b"]
    before = (tmp_path / "state/local.json").read_bytes()
    again = engine(program).up()
    assert set(ops(again).values()) == {"same"}, again.steps
    assert not again.changed
    assert (tmp_path / "state/local.json").read_bytes() == before


def test_state_is_pulumis_format(engine, tmp_path):
    engine(program).up()
    document = json.loads((tmp_path / "state/local.json").read_text())
    resources = document["deployment"]["resources"]
    assert document["version"] == 3
    assert next(r["type"] for r in resources) == "pulumi:pulumi:Stack"
    urns = [r["urn"] for r in resources]
    assert "urn:pulumi:local::demo::test:index:Box$toy:index:Thing::a" in urns
    assert urns.index("urn:pulumi:local::demo::test:index:Box$toy:index:Thing::a") < urns.index(
        "urn:pulumi:local::demo::toy:index:Thing::b"
    )


def test_preview_shows_and_writes_nothing(engine, world, tmp_path):
    result = engine(program).preview()
    assert result.ok, result.diagnostics
    assert ops(result) == {"box": "create", "a": "create", "b": "create"}
    assert result.outputs == {"b": "[unknown]"}
    assert world.calls == []
    assert not (tmp_path / "state").exists()


def test_destroy_leaves_nothing_and_goes_backwards(engine, world):
    engine(program).up()
    result = engine(lambda: None).destroy()
    assert result.ok, result.diagnostics
    assert world.objects == {}
    assert world.of("delete") == ["b", "a"]


def test_what_the_program_logs_is_among_the_diagnostics_without_secrets(engine):
    def talkative() -> None:
        thing = Thing("a", value="one", password=pulumi.Output.secret("hunter22"))
        pulumi.log.warn("about the whole")
        pulumi.log.warn("about a", thing)
        thing.made.apply(lambda made: pulumi.log.info(f"{made} has hunter22"))
        pulumi.log.debug("about nothing")

    result = engine(talkative).up()
    assert result.ok
    assert sorted(
        (item.severity, item.message, item.urn.rpartition("::")[2]) for item in result.diagnostics
    ) == [
        ("info", "id-1 has [secret]", ""),
        ("warning", "about a", "a"),
        ("warning", "about the whole", ""),
    ]


def test_what_is_public_or_short_is_no_secret_wherever_it_occurs(engine):
    """Names are published as parameters, whose values providers mark as secret: they stay names."""
    told = "cluster toy-cluster in eu-west-1 would be replaced by toy-cluster2 in eu-west-1, with admin"

    def publishing() -> None:
        Thing("toy-cluster", value="toy-cluster")
        Thing("a", value="arn:aws:eks:eu-west-1:111111111111:cluster/toy-cluster")
        Thing("name", value="one", password=pulumi.Output.secret("toy-cluster"))
        Thing("region", value="one", password=pulumi.Output.secret("eu-west-1"))
        Thing("user", value="one", password=pulumi.Output.secret("admin"))
        Thing("key", value="one", password=pulumi.Output.secret("toy-cluster-key"))

    assert engine(publishing).up().ok

    def failing() -> None:
        publishing()
        pulumi.log.warn(f"{told}, by toy-cluster-key")

    result = engine(failing).up()
    assert [item.message for item in result.diagnostics] == [f"{told}, by [secret]"]


def test_a_logged_error_fails_the_run(engine, world):
    engine(program).up()
    result = engine(lambda: pulumi.log.error("no zone")).up()
    assert not result.ok
    assert [item.message for item in result.errors] == ["no zone"]
    assert world.of("delete") == []  # not even what the program no longer has
