"""The second way into AWS: runner instance -> its service's CICD role -> deploy roles, by opt-in."""

from dataclasses import dataclass

import pulumi

from components.identity.ci_role import CiRole, CiRoleArgs
from slipway.errors import SlipwayError
from slipway.platform import aws_names, naming
from slipway.platform.declaration import AssumeRoles, PushImages, RoleDeclaration


@dataclass(frozen=True, kw_only=True)
class CicdRoleArgs:
    """The middle of the chain, in the account of the runners.

    `declaration` trusts instance roles alone, and its grants say which deploy roles it may go on to and which
    images it may push. Those roles must trust it in turn, each in its own account.
    """

    declaration: RoleDeclaration

    def __post_init__(self) -> None:
        """Raise SlipwayError for a chain that anybody but the instances could enter, or that leads on."""
        where = f"role {self.declaration.name}"
        if self.declaration.jobs:
            raise SlipwayError("the CICD role is for instances, not for jobs' tokens", where=where)
        if not self.declaration.trusted_roles:
            raise SlipwayError(
                "nobody may assume the CICD role",
                where=where,
                fix="let a runner class opt in, or leave the role out",
            )
        instances = naming.role_arn(self.declaration.account, "runner-", naming.RUNNER_PATH)
        for arn in self.declaration.trusted_roles:
            aws_names.check_role_arn(arn, where)
            if not arn.startswith(instances):
                raise SlipwayError(
                    f"{arn} is no instance role of a runner class of this account",
                    where=where,
                    fix=f"trust roles that begin with {instances} and no other",
                )
        if not all(isinstance(grant, AssumeRoles | PushImages) for grant in self.declaration.grants):
            raise SlipwayError("a CICD role assumes roles and pushes images, and nothing else", where=where)


class CicdRole(pulumi.ComponentResource):
    """The role between the instances and the deploy roles; it depends on the instances' roles being there."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: CicdRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:identity:CicdRole", name, {}, opts)
        role = CiRole(
            name, CiRoleArgs(declaration=args.declaration), opts=pulumi.ResourceOptions(parent=self)
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
