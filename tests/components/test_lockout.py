"""No change that locks a cluster passes: each known way by name, then generated ones by a model of EKS."""

import dataclasses
import json
import re
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from components.cluster.lockout import AccessDeclaration, check, require
from slipway.errors import SlipwayError
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_auth import mapped_arn
from tests.sampling import size

ROLE = "arn:aws:iam::111111111111:role"
APPLY = f"{ROLE}/slipway/infra/infra-prod-apply"
OTHER_APPLY = f"{ROLE}/slipway/infra/infra-prod-apply-2"
ADMIN = f"{ROLE}/platform-admin"
BREAK_GLASS = f"{ROLE}/people/break-glass"
NODES = f"{ROLE}/slipway/ci/prod-nodes"
OTHER_NODES = f"{ROLE}/slipway/ci/prod-nodes-2"
DEPLOY = f"{ROLE}/slipway/ci/skill-pool-production"
MIGRATE = f"{ROLE}/slipway/ci/skill-pool-prod"

CONFIG_MAP, BOTH, API = AuthenticationMode


def declaration(mode: AuthenticationMode = API, **changes: Any) -> AccessDeclaration:
    """A cluster as the program declares it in a mode."""
    people, jobs, nodes = (ADMIN, BREAK_GLASS), (DEPLOY, MIGRATE), (NODES,)
    base = AccessDeclaration(
        cluster="slipway-prod",
        region="eu-west-1",
        mode=mode,
        creator=APPLY,
        apply_principal=APPLY,
        admin_entries=people if mode.has_entries else (),
        job_entries=jobs if mode.has_entries else (),
        admin_mappings=tuple(map(mapped_arn, people)) if mode is CONFIG_MAP else (),
        job_mappings=tuple(map(mapped_arn, jobs)) if mode.has_config_map else (),
        node_roles=nodes,
        node_mappings=tuple(map(mapped_arn, nodes)) if mode.has_config_map else (),
    )
    return dataclasses.replace(base, **changes)


@pytest.mark.parametrize("mode", AuthenticationMode)
def test_a_first_declaration_and_one_without_changes_pass(mode: AuthenticationMode) -> None:
    assert check(None, declaration(mode)) == []
    assert check(declaration(mode), declaration(mode)) == []


SAFE: dict[str, tuple[AccessDeclaration, AccessDeclaration]] = {
    "from the ConfigMap to both": (declaration(CONFIG_MAP), declaration(BOTH)),
    "from both to entries": (declaration(BOTH), declaration(API)),
    "one of two administrators leaves": (declaration(), declaration(admin_entries=(ADMIN,))),
    "an administrator comes": (declaration(), declaration(admin_entries=(ADMIN, BREAK_GLASS, f"{ROLE}/x"))),
    "one of two administrators is replaced": (
        declaration(),
        declaration(admin_entries=(ADMIN, f"{ROLE}/new")),
    ),
    "a job leaves": (declaration(), declaration(job_entries=(DEPLOY,))),
    "a job leaves aws-auth in a mode that keeps it": (
        declaration(BOTH),
        declaration(BOTH, job_entries=(DEPLOY,), job_mappings=(mapped_arn(DEPLOY),)),
    ),
    "another role applies, an administrator already": (
        declaration(admin_entries=(ADMIN, OTHER_APPLY)),
        declaration(admin_entries=(ADMIN, OTHER_APPLY), apply_principal=OTHER_APPLY),
    ),
    "node groups of another role, the old line kept": (
        declaration(BOTH),
        declaration(BOTH, node_roles=(OTHER_NODES,), node_mappings=(NODES, OTHER_NODES)),
    ),
    "the line of nodes that are gone is dropped": (
        declaration(BOTH, node_roles=(OTHER_NODES,), node_mappings=(NODES, OTHER_NODES)),
        declaration(BOTH, node_roles=(OTHER_NODES,), node_mappings=(OTHER_NODES,)),
    ),
}


@pytest.mark.parametrize("name", SAFE)
def test_a_safe_change_passes(name: str) -> None:
    old, new = SAFE[name]
    assert check(old, new) == []
    require(old, new)


