"""One realistic set of arguments for every component here, so that a test can bring each of them up."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.identity.ci_role import CiRole, CiRoleArgs
from components.identity.oidc_provider import GithubOidcProvider, GithubOidcProviderArgs
from components.identity.permissions_boundary import PermissionsBoundary, PermissionsBoundaryArgs
from components.identity.runner_chain import CicdRole, CicdRoleArgs
from components.network.network import Network, NetworkArgs
from components.network.runner_security import RunnerSecurityGroups, RunnerSecurityGroupsArgs
from components.registry.image_repository import ImageRepository, ImageRepositoryArgs
from components.state.database_secret import DatabaseSecret, DatabaseSecretArgs
from components.state.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.state.parameters import (
    HelmValuesParameter,
    HelmValuesParameterArgs,
    PlatformParameters,
    PlatformParametersArgs,
)
from components.state.plan_store import PlanStore, PlanStoreArgs
from slipway.platform.declaration import (
    AssumeRoles,
    DescribeCluster,
    Job,
    PushImages,
    Repository,
    RoleDeclaration,
)
from slipway.platform.network import NetworkSettings

ACCOUNT = "111111111111"
REGION = "eu-west-1"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/slipway/slipway-ci-boundary"
PULLER = "222222222222"
DEPLOY_ROLE = f"arn:aws:iam::{ACCOUNT}:role/slipway/ci/skill-pool-production"
PLAN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/slipway/ci/infra-prod-plan"
APPLY_ROLE = f"arn:aws:iam::{ACCOUNT}:role/slipway/infra/infra-prod-apply"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Sample:
    """A component by name, and a program that declares it with everything that it needs."""

    name: str
    declare: Callable[[], pulumi.ComponentResource]
    given: tuple[str, ...] = ()
    """What stands for another component's resources, by name."""


def repository() -> Repository:
    return Repository(owner="acme", name="skill-pool", owner_id=9001, id=70001)


def build_role_args() -> CiRoleArgs:
    job = Job(
        name="build",
        repository=repository(),
        environment="build",
        events=("push",),
        branches=("main",),
        tags=("v*",),
        grants=(PushImages(("skill-pool/server", "skill-pool/web"), ACCOUNT, REGION),),
    )
    return CiRoleArgs(
        declaration=RoleDeclaration(
            name="skill-pool-build", account=ACCOUNT, region=REGION, jobs=(job,), boundary_arn=BOUNDARY
        )
    )


def deploy_role_args() -> CiRoleArgs:
    job = Job(
        name="deploy",
        repository=repository(),
        environment="production",
        events=("push",),
        tags=("v*",),
        grants=(DescribeCluster("prod", ACCOUNT, REGION),),
    )
    return CiRoleArgs(
        declaration=RoleDeclaration(
            name="skill-pool-production", account=ACCOUNT, region=REGION, jobs=(job,), boundary_arn=BOUNDARY
        )
    )


def cicd_role_args() -> CicdRoleArgs:
    return CicdRoleArgs(
        declaration=RoleDeclaration(
            name="cicd",
            account=ACCOUNT,
            region=REGION,
            boundary_arn=BOUNDARY,
            trusted_roles=(f"arn:aws:iam::{ACCOUNT}:role/slipway/runners/runner-local-deploy",),
            grants=(AssumeRoles((DEPLOY_ROLE.replace(ACCOUNT, PULLER),)),),
        ),
    )


def network_settings(**changes: object) -> NetworkSettings:
    given = {"cidr": "10.20.0.0/16", "zones": ("eu-west-1a", "eu-west-1b", "eu-west-1c")}
    return NetworkSettings.model_validate({**given, **changes})


def network_args() -> NetworkArgs:
    return NetworkArgs(
        name="staging",
        account=ACCOUNT,
        region=REGION,
        settings=network_settings(),
        boundary_arn=BOUNDARY,
        cluster_names=("staging",),
    )


def runner_security_args() -> RunnerSecurityGroupsArgs:
    return RunnerSecurityGroupsArgs(
        name="runners", vpc_id="vpc-0123456789abcdef0", image_build_ssh_cidr="203.0.113.7/32"
    )


def image_repository_args() -> ImageRepositoryArgs:
    return ImageRepositoryArgs(
        name="skill-pool/server", account=ACCOUNT, region=REGION, key_arn=KEY, pull_accounts=(PULLER,)
    )


def preview_repository_args() -> ImageRepositoryArgs:
    return ImageRepositoryArgs(
        name="skill-pool/preview/server", account=ACCOUNT, region=REGION, key_arn=KEY, preview=True
    )


