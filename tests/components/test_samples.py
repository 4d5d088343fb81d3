"""What holds for every component, over one realistic sample of each."""

import json
from collections.abc import Callable

import pytest

from slipway.access.statements import BARE_STAR, is_reading
from tests.components.recording import Recording, run
from tests.components.samples import BOUNDARY, SAMPLES, Sample

OPAQUE = ("aws:s3/bucketPolicy:BucketPolicy",)
"""Policies that name what only exists after an apply: this one names the key that the bucket insists on."""

each = pytest.mark.parametrize("sample", SAMPLES, ids=[sample.name for sample in SAMPLES])


def _program(sample: Sample) -> Callable[[], None]:
    def program() -> None:
        sample.declare()

    return program


def _components(recording: Recording) -> list[str]:
    return [one.type for one in recording if not one.custom and not one.remote]


@each
def test_every_resource_belongs_to_a_component_of_ours(sample: Sample) -> None:
    recording = run(_program(sample))
    ours = {one.urn for one in recording if one.type.startswith("slipway:")}
    others = [
        one for one in recording if not one.type.startswith("slipway:") and one.name not in sample.given
    ]
    assert all(one.parent in ours for one in others)


@each
def test_every_component_registers_known_outputs(sample: Sample) -> None:
    recording = run(_program(sample))
    assert _components(recording)
    for one in recording:
        if one.type.startswith("slipway:"):
            assert one.outputs, one.name
            assert None not in one.outputs.values(), one.name


@each
def test_children_carry_no_alias_but_the_types_of_the_sdk_itself(sample: Sample) -> None:
    aliases = [alias for one in run(_program(sample)) for alias in one.aliases]
    assert not [alias for alias in aliases if not alias.startswith("type ")]


@each
def test_every_role_is_under_the_boundary(sample: Sample) -> None:
    for role in run(_program(sample)).of("aws:iam/role:Role"):
        assert role.inputs["permissionsBoundary"] == BOUNDARY
        assert role.inputs["path"].startswith("/slipway/")


@each
def test_policies_are_known_at_preview(sample: Sample) -> None:
    recording = run(_program(sample), preview=True)
    for one in recording:
        for key in ("policy", "assumeRolePolicy"):
            if one.type not in OPAQUE and (key in one.inputs or key in one.unknowns):
                assert key not in one.unknowns, one.name
                json.loads(one.inputs[key])


@each
def test_no_role_may_change_something_on_a_bare_star(sample: Sample) -> None:
    for one in run(_program(sample)):
        if one.type not in ("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy"):
            continue
        for statement in json.loads(one.inputs["policy"])["Statement"]:
            if statement["Effect"] == "Deny" or "*" not in _list(statement.get("Resource", [])):
                continue
            # The boundary allows by design and grants nothing by itself.
            if one.inputs.get("name") != "slipway-ci-boundary":
                for action in _list(statement["Action"]):
                    assert is_reading(action) or action in BARE_STAR, f"{one.name}: {action}"


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@each
def test_no_tag_but_names_and_what_other_systems_read(sample: Sample) -> None:
    for one in run(_program(sample)):
        for tag in one.inputs.get("tags") or {}:
            assert tag == "Name" or tag.startswith("kubernetes.io/"), f"{one.name}: {tag}"