LOCKS: dict[str, tuple[AccessDeclaration | None, AccessDeclaration, str]] = {
    "the last administrator is removed": (declaration(), declaration(admin_entries=()), "no administrator"),
    "the last administrator is removed from aws-auth": (
        declaration(CONFIG_MAP),
        declaration(CONFIG_MAP, admin_mappings=()),
        "no administrator",
    ),
    "a cluster is made without administrators": (None, declaration(admin_entries=()), "no administrator"),
    "Pulumi's role stands in for the administrators": (
        declaration(),
        declaration(admin_entries=(APPLY,)),
        "no administrator",
    ),
    "only Pulumi's second role is left beside the one that made the cluster": (
        declaration(apply_principal=OTHER_APPLY, admin_entries=(ADMIN, OTHER_APPLY)),
        declaration(apply_principal=OTHER_APPLY, admin_entries=(OTHER_APPLY,)),
        "no administrator",
    ),
    "administrators are left in an aws-auth that nobody reads": (
        declaration(CONFIG_MAP),
        declaration(API, admin_entries=(), admin_mappings=(ADMIN,)),
        "no administrator",
    ),
    "administrators have entries in a mode without entries": (
        None,
        declaration(CONFIG_MAP, admin_mappings=(), admin_entries=(ADMIN,)),
        "no administrator",
    ),
    "an entry without rights outranks the administrator's line": (
        declaration(BOTH),
        declaration(BOTH, admin_entries=(), admin_mappings=(ADMIN,), job_entries=(ADMIN,)),
        "no administrator",
    ),
    "all administrators are replaced at once": (
        declaration(),
        declaration(admin_entries=(f"{ROLE}/platfrom-admin",)),
        "replaced at once",
    ),
    "Pulumi's principal becomes a role without rights": (
        declaration(),
        declaration(apply_principal=OTHER_APPLY),
        "would be no administrator",
    ),
    "Pulumi's principal is a role that gets its rights in the same change": (
        declaration(),
        declaration(apply_principal=OTHER_APPLY, admin_entries=(ADMIN, OTHER_APPLY)),
        "no administrator yet",
    ),
    "Pulumi's principal loses the entry that it depends on": (
        declaration(apply_principal=OTHER_APPLY, admin_entries=(ADMIN, OTHER_APPLY)),
        declaration(apply_principal=OTHER_APPLY),
        "would be no administrator",
    ),
    "the apply role is renamed": (
        declaration(),
        declaration(creator=OTHER_APPLY, apply_principal=OTHER_APPLY),
        "was made by",
    ),
    "a new cluster is said to be made by another role": (
        None,
        declaration(creator=OTHER_APPLY, admin_entries=(ADMIN, APPLY)),
        "would make the cluster",
    ),
    "the nodes' line is dropped": (
        declaration(CONFIG_MAP),
        declaration(CONFIG_MAP, node_mappings=()),
        "lose their line",
    ),
    "the nodes' line is dropped while both are read": (
        declaration(BOTH),
        declaration(BOTH, node_mappings=()),
        "lose their line",
    ),
    "the nodes' role changes under running nodes": (
        declaration(CONFIG_MAP),
        declaration(CONFIG_MAP, node_roles=(OTHER_NODES,), node_mappings=(OTHER_NODES,)),
        "lose their line",
    ),
    "the last node group is removed": (declaration(), declaration(node_roles=()), "no node could join"),
    "the nodes' role gets an ordinary entry": (
        declaration(),
        declaration(job_entries=(DEPLOY, NODES)),
        "keep the nodes",
    ),
    "the mode goes back to both": (declaration(API), declaration(BOTH), "cannot go back"),
    "the mode goes back to the ConfigMap": (declaration(BOTH), declaration(CONFIG_MAP), "cannot go back"),
    "the mode goes all the way back": (declaration(API), declaration(CONFIG_MAP), "cannot go back"),
    "the mode skips the step in which entries are made": (
        declaration(CONFIG_MAP),
        declaration(API),
        "neither aws-auth nor entries",
    ),
    "the ConfigMap is left while a job has no entry": (
        declaration(BOTH),
        declaration(API, job_entries=(DEPLOY,)),
        "no access entry: .*skill-pool-prod$",
    ),
    "the ConfigMap is left in the change that makes a job's entry": (
        declaration(BOTH, job_entries=(DEPLOY,)),
        declaration(API),
        "no access entry: .*skill-pool-prod$",
    ),
    "the ConfigMap is left while an administrator is only there": (
        declaration(BOTH, admin_entries=(ADMIN,), admin_mappings=(BREAK_GLASS,)),
        declaration(API, admin_entries=(ADMIN,)),
        "no access entry: .*break-glass$",
    ),
    "the ConfigMap is left while nodes of no managed group are in it": (
        declaration(BOTH, node_mappings=(NODES, OTHER_NODES)),
        declaration(API),
        "no access entry: .*prod-nodes-2$",
    ),
    "a job is left in an aws-auth that nobody reads": (
        None,
        declaration(API, job_entries=(), job_mappings=(DEPLOY,)),
        "no access entry",
    ),
    "the cluster's name is swapped": (declaration(), declaration(cluster="other"), "would be replaced"),
    "the cluster's region is swapped": (declaration(), declaration(region="eu-west-2"), "would be replaced"),
}


