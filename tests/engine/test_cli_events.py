"""The CLI's events: each kind, and what happens to those that nobody here knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slipway.engine import cli_messages as messages
from slipway.engine.cli_events import Events
from slipway.engine.interface import Diagnostic, Silent

URN = "urn:pulumi:local::demo::toy:index:Thing::a"
THING = {"op": "create", "urn": URN, "type": "toy:index:Thing", "new": {"inputs": {"value": 1}}}


def events(*documents: object, operation: str = "preview") -> Events:
    collected = Events(operation, Silent())
    for document in documents:
        collected.line(document if isinstance(document, str) else json.dumps(document))
    return collected


def test_a_kind_that_is_not_known_is_kept_apart_and_told():
    seen = events(
        {"sequence": 1, "resourcePreEvent": {"metadata": THING}},
        {"sequence": 2, "timestamp": 3, "quantumEvent": {"secret": "hunter22"}},
        {"sequence": 3, "quantumEvent": {}},
        {"sequence": 4},
    )
    assert [step.op for step in seen.steps] == ["create"]
    assert [event.kind for event in seen.apart] == ["quantumEvent", "quantumEvent", "none"]
    assert seen.diagnostics == (
        Diagnostic("warning", "pulumi sent 2 events of a kind that is not known: quantumEvent"),
        Diagnostic("warning", "pulumi sent 1 events of a kind that is not known: none"),
    )


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ({**THING, "op": "hunter22"}, "metadata.op"),
        ({key: item for key, item in THING.items() if key != "urn"}, "metadata.urn"),
        ({**THING, "type": 7}, "metadata.type"),
        ({**THING, "detailedDiff": {"x": {"diffKind": "hunter22"}}}, "metadata.detailedDiff.x.diffKind"),
        ({**THING, "new": {"inputs": ["hunter22"]}}, "metadata.new.inputs"),
    ],
)
def test_a_step_that_cannot_be_read_is_an_error_and_never_a_guess(broken, place):
    seen = events({"resourcePreEvent": {"metadata": broken}})
    assert seen.steps == ()
    (said,) = seen.diagnostics
    assert said.severity == "error"
    assert place in said.message
    assert "hunter22" not in said.message


def test_fields_that_a_later_pulumi_adds_are_left_aside():
    (step,) = events({"resourcePreEvent": {"metadata": {**THING, "later": 1}, "later": 2}}).steps
    assert step.new == {"value": 1}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"diagnosticEvent": {"message": "<{%fg 1%}>no<{%reset%}>\n", "severity": "warning", "urn": "u"}},
         Diagnostic("warning", "no", "u")),
        ({"diagnosticEvent": {"message": "printed", "severity": "info#err"}}, Diagnostic("info", "printed")),
        ({"diagnosticEvent": {"message": "inner", "severity": "debug"}}, None),
        ({"diagnosticEvent": {"message": "2 of 3", "severity": "info", "ephemeral": True}}, None),
        ({"diagnosticEvent": {"message": " ", "severity": "info"}}, None),
        ({"stdoutEvent": {"message": "hello", "color": "never"}}, Diagnostic("info", "hello")),
        ({"errorEvent": {"error": "nil"}}, Diagnostic("error", "the engine of pulumi failed: nil")),
        ({"policyEvent": {"message": "no", "policyName": "p", "policyPackName": "k", "resourceUrn": "u",
                          "enforcementLevel": "mandatory", "color": "never", "policyPackVersion": "1"}},
         Diagnostic("error", "policy k/p: no", "u")),
        ({"policyEvent": {"message": "hm", "policyName": "p", "policyPackName": "k",
                          "enforcementLevel": "advisory"}},
         Diagnostic("warning", "policy k/p: hm")),
        ({"policyRemediationEvent": {"policyName": "p", "policyPackName": "k", "resourceUrn": "u"}},
         Diagnostic("warning", "policy k/p changed what the program asks for", "u")),
        ({"progressEvent": {"type": "plugin-download", "message": "50%"}}, None),
        ({"cancelEvent": {}}, None),
        ("warning: a tool speaks", Diagnostic("info", "warning: a tool speaks")),
        ("[1, 2]", Diagnostic("info", "[1, 2]")),
        ("", None),
    ],
)  # fmt: skip
def test_what_is_said_about_a_run(event, said):
    assert events(event).diagnostics == (() if said is None else (said,))


def test_of_an_update_whose_preview_is_kept_only_what_was_done_counts():
    told = []

    class Progress(Silent):
        def started(self, op, urn):
            told.append(op)

    seen = Events("apply", Progress())
    warning = {"diagnosticEvent": {"message": "look", "severity": "warning"}}
    for planning in (True, False):
        for event in (
            {"preludeEvent": {"config": {}}},
            warning,
            {"resourcePreEvent": {"metadata": THING, "planning": planning}},
            {"summaryEvent": {"isPreview": planning, "result": "succeeded"}},
        ):
            seen.line(json.dumps(event))
    assert [step.op for step in seen.steps] == ["create"]
    assert told == ["create"]
    assert seen.diagnostics == (Diagnostic("warning", "look"),)


def test_the_outputs_of_the_stack_are_those_that_are_planned():
    stack = "urn:pulumi:local::demo::pulumi:pulumi:Stack::demo-local"
    outputs = {"url": "x", "later": "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "none": None}
    metadata = {"op": "same", "urn": stack, "type": "pulumi:pulumi:Stack", "new": {"outputs": outputs}}
    seen = events({"resOutputsEvent": {"metadata": metadata}})
    assert seen.outputs == {"url": "x", "later": "[unknown]"}


def test_every_kind_of_pulumi_3_260_is_known():
    source = Path(__file__).with_name("pulumi_event_kinds.txt").read_text().split()
    assert len(source) == 17
    for kind in source:
        assert not isinstance(messages.parse(json.dumps({kind: {}})), messages.Unknown), kind


RELEASE = "kubernetes:helm.sh/v3:Release"
GROUP = "aws:eks/nodeGroup:NodeGroup"


def refreshed(type_: str, old: dict[str, object], new: dict[str, object], operation: str = "drift"):
    metadata = {
        "op": "refresh",
        "urn": f"urn:pulumi:local::demo::{type_}::a",
        "type": type_,
        "old": old,
        "new": new,
    }
    (step,) = events(
        {"resourcePreEvent": {"metadata": metadata}},
        {"resOutputsEvent": {"metadata": {**metadata, "op": "update"}}},
        operation=operation,
    ).steps
    return step.op, {change.path: (change.old, change.new) for change in step.diff}


@pytest.mark.parametrize("operation", ["drift", "refresh"])
def test_outputs_that_tell_of_a_change_are_drift_although_no_input_is(operation):
    old = {
        "inputs": {"name": "a"},
        "outputs": {"status": {"status": "deployed", "revision": 1, "appVersion": "1"}},
    }
    new = {
        "inputs": {"name": "a"},
        "outputs": {"status": {"status": "failed", "revision": 1, "appVersion": "2"}},
    }
    assert refreshed(RELEASE, old, new, operation) == (
        "update",
        {"status.status": ("deployed", "failed")},
    )
    assert refreshed(RELEASE, old, old, operation) == ("same", {})
    assert refreshed("toy:index:Thing", old, new, operation) == ("same", {})


def test_what_another_owner_makes_of_its_value_is_no_drift():
    old = {"inputs": {"scalingConfig": {"desiredSize": 1, "maxSize": 6}}}
    moved = {"inputs": {"scalingConfig": {"desiredSize": 4, "maxSize": 6}}}
    changed = {"inputs": {"scalingConfig": {"desiredSize": 4, "maxSize": 9}}}
    assert refreshed(GROUP, old, moved) == ("same", {})
    assert refreshed(GROUP, old, changed) == ("update", {"scalingConfig.maxSize": (6, 9)})
