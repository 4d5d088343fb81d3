"""The boundary that every role of an account carries: the most that any of them may ever do."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.identity.origin import Origin
from slipway.access.boundary import boundary_policy
from slipway.access.trust import rendered
from slipway.platform import aws_names


@dataclass(frozen=True, kw_only=True)
class PermissionsBoundaryArgs:
    """One account's boundary."""

    account: str
    arn: str
    origin: Origin = Origin.CREATE

    def __post_init__(self) -> None:
        """Raise SlipwayError for what is no boundary."""
        where = f"the permissions boundary of {self.account}"
        aws_names.check_account(self.account, where)
        aws_names.check_boundary(self.arn, where)

    @property
    def document(self) -> str:
        """The policy as it is sent to IAM."""
        policy = boundary_policy(self.account, arn=self.arn)
        return rendered(policy)


class PermissionsBoundary(pulumi.ComponentResource):
    """A managed policy that grants nothing: what it does not allow is refused, whatever a role says."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: PermissionsBoundaryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:identity:PermissionsBoundary", name, {}, opts)
        path, _, policy_name = args.arn.partition(":policy")[2].rpartition("/")
        imported = args.origin is Origin.IMPORT
        policy = aws.iam.Policy(
            f"{name}-policy",
            name=policy_name,
            path=f"{path}/",
            description="The most that any role of the delivery platform may do",
            policy=args.document,
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=args.arn if imported else None,
                retain_on_delete=imported,
                ignore_changes=["tags", "tagsAll", "description"] if imported else None,
            ),
        )
        self.arn = policy.arn
        self.register_outputs({"arn": self.arn})
