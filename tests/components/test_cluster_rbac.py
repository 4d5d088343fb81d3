"""What each job may do in a cluster, judged as Kubernetes judges, on the objects that would be made."""

from collections.abc import Iterator
from typing import Any

import pytest

from components.cluster.access import ClusterAccess
from slipway.platform.namespaces import groups_by_role
from tests.components.recording import Recording
from tests.components.samples_cluster import NAMESPACES, access_args, run

DEPLOY, MIGRATE = "slipway:skill-pool:production:deploy", "slipway:skill-pool:prod:migrate"
PREVIEW = "slipway:skill-pool:preview:deploy"


@pytest.fixture(scope="module")
def recording() -> Recording:
    def program() -> None:
        ClusterAccess("access", access_args())

    return run(program)


def rules_of(recording: Recording, group: str, namespace: str) -> Iterator[dict[str, Any]]:
    """The rules that a group has in a namespace; Kubernetes only adds them up."""
    for binding in recording.of("RoleBinding"):
        inputs = binding.inputs
        if inputs["metadata"]["namespace"] != namespace:
            continue
        subjects = [(one["kind"], one["apiGroup"], one["name"]) for one in inputs["subjects"]]
        if ("Group", "rbac.authorization.k8s.io", group) not in subjects:
            continue
        assert inputs["roleRef"]["kind"] == "Role"
        assert inputs["roleRef"]["apiGroup"] == "rbac.authorization.k8s.io"
        for role in recording.of("kubernetes:rbac.authorization.k8s.io/v1:Role"):
            metadata = role.inputs["metadata"]
            if (metadata["namespace"], metadata["name"]) == (namespace, inputs["roleRef"]["name"]):
                yield from role.inputs["rules"]


def can(  # noqa: PLR0917 - in the words of `kubectl auth can-i`
    recording: Recording, group: str, verb: str, resource: str, namespace: str, name: str | None = None
) -> bool:
    """Kubernetes' own answer: `resource` is `group/resource[/subresource]`, core resources without group.

    A rule with names covers no request without one, which `create`, `list` and `watch` are.
    """
    api_group, _, plain = resource.partition(":") if ":" in resource else ("", "", resource)
    for rule in rules_of(recording, group, namespace):
        names = rule.get("resourceNames") or []
        if (
            {api_group, "*"} & set(rule["apiGroups"])
            and {plain, "*"} & set(rule["resources"])
            and {verb, "*"} & set(rule["verbs"])
            and (not names or name in names)
        ):
            return True
    return False


VERBS = (
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
    "escalate", "bind", "impersonate", "approve", "sign", "use",
)  # fmt: skip
RESOURCES = (
    "configmaps", "secrets", "services", "serviceaccounts", "serviceaccounts/token", "pods", "pods/log",
    "pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "pods/eviction", "events",
    "endpoints", "persistentvolumeclaims", "persistentvolumes", "namespaces", "nodes", "nodes/proxy",
    "services/proxy", "resourcequotas", "limitranges", "users", "groups",
    "apps:deployments", "apps:statefulsets", "apps:daemonsets", "apps:replicasets", "batch:jobs",
    "batch:cronjobs", "networking.k8s.io:ingresses", "networking.k8s.io:networkpolicies",
    "networking.k8s.io:ingressclasses", "autoscaling:horizontalpodautoscalers", "policy:poddisruptionbudgets",
    "discovery.k8s.io:endpointslices", "rbac.authorization.k8s.io:roles",
    "rbac.authorization.k8s.io:rolebindings", "rbac.authorization.k8s.io:clusterroles",
    "rbac.authorization.k8s.io:clusterrolebindings", "apiextensions.k8s.io:customresourcedefinitions",
    "admissionregistration.k8s.io:validatingwebhookconfigurations",
    "certificates.k8s.io:certificatesigningrequests",
    "storage.k8s.io:storageclasses", "coordination.k8s.io:leases", "made.up:things",
)  # fmt: skip
ALL_NAMESPACES = (
    "skill-pool",
    "skill-pool-staging",
    "skill-pool-preview",
    "billing",
    "default",
    "kube-system",
)


@pytest.mark.parametrize(
    "resource",
    [
        "secrets", "configmaps", "services", "serviceaccounts", "persistentvolumeclaims",
        "apps:deployments", "apps:statefulsets", "batch:jobs", "batch:cronjobs",
        "networking.k8s.io:ingresses", "autoscaling:horizontalpodautoscalers", "policy:poddisruptionbudgets",
    ],
)  # fmt: skip
def test_a_deploy_manages_what_a_chart_holds_in_its_own_namespace(
    recording: Recording, resource: str
) -> None:
    for verb in ("get", "list", "watch", "create", "update", "patch", "delete"):
        assert can(recording, DEPLOY, verb, resource, "skill-pool", "any")


