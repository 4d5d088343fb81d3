"""The second door to AWS: runner instance -> CICD role -> deploy roles, for runner classes that opt in."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import aws_names
from components.identity.ci_role import SESSION_SECONDS, CiRole, CiRoleArgs
from slipway.access.model import AssumeRoles, RoleDeclaration
from slipway.access.permissions import statements_of
from slipway.access.statements import document
from slipway.access.trust import rendered
from slipway.errors import SlipwayError


@dataclass(frozen=True, kw_only=True)
class CicdRoleArgs:
    """The chain of one account.

    `declaration` is the CICD role's: its only trusted role is the instance role, and its grants say which
    deploy roles it may go on to. Those must trust it in turn, each in its own account.
    """

    declaration: RoleDeclaration
    instance_role_name: str

    def __post_init__(self) -> None:
        """Raise SlipwayError for a chain that anybody but the instances could enter."""
        where = f"role {self.declaration.name}"
        aws_names.check_role_name(self.instance_role_name, where)
        if self.declaration.jobs:
            raise SlipwayError("the CICD role is for instances, not for jobs' tokens", where=where)
        if self.declaration.trusted_roles != (self.instance_role_arn,):
            raise SlipwayError(
                "the CICD role trusts the runners' instance role and no other",
                where=where,
                fix=f"trusted_roles=({self.instance_role_arn!r},)",
            )

    @property
    def instance_role_arn(self) -> str:
        """ARN of the role that the instances run with."""
        return aws_names.role_arn(self.declaration.account, self.declaration.path, self.instance_role_name)


class CicdRole(pulumi.ComponentResource):
    """The instance role with its profile, which may assume the CICD role alone, and the CICD role."""

    arn: pulumi.Output[str]
    instance_role_name: pulumi.Output[str]
    instance_profile_name: pulumi.Output[str]

    def __init__(self, name: str, args: CicdRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:identity:CicdRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        declaration = args.declaration
        instance = aws.iam.Role(
            f"{name}-instance-role",
            name=args.instance_role_name,
            path=declaration.path,
            description="Runner instances of classes that opt in to the CICD role",
            assume_role_policy=json.dumps(_INSTANCE_TRUST),
            permissions_boundary=declaration.boundary_arn,
            max_session_duration=SESSION_SECONDS,
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-instance-policy",
            name="assume-cicd",
            role=instance.name,
            policy=rendered(document(statements_of(AssumeRoles((declaration.arn,))))),
            opts=child,
        )
        profile = aws.iam.InstanceProfile(
            f"{name}-instance-profile",
            name=args.instance_role_name,
            path=declaration.path,
            role=instance.name,
            opts=child,
        )
        # IAM refuses a trust policy that names a role which does not exist yet.
        cicd = CiRole(
            name,
            CiRoleArgs(declaration=declaration),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[instance]),
        )
        self.arn = cicd.arn
        self.instance_role_name = instance.name
        self.instance_profile_name = profile.name
        self.register_outputs(
            {
                "arn": self.arn,
                "instanceRoleName": self.instance_role_name,
                "instanceProfileName": self.instance_profile_name,
            }
        )


_INSTANCE_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Instances",
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
