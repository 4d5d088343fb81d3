"""aws-auth: who it lets in, by which ARN, and that no job gets more than its own groups."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import SlipwayError
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_auth import MASTERS, NODE_GROUPS, RoleMapping, mapped_arn, role_mappings

ACCOUNT = "arn:aws:iam::111111111111:role"
NODES = f"{ACCOUNT}/slipway/ci/prod-nodes"
DEPLOY = f"{ACCOUNT}/slipway/ci/skill-pool-production"
PERSON = f"{ACCOUNT}/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_1f9f"
GROUP = "slipway:skill-pool:production:deploy"


def mappings(mode: AuthenticationMode) -> dict[str, RoleMapping]:
    found = role_mappings(mode, node_roles=(NODES,), jobs={DEPLOY: (GROUP,)}, administrators=(PERSON,))
    assert len({one.role_arn for one in found}) == len(found)
    return {one.role_arn: one for one in found}


@pytest.mark.parametrize(
    ("arn", "without_path"),
    [
        (DEPLOY, f"{ACCOUNT}/skill-pool-production"),
        (PERSON, f"{ACCOUNT}/AWSReservedSSO_Admin_1f9f"),
        (f"{ACCOUNT}/plain", f"{ACCOUNT}/plain"),
    ],
)
def test_aws_auth_has_arns_without_their_path(arn: str, without_path: str) -> None:
    assert mapped_arn(arn) == without_path
    RoleMapping(role_arn=without_path, username="u", groups=("g",))
    if arn != without_path:
        with pytest.raises(SlipwayError, match="has a path"):
            RoleMapping(role_arn=arn, username="u", groups=("g",))


@pytest.mark.parametrize("mode", [AuthenticationMode.CONFIG_MAP, AuthenticationMode.API_AND_CONFIG_MAP])
def test_nodes_join_and_jobs_have_their_groups_in_every_mode_with_the_config_map(
    mode: AuthenticationMode,
) -> None:
    found = mappings(mode)
    nodes = found[mapped_arn(NODES)]
    assert nodes.of_nodes
    assert set(nodes.groups) == set(NODE_GROUPS)
    job = found[mapped_arn(DEPLOY)]
    assert job.groups == (GROUP,)
    assert not job.of_nodes
    # The session names the workflow and its run, so the audit log shows which run it was.
    assert job.username == "skill-pool-production:{{SessionName}}"


def test_people_are_masters_only_where_no_entry_can_say_it() -> None:
    assert mappings(AuthenticationMode.CONFIG_MAP)[mapped_arn(PERSON)].groups == (MASTERS,)
    assert mapped_arn(PERSON) not in mappings(AuthenticationMode.API_AND_CONFIG_MAP)


def test_without_the_config_map_there_is_nothing() -> None:
    assert mappings(AuthenticationMode.API) == {}


@pytest.mark.parametrize("groups", [(MASTERS,), (GROUP, "system:nodes"), ()])
def test_a_job_is_in_no_group_of_kubernetes_and_always_in_one(groups: tuple[str, ...]) -> None:
    with pytest.raises(SlipwayError, match="is mapped to"):
        role_mappings(
            AuthenticationMode.CONFIG_MAP, node_roles=(NODES,), jobs={DEPLOY: groups}, administrators=()
        )


@pytest.mark.parametrize(
    "twin", [DEPLOY.replace("/slipway/ci/", "/other/"), DEPLOY.replace("/slipway/ci/", "/")]
)
def test_roles_that_differ_in_their_path_alone_are_refused(twin: str) -> None:
    with pytest.raises(SlipwayError, match="cannot tell"):
        role_mappings(
            AuthenticationMode.CONFIG_MAP,
            node_roles=(NODES,),
            jobs={DEPLOY: (GROUP,), twin: ("slipway:other:production:deploy",)},
            administrators=(),
        )


@pytest.mark.parametrize("role", [NODES, DEPLOY])
def test_a_role_has_one_purpose(role: str) -> None:
    with pytest.raises(SlipwayError, match="one purpose"):
        role_mappings(
            AuthenticationMode.CONFIG_MAP,
            node_roles=(NODES,),
            jobs={DEPLOY: (GROUP,)},
            administrators=(role,),
        )


@given(
    names=st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), unique=True, min_size=4, max_size=8),
    path=st.sampled_from(["/", "/slipway/ci/", "/a/b/c/"]),
    mode=st.sampled_from(AuthenticationMode),
    shuffled=st.randoms(use_true_random=False),
)
def test_the_lines_do_not_depend_on_the_order_given(
    names: list[str], path: str, mode: AuthenticationMode, shuffled: random.Random
) -> None:
    arns = [f"{ACCOUNT}{path}{name}" for name in names]
    nodes, people, jobs = arns[:1], arns[1:3], arns[3:]

    def lines() -> tuple[RoleMapping, ...]:
        for one in (people, jobs):
            shuffled.shuffle(one)
        return role_mappings(
            mode, node_roles=nodes, jobs=dict.fromkeys(jobs, ("slipway:g",)), administrators=people
        )

    first = lines()
    assert first == lines()
    masters = {one.role_arn for one in first if MASTERS in one.groups}
    assert masters <= {mapped_arn(one) for one in people}
    assert {one.role_arn for one in first if one.of_nodes} == (
        {mapped_arn(one) for one in nodes} if mode.has_config_map else set()
    )