def test_a_deploy_sees_how_its_rollout_went(recording: Recording) -> None:
    for verb, resource in (
        ("get", "pods/log"),
        ("watch", "pods"),
        ("list", "events"),
        ("list", "apps:replicasets"),
    ):
        assert can(recording, DEPLOY, verb, resource, "skill-pool")


@pytest.mark.parametrize("group", [DEPLOY, MIGRATE, PREVIEW])
@pytest.mark.parametrize(
    ("verbs", "resource"),
    [
        (VERBS, "rbac.authorization.k8s.io:roles"),
        (VERBS, "rbac.authorization.k8s.io:rolebindings"),
        (VERBS, "rbac.authorization.k8s.io:clusterroles"),
        (VERBS, "serviceaccounts/token"),
        (VERBS, "pods/exec"),
        (VERBS, "namespaces"),
        (VERBS, "nodes"),
        (VERBS, "resourcequotas"),
        (VERBS, "made.up:things"),
        (("deletecollection", "escalate", "bind", "impersonate", "use"), "secrets"),
    ],
)
def test_no_job_writes_access_rules_or_leaves_its_namespace(
    recording: Recording, group: str, verbs: tuple[str, ...], resource: str
) -> None:
    for namespace in ALL_NAMESPACES:
        for verb in verbs:
            assert not can(recording, group, verb, resource, namespace, "any"), (namespace, verb)


def test_no_rule_has_a_wildcard(recording: Recording) -> None:
    for role in recording.of("kubernetes:rbac.authorization.k8s.io/v1:Role"):
        for rule in role.inputs["rules"]:
            assert "*" not in {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}


def test_only_the_reader_has_rights_in_the_whole_cluster_and_it_only_gets(recording: Recording) -> None:
    (binding,) = recording.of("ClusterRoleBinding")
    assert [one["name"] for one in binding.inputs["subjects"]] == ["slipway:reader"]
    (role,) = recording.of("ClusterRole")
    assert binding.inputs["roleRef"]["name"] == role.inputs["metadata"]["name"]
    named = {}
    for rule in role.inputs["rules"]:
        assert rule["verbs"] == ["get"], "no list and no watch: those answer whatever names a rule gives"
        assert "*" not in {*rule["apiGroups"], *rule["resources"]}
        named |= {thing: rule.get("resourceNames") for thing in rule["resources"]}
    assert named["secrets"] == ["skill-pool-db"]
    assert named["configmaps"] == ["aws-auth"]
    # Whatever kind the stack declares in a cluster can be read, or drift would end in an error.
    kinds = {one.type.rpartition(":")[2].lower() for one in recording if one.type.startswith("kubernetes:")}
    plural = {f"{kind.removesuffix('y')}{'ies' if kind.endswith('y') else 's'}" for kind in kinds}
    assert plural <= set(named)


def test_without_a_reader_nobody_has(recording: Recording) -> None:
    def program() -> None:
        ClusterAccess("access", access_args(reader=None))

    without = run(program)
    assert without.of("ClusterRole") == without.of("ClusterRoleBinding") == []
    assert recording.of("ClusterRole")


def test_a_group_has_rights_in_the_namespace_of_its_environment_alone(recording: Recording) -> None:
    own = {group: one.namespace for one in NAMESPACES for group in (one.deploy_group, one.migrate_group)}
    reached: dict[str, set[str]] = {}
    for group in own:
        for namespace in ALL_NAMESPACES:
            if any(
                can(recording, group, verb, thing, namespace, "any") for verb in VERBS for thing in RESOURCES
            ):
                reached.setdefault(group, set()).add(namespace)
    groups = {group for groups in groups_by_role(NAMESPACES).values() for group in groups}
    assert reached == {group: {own[group]} for group in groups}


def test_a_migration_runs_pods_and_jobs_and_reads_one_secret(recording: Recording) -> None:
    allowed = {
        (verb, thing)
        for verb in VERBS
        for thing in RESOURCES
        if can(recording, MIGRATE, verb, thing, "skill-pool", "skill-pool-db")
    }
    run_verbs = ("get", "list", "watch", "create", "delete")
    assert allowed == {
        *((verb, thing) for verb in run_verbs for thing in ("pods", "batch:jobs")),
        *((verb, "events") for verb in ("get", "list", "watch")),
        ("get", "pods/log"),
        ("get", "secrets"),
    }
    assert not can(recording, MIGRATE, "get", "secrets", "skill-pool", "sh.helm.release.v1.skill-pool.v1")
    assert not can(recording, MIGRATE, "get", "secrets", "skill-pool")
    assert not can(recording, MIGRATE, "list", "secrets", "skill-pool")


def test_a_deploy_without_a_migration_has_no_group_for_it(recording: Recording) -> None:
    unused = "slipway:skill-pool:production:migrate"
    assert not list(rules_of(recording, unused, "skill-pool"))
