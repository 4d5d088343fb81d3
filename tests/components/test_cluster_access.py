"""Who gets into a cluster, and in which namespaces the jobs find themselves."""

import dataclasses
from typing import Any

import pulumi
import pytest

from components.cluster.access import ClusterAccess
from components.cluster.lockout import check
from slipway.errors import SlipwayError
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_auth import MASTERS, mapped_arn
from slipway.platform.namespaces import NamespaceAccess, groups_by_role
from tests.components.recording import Recorded, Recording
from tests.components.samples_cluster import (
    ADMIN,
    APPLY,
    BREAK_GLASS,
    NAME,
    NAMESPACES,
    NODES,
    READER,
    access_args,
    ci_role,
    cluster_args,
    declaration,
    declare_access,
    run,
)

CONFIG_MAP, BOTH, API = AuthenticationMode
WITH_ENTRIES = (BOTH, API)
ENTRY, ASSOCIATION = (
    "aws:eks/accessEntry:AccessEntry",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
)
DEPLOY, MIGRATE = "slipway:skill-pool:production:deploy", "slipway:skill-pool:prod:migrate"
PREVIEW = "slipway:skill-pool:preview:deploy"


def declared(mode: AuthenticationMode = API, **changes: Any) -> Recording:
    args = access_args(mode, **changes)

    def program() -> None:
        access = ClusterAccess("access", args)
        pulumi.export("namespaces", access.namespaces)

    return run(program)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return declared()


# --- entries -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", WITH_ENTRIES)
def test_each_job_has_one_entry_with_the_groups_of_its_environment(mode: AuthenticationMode) -> None:
    entries = {one.inputs["principalArn"]: one for one in declared(mode).of(ENTRY)}
    jobs = {arn: one.inputs["kubernetesGroups"] for arn, one in entries.items() if "/slipway/ci/" in arn}
    assert jobs == {
        ci_role("skill-pool-production"): [DEPLOY],
        ci_role("skill-pool-prod"): [MIGRATE],
        ci_role("skill-pool-staging"): [
            "slipway:skill-pool:staging:deploy",
            "slipway:skill-pool:staging:migrate",
        ],
        ci_role("skill-pool-preview"): [PREVIEW],
        ci_role("billing-staging"): ["slipway:billing:staging:deploy"],
        READER: ["slipway:reader"],
    }
    assert {one.inputs["type"] for one in entries.values()} == {"STANDARD"}
    assert {one.inputs["clusterName"] for one in entries.values()} == {NAME}


@pytest.mark.parametrize("mode", WITH_ENTRIES)
def test_an_entry_is_made_anew_with_its_role(mode: AuthenticationMode) -> None:
    ids = {role: f"AROA{number:017}" for number, role in enumerate(groups_by_role(NAMESPACES, READER))}
    jobs = [one for one in declared(mode, unique_ids=ids).of(ENTRY) if one.inputs["principalArn"] in ids]
    assert {one.inputs["principalArn"]: one.replacement_trigger for one in jobs} == ids
    # A role has one entry in a cluster: EKS refuses a second one.
    assert all(one.delete_before_replace for one in jobs)


