"""Nobody is locked out of a cluster that somebody else made, and no change takes another one for it."""

import dataclasses
import json
from typing import Any

import pytest

from components.cluster.access import ClusterAccess, ClusterAccessArgs
from components.cluster.declare import declare
from components.cluster.lockout import AccessDeclaration, check
from slipway.platform.authentication import AuthenticationMode
from tests.components import recording
from tests.components.samples import REGION
from tests.components.samples_cluster import (
    ADMIN,
    APPLY,
    BREAK_GLASS,
    NAME,
    NAMESPACES,
    NODES,
    READER,
    access_args,
    declaration,
)

CONFIG_MAP, BOTH, API = AuthenticationMode
ENTRY, ASSOCIATION = (
    "aws:eks/accessEntry:AccessEntry",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
)


def existing(mode: AuthenticationMode = API, **changes: Any) -> AccessDeclaration:
    """What the program says of a cluster that it did not make."""
    whole = declare(
        cluster=NAME,
        region=REGION,
        mode=mode,
        administrators=(ADMIN, BREAK_GLASS),
        apply_principal=APPLY,
        node_role_arn=None,
        namespaces=NAMESPACES,
        reader=READER,
    )
    return dataclasses.replace(whole, **changes)


@pytest.mark.parametrize("mode", [BOTH, API])
def test_a_cluster_that_is_there_is_entered_by_entries_alone(mode: AuthenticationMode) -> None:
    new = existing(mode)
    assert check(None, new) == []
    assert check(new, new) == []
    assert new.admin_mappings == new.job_mappings == new.node_mappings == ()
    assert AccessDeclaration.from_plain(json.loads(json.dumps(new.to_plain()))).existing
    assert not declaration().existing


def test_its_owner_may_change_its_mode() -> None:
    assert check(existing(BOTH), existing(API)) == []


WRONG = {
    "whoever applies is let in no more": (existing(), existing(admin_entries=(ADMIN,)), "no administrator"),
    "whoever applies was never let in": (None, existing(admin_entries=(ADMIN,)), "would be no administrator"),
    "another role applies, which is not in yet": (
        existing(),
        existing(apply_principal=f"{APPLY}-2", admin_entries=(ADMIN, f"{APPLY}-2")),
        "is no administrator yet",
    ),
    "nobody but whoever applies is left": (existing(), existing(admin_entries=(APPLY,)), "no administrator"),
    "all people at once": (
        existing(),
        existing(admin_entries=(APPLY, f"{ADMIN}-2")),
        "every administrator would be replaced at once",
    ),
    "aws-auth alone, which is somebody else's": (None, existing(CONFIG_MAP), "no administrator"),
    "a cluster of our own is called somebody else's": (declaration(), existing(), "delete what it let go of"),
    "somebody else's is called our own": (existing(), declaration(), "make another one in its place"),
    "another one takes its place": (existing(), existing(cluster="other"), "would be replaced by other"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_every_way_to_lock_somebody_out_of_it_is_refused(name: str) -> None:
    old, new, said = WRONG[name]
    assert said in "; ".join(check(old, new))


def made(args: ClusterAccessArgs) -> recording.Recording:
    def program() -> None:
        ClusterAccess("access", args)

    return recording.run(program)


def test_whoever_applies_has_an_entry_before_anything_inside_is_made() -> None:
    recorded = made(access_args(node_role_arn=None))
    entries = {item.inputs["principalArn"]: item for item in recorded.of(ENTRY)}
    assert set(entries) == {*existing().admin_entries, *existing().job_entries}
    (way_in,) = [one for one in recorded.of(ASSOCIATION) if one.inputs["principalArn"] == APPLY]
    inside = [item for item in recorded if item.type.startswith("kubernetes:")]
    assert inside
    after = {item.urn: set(item.dependencies) for item in recorded}
    for item in inside:
        # Itself, or by the namespace that it is in.
        assert way_in.urn in after[item.urn].union(*(after[urn] for urn in item.dependencies)), item.name
    # Of a cluster of our own EKS keeps that entry itself.
    own = {item.inputs["principalArn"] for item in made(access_args(node_role_arn=NODES)).of(ENTRY)}
    assert APPLY not in own


def test_whom_somebody_else_lets_in_gets_nothing_of_ours() -> None:
    used = frozenset({APPLY, ADMIN, READER})
    recorded = made(access_args(node_role_arn=None, used=used))
    for type_ in (ENTRY, ASSOCIATION):
        assert not used & {item.inputs["principalArn"] for item in recorded.of(type_)}