@pytest.mark.parametrize("name", LOCKS)
def test_a_change_that_locks_the_cluster_is_refused(name: str) -> None:
    old, new, reason = LOCKS[name]
    if old is not None:
        assert check(old, old) == [], "the change is at fault, not what it starts from"
    with pytest.raises(SlipwayError, match="would lock the cluster") as raised:
        require(old, new)
    found = check(old, new)
    assert any(re.search(reason, one.split(" (")[0]) for one in found), found
    # Each reason is named, and each with what to do.
    assert len(found) == len(raised.value.what.split("; "))
    assert raised.value.fix


def test_all_reasons_are_named_at_once() -> None:
    new = declaration(CONFIG_MAP, admin_mappings=(), node_mappings=(), cluster="other")
    assert len(check(declaration(API), new)) == 4


# --- generated changes ---------------------------------------------------------------------------------


def gets_in(now: AccessDeclaration) -> dict[str, set[str]]:
    """What EKS makes of a declaration: rights by role name. Written from its rules, apart from the code."""
    rights: dict[str, set[str]] = {"admin": {name(now.creator)}, "job": set(), "node": set()}
    by_entry: set[str] = set()
    if now.mode in ("API", "API_AND_CONFIG_MAP"):
        for kind, roles in (("admin", now.admin_entries), ("job", now.job_entries)):
            rights[kind] |= {name(role) for role in roles}
            by_entry |= {name(role) for role in roles}
        rights["node"] |= {name(role) for role in now.node_roles} - by_entry
    if now.mode in ("CONFIG_MAP", "API_AND_CONFIG_MAP"):
        lines = (("admin", now.admin_mappings), ("job", now.job_mappings), ("node", now.node_mappings))
        for kind, roles in lines:
            rights[kind] |= {name(role) for role in roles} - by_entry
    return rights


def name(role: str) -> str:
    return role.rsplit("/", maxsplit=1)[-1]


PEOPLE = (ADMIN, BREAK_GLASS, f"{ROLE}/third", OTHER_APPLY)


def some(*roles: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(roles), unique=True, max_size=len(roles)).map(tuple)


CHANGES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "cluster": st.sampled_from(["slipway-prod", "other"]),
        "creator": st.sampled_from([APPLY, OTHER_APPLY]),
        "apply_principal": st.sampled_from([APPLY, OTHER_APPLY]),
        "admin_entries": some(*PEOPLE, APPLY),
        "job_entries": some(DEPLOY, MIGRATE, ADMIN, NODES),
        "admin_mappings": some(*PEOPLE, DEPLOY),
        "job_mappings": some(DEPLOY, MIGRATE),
        "node_roles": some(NODES, OTHER_NODES),
        "node_mappings": some(NODES, OTHER_NODES),
    },
)
DECLARATIONS = st.builds(
    lambda mode, changes: declaration(mode, **changes), st.sampled_from(AuthenticationMode), CHANGES
)


