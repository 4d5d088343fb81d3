"""What a first job needs: GitHub as identity provider, the boundary, the apply role with its policies."""

import json
from functools import partial
from typing import Any

from slipway.aws import ClientError, error_code
from slipway.bootstrap.clients import Clients
from slipway.bootstrap.plan import BootstrapPlan, Document, PolicyPlan
from slipway.bootstrap.steps import Action, Finding, NotOwnedError, Step, require_own, tag_list, tag_map

_POLICY_VERSIONS = 5  # IAM User Guide, "Versioning IAM policies": no more are kept


class Identity:
    """The IAM side of the plan."""

    def __init__(self, plan: BootstrapPlan, clients: Clients) -> None:
        self._plan = plan
        self._iam = clients.iam

    def steps(self) -> list[Step]:
        """In the order in which each needs the one before."""
        role = self._plan.role
        steps = [
            self.provider_step(),
            self._policy_step("boundary", self._plan.boundary, account_wide=True),
            Step(id="role", title=f"IAM role {role.name}", look=self._look_role, make=self._make_role),
        ]
        steps += [
            self._policy_step(f"role.policy.{policy.name}", policy, account_wide=False)
            for policy in role.managed
        ]
        steps += [
            Step(
                id=f"role.attachment.{policy.name}",
                title=f"{role.name} has policy {policy.name}",
                look=partial(self._look_attachment, policy),
                make=partial(self._attach, policy),
            )
            for policy in role.managed
        ]
        steps += [
            Step(
                id=f"role.inline.{name}",
                title=f"policy inside {role.name}",
                look=partial(self._look_inline, name, document),
                make=partial(self._put_inline, name, document),
            )
            for name, document in role.inline.items()
        ]
        steps.append(
            Step(
                id="role.only",
                title=f"{role.name} has no other policy",
                look=self._look_extras,
                make=lambda _: self._drop_extras(),
            )
        )
        return steps

    def provider_step(self) -> Step:
        """GitHub's provider, of which an account can have one; one that others made is used if it fits."""
        return Step(
            id="provider",
            title=f"IAM identity provider {self._plan.provider.url.removeprefix('https://')}",
            look=self._look_provider,
            make=self._make_provider,
        )

    def _look_provider(self) -> Finding:
        wanted = self._plan.provider
        try:
            present = self._iam.get_open_id_connect_provider(OpenIDConnectProviderArn=wanted.arn)
        except ClientError as error:
            if error_code(error) not in {"NoSuchEntity", "NoSuchEntityException"}:
                raise
            if wanted.adopted:
                raise NotOwnedError(
                    "the stack is to use a provider that the account does not have",
                    where=wanted.arn,
                    fix="set slipway:platform.adopt_oidc_provider to false, and bootstrap makes one",
                ) from error
            return Finding(Action.CREATE)
        own = self._plan.tags.items() <= tag_map(present.get("Tags", [])).items()
        lacking = sorted(set(wanted.audiences) - set(present["ClientIDList"]))
        if lacking:
            raise NotOwnedError(
                f"the account's provider for GitHub lacks the audience {lacking[0]}",
                where=wanted.arn,
                fix="aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn "
                f"{wanted.arn} --client-id {lacking[0]}",
            )
        return Finding(Action.KEEP) if own else Finding(Action.ADOPT, "not this stack's; used, never changed")

    def _make_provider(self, _: Finding) -> None:
        wanted = self._plan.provider
        # No thumbprint: AWS checks GitHub's certificate against its own trust store and ignores them.
        self._iam.create_open_id_connect_provider(
            Url=wanted.url, ClientIDList=list(wanted.audiences), Tags=tag_list(self._plan.tags)
        )

    def _policy_step(self, id_: str, policy: PolicyPlan, *, account_wide: bool) -> Step:
        return Step(
            id=id_,
            title=f"IAM policy {policy.name}",
            look=partial(self._look_policy, policy, account_wide=account_wide),
            make=partial(self._make_policy, policy),
        )

    def _look_policy(self, policy: PolicyPlan, *, account_wide: bool) -> Finding:
        present = self._present_policy(policy)
        if present is None:
            return Finding(Action.CREATE)
        what = f"policy {policy.name}"
        shared = require_own(self._plan, tag_map(present.get("Tags", [])), what, account_wide=account_wide)
        version = self._iam.get_policy_version(PolicyArn=policy.arn, VersionId=present["DefaultVersionId"])
        same = version["PolicyVersion"]["Document"] == policy.document
        if shared and not same:
            raise NotOwnedError(
                f"{what} was made for another stack of this account, and the two stacks want different ones",
                where=policy.arn,
                fix="make both stacks declare the same boundary",
            )
        if shared:
            return Finding(Action.ADOPT, "made for another stack of this account")
        return Finding(Action.KEEP if same else Action.UPDATE)

    def _present_policy(self, policy: PolicyPlan) -> dict[str, Any] | None:
        try:
            return self._iam.get_policy(PolicyArn=policy.arn)["Policy"]
        except ClientError as error:
            if error_code(error) in {"NoSuchEntity", "NoSuchEntityException"}:
                return None
            raise

    def _make_policy(self, policy: PolicyPlan, finding: Finding) -> None:
        document = _compact(policy.document)
        if finding.action is Action.CREATE:
            self._iam.create_policy(
                PolicyName=policy.name,
                Path=policy.path,
                Description=policy.description,
                PolicyDocument=document,
                Tags=tag_list(self._plan.tags),
            )
            return
        versions = self._iam.list_policy_versions(PolicyArn=policy.arn)["Versions"]
        old = sorted(
            (item for item in versions if not item["IsDefaultVersion"]), key=lambda item: item["CreateDate"]
        )
        if len(versions) >= _POLICY_VERSIONS:
            self._iam.delete_policy_version(PolicyArn=policy.arn, VersionId=old[0]["VersionId"])
        self._iam.create_policy_version(PolicyArn=policy.arn, PolicyDocument=document, SetAsDefault=True)

    def _look_role(self) -> Finding:
        wanted = self._plan.role
        present = self._present_role()
        if present is None:
            return Finding(Action.CREATE)
        require_own(self._plan, tag_map(present.get("Tags", [])), f"role {wanted.name}")
        if present["Arn"] != wanted.arn:
            raise NotOwnedError(f"role {wanted.name} is there under another path", where=str(present["Arn"]))
        differing = self._differing(present)
        return Finding(Action.UPDATE, ", ".join(differing)) if differing else Finding(Action.KEEP)

    def _present_role(self) -> dict[str, Any] | None:
        try:
            return self._iam.get_role(RoleName=self._plan.role.name)["Role"]
        except ClientError as error:
            if error_code(error) in {"NoSuchEntity", "NoSuchEntityException"}:
                return None
            raise

    def _differing(self, present: dict[str, Any]) -> list[str]:
        wanted = self._plan.role
        boundary = present.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        checks = {
            "trust": present["AssumeRolePolicyDocument"] == wanted.trust,
            "boundary": boundary == self._plan.boundary.arn,
            "session": present["MaxSessionDuration"] == wanted.session_seconds,
            "description": present.get("Description", "") == wanted.description,
        }
        return [name for name, same in checks.items() if not same]

    def _make_role(self, finding: Finding) -> None:
        wanted = self._plan.role
        if finding.action is Action.CREATE:
            self._iam.create_role(
                RoleName=wanted.name,
                Path=wanted.path,
                Description=wanted.description,
                AssumeRolePolicyDocument=_compact(wanted.trust),
                PermissionsBoundary=self._plan.boundary.arn,
                MaxSessionDuration=wanted.session_seconds,
                Tags=tag_list(self._plan.tags),
            )
            return
        present = self._present_role()
        differing = self._differing(present) if present else []
        if "boundary" in differing:
            self._iam.put_role_permissions_boundary(
                RoleName=wanted.name, PermissionsBoundary=self._plan.boundary.arn
            )
        if "trust" in differing:
            self._iam.update_assume_role_policy(RoleName=wanted.name, PolicyDocument=_compact(wanted.trust))
        if "session" in differing or "description" in differing:
            self._iam.update_role(
                RoleName=wanted.name,
                Description=wanted.description,
                MaxSessionDuration=wanted.session_seconds,
            )

    def _look_inline(self, name: str, document: Document) -> Finding:
        try:
            present = self._iam.get_role_policy(RoleName=self._plan.role.name, PolicyName=name)
        except ClientError as error:
            if error_code(error) in {"NoSuchEntity", "NoSuchEntityException"}:
                return Finding(Action.CREATE)
            raise
        return Finding(Action.KEEP if present["PolicyDocument"] == document else Action.UPDATE)

    def _put_inline(self, name: str, document: Document, _: Finding) -> None:
        self._iam.put_role_policy(
            RoleName=self._plan.role.name, PolicyName=name, PolicyDocument=_compact(document)
        )

    def _attached(self) -> set[str]:
        try:
            pages = self._iam.get_paginator("list_attached_role_policies").paginate(
                RoleName=self._plan.role.name
            )
            return {str(item["PolicyArn"]) for page in pages for item in page["AttachedPolicies"]}
        except ClientError as error:
            if error_code(error) in {"NoSuchEntity", "NoSuchEntityException"}:
                return set()
            raise

    def _look_attachment(self, policy: PolicyPlan) -> Finding:
        return Finding(Action.KEEP if policy.arn in self._attached() else Action.CREATE)

    def _attach(self, policy: PolicyPlan, _: Finding) -> None:
        self._iam.attach_role_policy(RoleName=self._plan.role.name, PolicyArn=policy.arn)

    def _inline_names(self) -> set[str]:
        try:
            pages = self._iam.get_paginator("list_role_policies").paginate(RoleName=self._plan.role.name)
            return {str(name) for page in pages for name in page["PolicyNames"]}
        except ClientError as error:
            if error_code(error) in {"NoSuchEntity", "NoSuchEntityException"}:
                return set()
            raise

    def _extras(self) -> tuple[list[str], list[str]]:
        """Policies inside the role and attached to it that the program does not declare."""
        role = self._plan.role
        attached = self._attached() - {policy.arn for policy in role.managed}
        return sorted(self._inline_names() - set(role.inline)), sorted(attached)

    def _look_extras(self) -> Finding:
        inline, attached = self._extras()
        extras = [*inline, *attached]
        return Finding(Action.UPDATE, f"remove {', '.join(extras)}") if extras else Finding(Action.KEEP)

    def _drop_extras(self) -> None:
        inline, attached = self._extras()
        for name in inline:
            self._iam.delete_role_policy(RoleName=self._plan.role.name, PolicyName=name)
        for arn in attached:
            self._iam.detach_role_policy(RoleName=self._plan.role.name, PolicyArn=arn)


def _compact(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))