@pytest.mark.parametrize("mode", WITH_ENTRIES)
def test_only_people_are_administrators_and_by_policy(mode: AuthenticationMode) -> None:
    found = declared(mode)
    for one in found.of(ASSOCIATION):
        assert one.inputs["accessScope"] == {"type": "cluster"}
        assert one.inputs["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
        (entry,) = [e for e in found.of(ENTRY) if e.inputs["principalArn"] == one.inputs["principalArn"]]
        assert entry.urn in one.dependencies
        assert entry.inputs.get("kubernetesGroups") in (None, [])
    assert {one.inputs["principalArn"] for one in found.of(ASSOCIATION)} == {ADMIN, BREAK_GLASS}


@pytest.mark.parametrize("mode", WITH_ENTRIES)
def test_eks_keeps_the_entries_of_the_creator_and_of_the_nodes_itself(mode: AuthenticationMode) -> None:
    # A second entry for either fails: ResourceInUseException.
    assert not {APPLY, NODES} & {one.inputs["principalArn"] for one in declared(mode).of(ENTRY)}


def test_without_entries_in_the_mode_there_are_none_and_the_namespaces_are_the_same() -> None:
    with_map = declared(CONFIG_MAP)
    assert with_map.of(ENTRY) == with_map.of(ASSOCIATION) == []
    assert [one.urn for one in with_map.of("Role")] == [one.urn for one in declared(API).of("Role")]


@pytest.mark.parametrize("mode", AuthenticationMode)
def test_no_job_is_in_a_group_of_kubernetes(mode: AuthenticationMode) -> None:
    groups = [group for one in declared(mode).of(ENTRY) for group in one.inputs.get("kubernetesGroups") or []]
    jobs = {mapped_arn(role) for role in groups_by_role(NAMESPACES, READER)}
    groups += [
        group for line in cluster_args(mode).role_mappings if line.role_arn in jobs for group in line.groups
    ]
    assert groups
    assert not [group for group in groups if group == MASTERS or not group.startswith("slipway:")]


@pytest.mark.parametrize("mode", AuthenticationMode)
def test_what_is_declared_to_the_proof_is_what_is_made(mode: AuthenticationMode) -> None:
    found, said = run(lambda: void(declare_access(mode))), declaration(mode)
    assert check(None, said) == []
    admins = {one.inputs["principalArn"] for one in found.of(ASSOCIATION)}
    assert set(said.admin_entries) == admins
    assert set(said.job_entries) == {one.inputs["principalArn"] for one in found.of(ENTRY)} - admins
    lines = found.one("eks:index:Cluster").inputs.get("roleMappings") or []
    masters = {line["roleArn"] for line in lines if MASTERS in line["groups"]}
    nodes = {line["roleArn"] for line in lines if "system:nodes" in line["groups"]}
    assert set(said.admin_mappings) == masters
    assert set(said.node_mappings) == nodes
    assert set(said.job_mappings) == {line["roleArn"] for line in lines} - masters - nodes
    assert set(said.node_roles) == {one.inputs["nodeRoleArn"] for one in found.of("NodeGroup")}
    cluster = found.one("eks:index:Cluster").inputs
    assert (said.cluster, said.mode.value) == (cluster["name"], cluster["authenticationMode"])


def test_the_way_from_aws_auth_to_entries_passes_the_proof_step_by_step() -> None:
    assert check(declaration(CONFIG_MAP), declaration(BOTH)) == []
    assert check(declaration(BOTH), declaration(API)) == []
    assert check(declaration(CONFIG_MAP), declaration(API))


def test_everything_waits_for_the_cluster() -> None:
    found = run(lambda: void(declare_access()))
    cluster = found.one("eks:index:Cluster")
    for one in [
        *found.of(ENTRY),
        *found.of("Namespace"),
        *found.of("kubernetes:rbac.authorization.k8s.io/v1:Role"),
    ]:
        assert cluster.urn in one.dependencies, one.name


# --- namespaces ----------------------------------------------------------------------------------------


def namespaces(recording: Recording) -> dict[str, Recorded]:
    return {one.inputs["metadata"]["name"]: one for one in recording.of("Namespace")}


def test_two_environments_share_one_namespace_with_a_binding_each(recording: Recording) -> None:
    found = namespaces(recording)
    assert sorted(found) == ["billing", "skill-pool", "skill-pool-preview", "skill-pool-staging"]
    assert recording.outputs["namespaces"] == sorted(found)
    bindings = [
        one for one in recording.of("RoleBinding") if one.inputs["metadata"]["namespace"] == "skill-pool"
    ]
    assert {one.inputs["subjects"][0]["name"] for one in bindings} == {DEPLOY, MIGRATE}
    assert len(bindings) == 2
    roles = {one.urn: one for one in recording.of("kubernetes:rbac.authorization.k8s.io/v1:Role")}
    for one in bindings:
        (role,) = one.dependencies
        assert found["skill-pool"].urn in roles[role].dependencies


def test_a_namespace_says_whose_it_is_and_refuses_pods_that_ask_for_more(recording: Recording) -> None:
    for name, one in namespaces(recording).items():
        labels = one.inputs["metadata"]["labels"]
        assert labels["slipway.dev/service"] == ("billing" if name == "billing" else "skill-pool")
        for level in ("enforce", "audit", "warn"):
            assert labels[f"pod-security.kubernetes.io/{level}"] == "restricted"
    labels = namespaces(recording)["skill-pool"].inputs["metadata"]["labels"]
    assert labels["slipway.dev/environment"] == "production"


def test_the_order_of_environments_does_not_relabel_a_namespace() -> None:
    turned = declared(namespaces=tuple(reversed(NAMESPACES)))
    labels = namespaces(turned)["skill-pool"].inputs["metadata"]["labels"]
    assert labels["slipway.dev/environment"] == "production"


def test_only_previews_are_closed_to_other_services(recording: Recording) -> None:
    policy = recording.one("NetworkPolicy")
    assert policy.inputs["metadata"]["namespace"] == "skill-pool-preview"
    spec = policy.inputs["spec"]
    assert spec["podSelector"] == {}
    assert spec["policyTypes"] == ["Ingress"]
    (rule,) = spec["ingress"]
    assert "ports" not in rule
    same, platform = rule["from"]
    assert same == {"podSelector": {}}
    requirement = {"key": "slipway.dev/service", "operator": "DoesNotExist"}
    assert platform == {"namespaceSelector": {"matchExpressions": [requirement]}}


def test_everything_belongs_to_the_component(recording: Recording) -> None:
    component = recording.one("slipway:cluster:ClusterAccess")
    assert recording.children(component) == [one for one in recording if one is not component]
    assert component.outputs == {"namespaces": recording.outputs["namespaces"]}


# --- refused -------------------------------------------------------------------------------------------

DEPLOYING = NAMESPACES[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"administrators": ()}, "no administrator"),
        ({"administrators": (ADMIN, APPLY)}, "administrator already"),
        ({"administrators": (APPLY.replace("/slipway/infra/", "/"),)}, "administrator already"),
        ({"administrators": (ADMIN, ADMIN)}, "get in twice"),
        ({"administrators": (ADMIN, NODES)}, "get in twice"),
        ({"administrators": (ci_role("skill-pool-production"),)}, "get in twice"),
        ({"administrators": (ADMIN.replace("/people/", "/"), ADMIN)}, "get in twice"),
        ({"administrators": ("arn:aws:iam::111111111111:role/*",)}, "exact role ARN"),
        ({"administrators": ("arn:aws:iam::111111111111:user/me",)}, "exact role ARN"),
        ({"node_role_arn": APPLY}, "get in twice"),
        ({"reader": ADMIN}, "get in twice"),
        ({"reader": APPLY}, "get in twice"),
        ({"apply_principal": ci_role("billing-staging")}, "get in twice"),
        ({"namespaces": (DEPLOYING, DEPLOYING)}, "skill-pool-production twice"),
        (
            {"namespaces": (DEPLOYING, dataclasses.replace(NAMESPACES[4], namespace="skill-pool"))},
            "share the namespace",
        ),
        (
            {"namespaces": (DEPLOYING, dataclasses.replace(NAMESPACES[3], namespace="skill-pool"))},
            "share the namespace",
        ),
        (
            {
                "namespaces": (
                    DEPLOYING,
                    dataclasses.replace(NAMESPACES[4], deploy_role_arn=DEPLOYING.deploy_role_arn),
                )
            },
            "role of skill-pool-production and of billing-staging",
        ),
        (
            {
                "namespaces": (
                    NamespaceAccess(namespace="x", service="a-b", package="a-b", environment="c"),
                    NamespaceAccess(namespace="y", service="a", package="a", environment="b-c"),
                )
            },
            "a-b-c twice",
        ),
    ],
)
def test_access_that_would_fail_or_mix_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SlipwayError, match=message) as raised:
        access_args(**changes)
    assert raised.value.fix


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"namespace": "default"}, "belongs to the cluster"),
        ({"namespace": "kube-system"}, "belongs to the cluster"),
        ({"namespace": "Skill_Pool"}, "namespace"),
        ({"namespace": "feature/x"}, "namespace"),
        ({"namespace": "a" * 64}, "namespace"),
        ({"service": "Skill"}, "service"),
        ({"environment": "prod:east"}, "environment"),
        ({"deploy_role_arn": "skill-pool"}, "exact role ARN"),
        ({"migrate_role_arn": ci_role("x")}, "without a database"),
        ({"database_secret": "Skill_DB"}, "name a Secret"),
    ],
)
def test_names_that_kubernetes_would_refuse_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SlipwayError, match=message):
        dataclasses.replace(DEPLOYING, **changes)


def void(_: object) -> None:
    return None