@settings(max_examples=size(1500, 400))
@given(old=DECLARATIONS, mode=st.sampled_from(AuthenticationMode), changes=CHANGES, fresh=st.booleans())
def test_what_is_accepted_keeps_people_pulumi_and_the_nodes_in(
    old: AccessDeclaration, mode: AuthenticationMode, changes: dict[str, Any], fresh: bool
) -> None:
    # Half of the changes start from what is in force, as changes do; the others are about anything at all.
    start = declaration(mode) if fresh else dataclasses.replace(old, mode=mode)
    new = dataclasses.replace(start, **changes)
    if check(old, new):
        event("refused")
        return
    event("accepted")
    before, after = gets_in(old), gets_in(new)
    pulumi = {name(new.apply_principal), name(new.creator)}
    assert after["admin"] - pulumi, "a person is administrator"
    assert name(new.apply_principal) in after["admin"] & before["admin"], "Pulumi is administrator throughout"
    assert {name(role) for role in new.node_roles} <= after["node"]
    assert new.node_roles
    if new.mode.has_config_map:
        assert {name(role) for role in old.node_roles} <= after["node"], "running nodes stay in"
    modes = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"]
    assert modes.index(new.mode) - modes.index(old.mode) in (0, 1)
    assert (old.cluster, old.creator) == (new.cluster, new.creator)
    people_before = before["admin"] - {name(old.apply_principal), name(old.creator)}
    assert not people_before or people_before & after["admin"], "somebody who got in before still does"
    if (old.mode, new.mode) == ("API_AND_CONFIG_MAP", "API"):
        # A job that only aws-auth lets in gets its entry first; one that is dropped altogether may go.
        mapped = {name(role) for role in old.job_mappings} - before["node"]
        assert mapped <= after["job"] | after["admin"] | pulumi


@settings(max_examples=size(300, 100))
@given(steps=st.lists(st.tuples(st.sampled_from(AuthenticationMode), CHANGES), max_size=12))
def test_no_row_of_accepted_changes_locks_a_cluster(
    steps: list[tuple[AuthenticationMode, dict[str, Any]]],
) -> None:
    now = declaration(CONFIG_MAP)
    for mode, changes in steps:
        new = dataclasses.replace(declaration(mode), **changes)
        if not check(now, new):
            now = new
        rights = gets_in(now)
        assert rights["admin"] - {name(APPLY), name(now.apply_principal)}
        assert name(now.apply_principal) in rights["admin"]
        assert {name(role) for role in now.node_roles} <= rights["node"] != set()


# --- publishing ----------------------------------------------------------------------------------------


@given(one=DECLARATIONS)
def test_what_is_published_reads_back_the_same(one: AccessDeclaration) -> None:
    back = AccessDeclaration.from_plain(json.loads(json.dumps(one.to_plain())))
    assert back.to_plain() == one.to_plain()
    assert back.administrators() == one.administrators()
    assert check(one, one) == check(back, back)


def test_the_order_of_roles_does_not_change_what_is_published() -> None:
    turned = declaration(admin_entries=(BREAK_GLASS, ADMIN))
    assert turned.to_plain() == declaration().to_plain()


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"mode": "API_ONLY"},
        {"admin_entries": "arn:aws:iam::111111111111:role/a"},
        {"admin_entries": [1]},
        {"creator": ""},
        {"creator": None},
        {"extra": []},
    ],
)
def test_a_declaration_that_cannot_be_read_is_refused_not_guessed_at(change: dict[str, Any]) -> None:
    with pytest.raises(SlipwayError, match="cannot be read"):
        AccessDeclaration.from_plain({**declaration().to_plain(), **change})


@pytest.mark.parametrize("plain", [None, [], {}, "", {"format": 1}])
def test_nothing_is_no_declaration(plain: object) -> None:
    with pytest.raises(SlipwayError, match="cannot be read"):
        AccessDeclaration.from_plain(plain)
