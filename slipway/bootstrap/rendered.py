"""Reads the plan off the program's own offline render, so that nothing about access is written twice."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from slipway.access.claims import AUDIENCE, ISSUER
from slipway.access.evaluate import evaluate
from slipway.access.trust import provider_arn
from slipway.bootstrap.plan import (
    BootstrapPlan,
    Document,
    GithubPlan,
    PolicyPlan,
    ProviderPlan,
    RolePlan,
)
from slipway.engine.registration import Registration
from slipway.errors import SlipwayError

_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
_POLICY = "aws:iam/policy:Policy"
_ROLE = "aws:iam/role:Role"
_ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_CONTRACT = ("account", "region", "stateBucket", "stateKeyAlias", "applyRole")
_SESSION_SECONDS = 3600  # IAM API Reference, CreateRole: what MaxSessionDuration is unless given
_UNBORN_KEY = "00000000-0000-0000-0000-000000000000"


def plan_from(
    stack: str,
    registrations: Sequence[Registration],
    outputs: Mapping[str, Any],
    *,
    key_arn: str | None = None,
) -> BootstrapPlan:
    """The plan for one stack.

    Args:
        stack: the stack's name.
        registrations: what the program declares for it.
        outputs: the stack's outputs; `bootstrap` is the map of the names that bootstrap needs.
        key_arn: the state key's ARN where the stack file has it already.

    Raises:
        SlipwayError: the program does not declare what bootstrap must make, or a value is not known offline.
    """
    contract, github = _contract(stack, outputs)
    return _Reader(stack, registrations, contract, key_arn).plan(github)


def _contract(stack: str, outputs: Mapping[str, Any]) -> tuple[dict[str, str], GithubPlan]:
    exported = outputs.get("bootstrap")
    contract = cast("dict[str, Any]", exported) if isinstance(exported, dict) else {}
    missing = [key for key in _CONTRACT if not isinstance(contract.get(key), str)]
    missing += [] if isinstance(contract.get("github"), dict) else ["github"]
    if missing:
        raise SlipwayError(
            f"the program does not say what to make: output `bootstrap` lacks {', '.join(missing)}",
            where=f"stack {stack}",
            fix="export it, as plain text, in infra/outputs.py",
        )
    github: dict[str, Any] = contract["github"]
    return {key: str(contract[key]) for key in _CONTRACT}, GithubPlan(
        plan_environment=str(github["planEnvironment"]),
        branches=tuple(github["branches"]),
        reviewers=tuple(github["reviewers"]),
        unprotected=str(github["unprotected"]),
    )


class _Reader:
    def __init__(
        self,
        stack: str,
        registrations: Sequence[Registration],
        contract: Mapping[str, str],
        key_arn: str | None,
    ) -> None:
        self.stack = stack
        self.contract = contract
        self.account = contract["account"]
        self.key_arn = key_arn
        self.by_urn = {registration.urn: registration for registration in registrations}
        self.roles = {self._arn("role", item): item for item in self._all(_ROLE)}
        self.policies = {self._arn("policy", item): item for item in self._all(_POLICY)}

    def plan(self, github: GithubPlan) -> BootstrapPlan:
        role_arn = self.contract["applyRole"]
        registration = self.roles.get(role_arn)
        if registration is None:
            raise self._error(f"the program declares no role {role_arn}", f"stack {self.stack}")
        boundary_arn = _text(registration, "permissionsBoundary")
        if boundary_arn not in self.policies:
            raise self._error(f"the program declares no boundary {boundary_arn}", registration.urn)
        region, alias = self.contract["region"], self.contract["stateKeyAlias"]
        key = self.key_arn or f"arn:aws:kms:{region}:{self.account}:key/{_UNBORN_KEY}"
        users, readers = self._key_roles(key, alias)
        return BootstrapPlan(
            stack=self.stack,
            account=self.account,
            region=region,
            bucket=self.contract["stateBucket"],
            key_alias=alias,
            key_arn=self.key_arn,
            key_users=users,
            key_readers=readers,
            provider=self._provider(),
            boundary=self._policy(boundary_arn),
            role=self._role(role_arn, registration),
            github=github,
        )

    def _all(self, type_: str) -> list[Registration]:
        return [item for item in self.by_urn.values() if item.type == type_]

    def _arn(self, kind: str, registration: Registration) -> str:
        path = registration.inputs.get("path", "/")
        return f"arn:aws:iam::{self.account}:{kind}{path}{registration.inputs.get('name')}"

    def _provider(self) -> ProviderPlan:
        arn = provider_arn(self.account)
        providers = self._all(_PROVIDER)
        if len(providers) > 1:
            raise self._error("the program declares two identity providers", providers[1].urn)
        # A provider that the program only reads has no inputs, whoever owns it.
        if not providers or "url" not in providers[0].inputs:
            return ProviderPlan(arn=arn, url=f"https://{ISSUER}", audiences=(AUDIENCE,), adopted=True)
        audiences = providers[0].inputs.get("clientIdLists")
        if not isinstance(audiences, list):
            raise self._error("the provider's audiences are not known offline", providers[0].urn)
        return ProviderPlan(
            arn=arn,
            url=_text(providers[0], "url"),
            audiences=tuple(str(item) for item in cast("list[Any]", audiences)),
        )

    def _policy(self, arn: str) -> PolicyPlan:
        registration = self.policies[arn]
        return PolicyPlan(
            arn=arn,
            name=_text(registration, "name"),
            path=str(registration.inputs.get("path", "/")),
            description=str(registration.inputs.get("description", "")),
            document=_document(registration, "policy"),
        )

    def _role(self, arn: str, registration: Registration) -> RolePlan:
        trust = _document(registration, "assumeRolePolicy")
        repository, environment, subjects = self._door(trust, registration)
        return RolePlan(
            arn=arn,
            name=_text(registration, "name"),
            path=str(registration.inputs.get("path", "/")),
            description=str(registration.inputs.get("description", "")),
            trust=trust,
            session_seconds=int(registration.inputs.get("maxSessionDuration", _SESSION_SECONDS)),
            inline={_text(item, "name"): _document(item, "policy") for item in self._inline(registration)},
            managed=tuple(self._policy(policy) for policy in self._attached(registration)),
            repository=repository,
            environment=environment,
            subjects=subjects,
        )

    def _inline(self, role: Registration) -> list[Registration]:
        return [item for item in self._all(_ROLE_POLICY) if self._belongs(item, role)]

    def _attached(self, role: Registration) -> list[str]:
        arns: list[str] = []
        for item in self._all(_ATTACHMENT):
            if not self._belongs(item, role):
                continue
            given = item.inputs.get("policyArn")
            if isinstance(given, str):
                arns.append(given)
                continue
            # The ARN is an output of the policy, so it is not known offline; which policy it is, is.
            needs = item.property_dependencies.get("policyArn", ())
            arns += [arn for arn, policy in self.policies.items() if policy.urn in needs]
        unknown = [arn for arn in arns if arn not in self.policies]
        if unknown:
            raise self._error(f"policy {unknown[0]} is not declared in this stack", role.urn)
        return sorted(arns)

    def _belongs(self, item: Registration, role: Registration) -> bool:
        given = item.inputs.get("role")
        if isinstance(given, str):
            return given.rpartition("/")[2] == role.inputs.get("name")
        return role.urn in item.property_dependencies.get("role", ())

    def _door(self, trust: Document, registration: Registration) -> tuple[str, str, tuple[str, ...]]:
        """The repository and the GitHub environment whose jobs the trust policy lets in, and their `sub`."""
        for statement in _statements(trust):
            exact = statement.get("Condition", {}).get("StringEquals", {})
            subject: Any = exact.get(f"{ISSUER}:sub")
            listed = cast("list[Any]", subject) if isinstance(subject, list) else [subject]
            subjects = tuple(str(one) for one in listed)
            repository, separator, environment = subjects[0].removeprefix("repo:").partition(":environment:")
            if separator:
                owner, _, name = repository.partition("/")
                return f"{owner.partition('@')[0]}/{name.partition('@')[0]}", environment, subjects
        raise self._error("no job of GitHub may assume the apply role", registration.urn)

    def _key_roles(self, key_arn: str, alias: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Roles that may encrypt and decrypt, and roles that may only decrypt, with the key itself."""
        context = {"kms:ResourceAliases": alias, "aws:RequestedRegion": self.contract["region"]}

        def may(arn: str, registration: Registration, action: str) -> bool:
            documents = [item.inputs.get("policy") for item in self._inline(registration)]
            documents += [
                self.policies[policy].inputs.get("policy")
                for policy in self._attached_here(registration)
                if policy in self.policies
            ]
            return evaluate(documents, action, key_arn, {**context, "aws:PrincipalArn": arn}).allowed

        readers = [arn for arn, item in self.roles.items() if may(arn, item, "kms:Decrypt")]
        users = [arn for arn in readers if may(arn, self.roles[arn], "kms:Encrypt")]
        return tuple(sorted(users)), tuple(sorted(set(readers) - set(users)))

    def _attached_here(self, role: Registration) -> Iterable[str]:
        try:
            return self._attached(role)
        except SlipwayError:
            # Another role than ours may carry AWS's own policies; none of those opens a customer's key.
            return ()

    @staticmethod
    def _error(what: str, where: str) -> SlipwayError:
        return SlipwayError(what, where=where, fix="bootstrap makes what the program declares; declare it")


def _text(registration: Registration, key: str) -> str:
    value = registration.inputs.get(key)
    if not isinstance(value, str):
        raise SlipwayError(
            f"`{key}` is not known before an apply, so bootstrap cannot make this",
            where=registration.urn,
            fix="compute it from settings, as plain text",
        )
    return value


def _document(registration: Registration, key: str) -> Document:
    value = json.loads(_text(registration, key))
    if not isinstance(value, dict):
        raise SlipwayError(f"`{key}` is no policy document", where=registration.urn)
    return cast("Document", value)


def _statements(document: Document) -> list[dict[str, Any]]:
    listed = document.get("Statement", [])
    return cast("list[dict[str, Any]]", listed if isinstance(listed, list) else [listed])
