"""IAM role that one GitHub environment's jobs may assume, and nothing else may."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.identity.origin import Origin
from slipway.access.permissions import NamedPolicy, permission_policies
from slipway.access.trust import rendered, trust_policy
from slipway.errors import SlipwayError
from slipway.platform.declaration import RoleDeclaration


@dataclass(frozen=True, kw_only=True)
class CiRoleArgs:
    """A role, from the declaration of access alone.

    `origin` is IMPORT for the apply roles: `slipway bootstrap` makes them, and no role can change its own.
    """

    declaration: RoleDeclaration
    origin: Origin = Origin.CREATE

    def __post_init__(self) -> None:
        """Raise SlipwayError for a policy that IAM would find too large, and for a role not ours."""
        trust_policy(self.declaration)
        permission_policies(self.declaration)
        if self.origin is Origin.USE:
            raise SlipwayError(
                "a role that the platform declares is its own", where=f"role {self.declaration.name}"
            )


class CiRole(pulumi.ComponentResource):
    """A role under the boundary; trust and permissions are rendered from the declaration."""

    arn: pulumi.Output[str]
    unique_id: pulumi.Output[str]
    """Another one when the role is made anew, even under the same ARN (IAM User Guide, "IAM identifiers")."""

    def __init__(self, name: str, args: CiRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:identity:CiRole", name, {}, opts)
        self._name = name
        self._imported = args.origin is Origin.IMPORT
        declaration = args.declaration
        role = aws.iam.Role(
            f"{name}-role",
            name=declaration.name,
            path=declaration.path,
            description=_description(declaration),
            assume_role_policy=rendered(trust_policy(declaration)),
            permissions_boundary=declaration.boundary_arn,
            max_session_duration=declaration.session_seconds,
            opts=self._child(declaration.name),
        )
        for policy in permission_policies(declaration):
            self._policy(declaration, role, policy)
        self.arn = role.arn
        self.unique_id = role.unique_id
        self.register_outputs({"arn": self.arn, "uniqueId": self.unique_id})

    def _policy(self, declaration: RoleDeclaration, role: aws.iam.Role, policy: NamedPolicy) -> None:
        suffix = policy.name.removeprefix(declaration.name).strip("-") or "policy"
        document = rendered(policy.document)
        if policy.kind == "inline":
            aws.iam.RolePolicy(
                f"{self._name}-{suffix}",
                name=policy.name,
                role=role.name,
                policy=document,
                opts=self._child(f"{declaration.name}:{policy.name}"),
            )
            return
        arn = f"arn:aws:iam::{declaration.account}:policy{declaration.path}{policy.name}"
        managed = aws.iam.Policy(
            f"{self._name}-{suffix}",
            name=policy.name,
            path=declaration.path,
            policy=document,
            opts=self._child(arn),
        )
        aws.iam.RolePolicyAttachment(
            f"{self._name}-{suffix}-attachment",
            role=role.name,
            policy_arn=managed.arn,
            opts=self._child(f"{declaration.name}/{arn}"),
        )

    def _child(self, identifier: str) -> pulumi.ResourceOptions:
        if not self._imported:
            return pulumi.ResourceOptions(parent=self)
        return pulumi.ResourceOptions(
            parent=self,
            import_=identifier,
            retain_on_delete=True,
            ignore_changes=["tags", "tagsAll"],  # bootstrap's ownership tags are its own
        )


def _description(declaration: RoleDeclaration) -> str:
    if not declaration.jobs:
        trusted = (*declaration.trusted_roles, *declaration.trusted_ahead)
        return "Assumed by " + ", ".join(arn.rpartition("/")[2] for arn in trusted)
    job = declaration.jobs[0]
    return f"GitHub environment {job.environment} of {job.repository.slug}"