def encryption_key_args() -> EncryptionKeyArgs:
    return EncryptionKeyArgs(
        alias="alias/slipway-release-skill-pool-production",
        description="Release state of skill-pool in production",
        account=ACCOUNT,
        users=(DEPLOY_ROLE,),
    )


def registry_key_args() -> EncryptionKeyArgs:
    return EncryptionKeyArgs(
        alias="alias/slipway-registry",
        description="Image layers",
        account=ACCOUNT,
        granting_services=(f"ecr.{REGION}.amazonaws.com",),
    )


def plan_store_args() -> PlanStoreArgs:
    return PlanStoreArgs(
        bucket=f"slipway-plans-{ACCOUNT}-{REGION}",
        key_alias="alias/slipway-plans",
        account=ACCOUNT,
        roles={"plan": (PLAN_ROLE,), "drift": (PLAN_ROLE,), "apply": (APPLY_ROLE,)},
    )


def helm_values_args() -> HelmValuesParameterArgs:
    return HelmValuesParameterArgs(
        parameter="skill-pool-service-helm-values",
        package="skill-pool",
        values_yaml="server:\n  replicas: 2\n  database:\n    existingSecret: skill-pool-db\n",
    )


def platform_parameters_args() -> PlatformParametersArgs:
    return PlatformParametersArgs(stack="prod", values={"cluster/name": "prod", "vpc-id": "vpc-1"})


def database_secret_args() -> DatabaseSecretArgs:
    return DatabaseSecretArgs(
        namespace="skill-pool",
        name="skill-pool-db",
        key="SKILL_POOL_DATABASE_URL",
        value=pulumi.Output.from_input("postgres://app:s3cret@db/skill_pool"),
    )


def _boundary() -> PermissionsBoundary:
    return PermissionsBoundary("boundary", PermissionsBoundaryArgs(account=ACCOUNT, arn=BOUNDARY))


def _role(name: str, args: CiRoleArgs) -> CiRole:
    boundary = _boundary()
    provider = GithubOidcProvider("github", GithubOidcProviderArgs(account=ACCOUNT))
    return CiRole(name, args, pulumi.ResourceOptions(depends_on=[boundary, provider]))


EC2_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def _cicd_role() -> CicdRole:
    boundary = _boundary()
    # IAM refuses a trust policy that names a role which does not exist.
    instance = aws.iam.Role(
        "instance",
        name="runner-local-deploy",
        path="/slipway/runners/",
        permissions_boundary=BOUNDARY,
        assume_role_policy=json.dumps(EC2_TRUST),
        opts=pulumi.ResourceOptions(depends_on=[boundary]),
    )
    return CicdRole("cicd", cicd_role_args(), pulumi.ResourceOptions(depends_on=[boundary, instance]))


def _runner_security() -> RunnerSecurityGroups:
    network = Network("network", network_args())
    return RunnerSecurityGroups(
        "runners", RunnerSecurityGroupsArgs(name="runners", vpc_id=network.vpc_id, image_build_ssh_cidr=None)
    )


def _image_repository() -> ImageRepository:
    key = EncryptionKey("registry-key", registry_key_args())
    return ImageRepository("server", dataclasses.replace(image_repository_args(), key_arn=key.arn))


SAMPLES: tuple[Sample, ...] = (
    Sample("oidc-provider", lambda: GithubOidcProvider("github", GithubOidcProviderArgs(account=ACCOUNT))),
    Sample("boundary", _boundary),
    Sample("build-role", lambda: _role("build", build_role_args())),
    Sample("deploy-role", lambda: _role("deploy", deploy_role_args())),
    Sample("cicd-role", _cicd_role, given=("instance",)),
    Sample("network", lambda: Network("network", network_args())),
    Sample("runner-security", _runner_security),
    Sample("image-repository", _image_repository),
    Sample("preview-repository", lambda: ImageRepository("previews", preview_repository_args())),
    Sample("release-state-key", lambda: EncryptionKey("release-key", encryption_key_args())),
    Sample("registry-key", lambda: EncryptionKey("registry-key", registry_key_args())),
    Sample("plan-store", lambda: PlanStore("plans", plan_store_args())),
    Sample("helm-values", lambda: HelmValuesParameter("values", helm_values_args())),
    Sample("platform-parameters", lambda: PlatformParameters("outputs", platform_parameters_args())),
    Sample("database-secret", lambda: DatabaseSecret("database", database_secret_args())),
)
