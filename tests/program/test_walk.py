"""The walk of the README, as a user makes it: up, change, preview, up, break, drift, mend, down."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from slipway.platform.naming import cluster_log_group
from tests.program.conftest import ROOT, Project, clone


@pytest.mark.slow
def test_the_whole_walk(cloud: Project) -> None:
    walk(cloud)


@pytest.mark.slow
@pytest.mark.pulumi_cli
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")
def test_both_engines_walk_alike(tmp_path: Path) -> None:
    embedded, pulumi = (walked(tmp_path / engine, engine) for engine in ("embedded", "pulumi"))
    assert [one["operation"] for one in embedded] == [one["operation"] for one in pulumi]
    for ours, theirs in zip(embedded, pulumi, strict=True):
        assert ours == theirs


def walked(root: Path, engine: str) -> list[dict[str, Any]]:
    """What every command of the walk told on an engine, without what differs from cloud to cloud."""
    project = clone(root)
    project.engine = engine
    project.ok("cloud", "start")
    try:
        walk(project)
    finally:
        project.run("cloud", "stop")
    return [likeness(one) for one in project.told]


def likeness(told: dict[str, Any]) -> dict[str, Any]:
    """What was done to what, each changed property, and what came out: the CLI tells that of `up` alone."""
    steps = [
        {key: step[key] for key in ("op", "urn", "diff")}
        for step in told["steps"]
        if step["op"] not in ("refresh", "read")
    ]
    # Two clouds have two ports, and the APIs on them two ids.
    told_of = told["outputs"] if told["operation"] == "up" else {}
    outputs = re.sub(r"127\.0\.0\.1:\d+|/apis/\w+", "", json.dumps(told_of, sort_keys=True))
    steps.sort(key=lambda step: step["urn"])
    return {"operation": told["operation"], "ok": told["ok"], "steps": steps, "outputs": outputs}


def walk(cloud: Project) -> None:
    """Each step of it, with what has to be seen after it."""
    first = cloud.result("up", "local", "--yes")
    assert first["ok"], first["diagnostics"]
    assert set(first["counts"]) <= {"create", "import", "update", "read", "same"}
    # GitHub gives each new repository labels of its own: they are taken over, and become what is declared.
    for op in ("import", "update"):
        names = {step["name"].partition("-label-")[2] for step in first["steps"] if step["op"] == op}
        assert names == {"documentation", "enhancement"}, op
    # What bootstrap made is adopted by real stacks alone (tests/bootstrap/test_adoption.py), and only they
    # have networks to join (tests/localcloud/test_reach.py, tests/program/test_ways_in.py).
    elsewhere = {"slipway:state:StateStore", "slipway:network:Peering", "slipway:network:TransitAttachment"}
    left_out = components() - {step["type"] for step in first["steps"]} - elsewhere
    assert not left_out, "a component that `local` leaves out"
    assert_visible(cloud)

    again, said = cloud.ended("up", "local", "--yes")
    # Every run says which engine and which Kubernetes it used.
    assert f"engine: {'Pulumi CLI' if cloud.engine == 'pulumi' else 'embedded'}" in said.stderr
    assert "Kubernetes: recording stand-in" in said.stderr
    assert again["ok"]
    assert not again["changed"], [step for step in again["steps"] if step["op"] not in ("same", "read")]

    cloud.edit("flow_log_days: 7", "flow_log_days: 14")
    previewed = cloud.result("preview", "local")
    (step,) = [step for step in previewed["steps"] if step["op"] not in ("same", "read", "refresh")]
    assert (step["op"], step["type"]) == ("update", "aws:cloudwatch/logGroup:LogGroup")
    assert [(c["path"], c["old"], c["new"]) for c in step["diff"]] == [("retentionInDays", 7, 14)]
    assert cloud.result("up", "local", "--yes")["counts"]["update"] == 1

    iam = cloud.client("iam")
    iam.delete_role_policy(RoleName="skill-pool-build", PolicyName="skill-pool-build")
    iam.delete_role(RoleName="skill-pool-build")
    found, done = cloud.ended("drift", "local")
    assert done.returncode == 2, done.stderr
    assert "skill-pool-build" not in done.stderr, "it reads as if the look did what it reports"
    assert sum(found["counts"].values()) == sum(again["counts"].values()), "every resource is accounted for"
    drifted = [step for step in found["steps"] if step["op"] not in ("same", "read", "refresh")]
    assert sorted((step["op"], step["name"]) for step in drifted) == [
        ("delete", "skill-pool-build-policy"),
        ("delete", "skill-pool-build-role"),
    ]
    repaired = cloud.result("up", "local", "--yes")
    assert repaired["counts"]["create"] == 2
    assert cloud.ended("drift", "local")[1].returncode == 0
    assert iam.get_role(RoleName="skill-pool-build")["Role"]["PermissionsBoundary"]

    destroyed = cloud.result("destroy", "local", "--yes")
    assert destroyed["ok"], destroyed["diagnostics"]
    assert_empty(cloud)


def components() -> set[str]:
    """The type of every component that there is."""
    sources = (ROOT / "components").rglob("*.py")
    return {token for file in sources for token in re.findall(r'"(slipway:\w+:\w+)"', file.read_text())}


def assert_visible(cloud: Project) -> None:
    """Any ordinary client sees what came up."""
    iam, ecr = cloud.client("iam"), cloud.client("ecr")
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert provider["Arn"].endswith("oidc-provider/token.actions.githubusercontent.com")
    names = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert {"skill-pool-build", "skill-pool-production", "infra-local-apply", "cicd-skill-pool"} <= names
    repositories = {one["repositoryName"] for one in ecr.describe_repositories()["repositories"]}
    assert {
        "skill-pool/server",
        "skill-pool/web",
        "skill-pool/preview/web",
        "skill-pool/chart",
    } <= repositories
    assert cloud.client("eks").describe_cluster(name="slipway-local")["cluster"]["status"] == "ACTIVE"


def assert_empty(cloud: Project) -> None:
    """Nothing that the platform made is left, but what it leaves on purpose."""
    counts = json.loads(cloud.ok("cloud", "status", "--json"))["counts"]
    assert counts["kubernetes"] == {}
    # Key of the App, one of AWS' own, and the log group that EKS makes again (components/cluster/logs.py).
    assert counts["aws"] == {"KMS keys": 2, "Log groups": 1}
    # The repositories were never ours, and a label that is deleted goes from every issue that had it. Twelve
    # are a service's; each of the two repositories has nine of GitHub's own, of which two are of the twelve.
    kept = {"Organizations": 1, "Repositories": 2, "Labels": 28, "Runner groups": 1, "GitHub Apps": 1}
    assert counts["github"] == kept
    iam = cloud.client("iam")
    assert not iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert not [role for role in iam.list_roles()["Roles"] if "/slipway/" in role["Path"]]
    assert not iam.list_policies(Scope="Local")["Policies"]
    assert not cloud.client("ecr").describe_repositories()["repositories"]
    assert not cloud.client("eks").list_clusters()["clusters"]
    assert not cloud.client("s3").list_buckets()["Buckets"]
    ec2 = cloud.client("ec2")
    assert not ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
    groups = ec2.describe_security_groups()["SecurityGroups"]
    assert {group["GroupName"] for group in groups} == {"default"}
    assert not cloud.client("ssm").describe_parameters()["Parameters"]
    (remade,) = cloud.client("logs").describe_log_groups()["logGroups"]
    assert remade["logGroupName"] == cluster_log_group("slipway-local")
    assert not cloud.client("dynamodb").list_tables()["TableNames"]
    assert not cloud.client("sqs").list_queues().get("QueueUrls")
    assert not cloud.client("lambda").list_functions()["Functions"]
    assert not cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert not cloud.client("secretsmanager").list_secrets()["SecretList"]
    assert_keys_gone(cloud)


def assert_keys_gone(cloud: Project) -> None:
    """Only the App's key is enabled: the App is not of the stack and stays on the stand-in (README)."""
    kms = cloud.client("kms")
    aliases = {one["AliasName"]: one.get("TargetKeyId") for one in kms.list_aliases()["Aliases"]}
    of_aws = {key for name, key in aliases.items() if name.startswith("alias/aws/")}
    assert {name for name in aliases if not name.startswith("alias/aws/")} == {
        "alias/slipway-local-runner-app"
    }
    keys = [kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"] for one in kms.list_keys()["Keys"]]
    kept = {key["KeyId"]: key["Description"] for key in keys if key["KeyState"] == "Enabled"}
    assert set(kept) - of_aws == {aliases["alias/slipway-local-runner-app"]}, kept
