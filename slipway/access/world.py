"""What was rendered: roles, providers and GitHub environments, read from resource registrations alone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from slipway.access.claims import ISSUER
from slipway.access.policies import Policy
from slipway.access.statements import Statement
from slipway.platform.declaration import Repository


class RegistrationLike(Protocol):
    """A resource registration; a value that is not plain JSON is one that is not known yet.

    Where it has `property_dependencies` (input -> URNs) or `parent` (a URN), they stand in for unknown names.
    """

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class StackRegistrations:
    """The registrations of one stack, whose AWS resources are in one account."""

    stack: str
    account: str
    registrations: Sequence[RegistrationLike]


@dataclass(frozen=True, kw_only=True)
class RunnerClass:
    """A class of self-hosted runners whose instances carry a role, and the repositories that may use it."""

    name: str
    role_arn: str
    repositories: tuple[str, ...]


@dataclass(kw_only=True)
class Role:
    """A role as rendered. `opaque` names policies whose text is not to be had here."""

    arn: str
    stack: str
    account: str
    trust: Policy
    trust_statements: tuple[Statement, ...]
    boundary: Policy | None = None
    boundary_statements: tuple[Statement, ...] = ()
    identity: list[Policy] = field(default_factory=list[Policy])
    statements: list[Statement] = field(default_factory=list[Statement])
    opaque: list[str] = field(default_factory=list[str])
    kubernetes: list[str] = field(default_factory=list[str])


@dataclass(kw_only=True)
class Environment:
    """A GitHub environment. No policy at all means any ref; protected means any ref that a rule protects."""

    repository: Repository
    name: str
    unrestricted: bool
    is_reviewed: bool = False
    """Whether somebody must approve its jobs."""
    branches: list[str] = field(default_factory=list[str])
    tags: list[str] = field(default_factory=list[str])


@dataclass(kw_only=True)
class World:
    """Everything that the access matrix is computed from."""

    roles: dict[str, Role] = field(default_factory=dict[str, Role])
    environments: list[Environment] = field(default_factory=list[Environment])
    repositories: tuple[Repository, ...] = ()
    runner_classes: tuple[RunnerClass, ...] = ()
    providers: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    problems: list[str] = field(default_factory=list[str])

    @classmethod
    def from_registrations(
        cls,
        registrations: Sequence[RegistrationLike],
        *,
        account: str,
        stack: str = "",
        repositories: Iterable[Repository],
        runner_classes: Iterable[RunnerClass] = (),
    ) -> "World":
        """The world of one stack."""
        one = StackRegistrations(stack=stack, account=account, registrations=registrations)
        return cls.from_stacks([one], repositories=repositories, runner_classes=runner_classes)

    @classmethod
    def from_stacks(
        cls,
        stacks: Sequence[StackRegistrations],
        *,
        repositories: Iterable[Repository],
        runner_classes: Iterable[RunnerClass] = (),
    ) -> "World":
        """The world of several stacks together; `repositories` supply the ids that registrations lack."""
        world = cls(repositories=tuple(repositories), runner_classes=tuple(runner_classes))
        documents = {arn: text for stack in stacks for arn, text in _managed(stack)}
        for stack in stacks:
            _Reader(world, stack, documents).read()
        return world


def known(value: object) -> Any:
    """The value, out of its secret wrapper if it is in one; None if it is not plain JSON."""
    if value is None or isinstance(value, (str, int, float, bool, list, dict)):
        return cast("Any", value)
    return known(cast("Any", value).value) if hasattr(value, "value") else None


def text_of(inputs: Mapping[str, Any], key: str) -> str:
    """A string input; empty where it is missing, unknown or something else."""
    value = known(inputs.get(key))
    return value if isinstance(value, str) else ""


def statements_in(source: object) -> tuple[Statement, ...]:
    """The readable statements of a document or its JSON text."""
    value = known(source)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return ()
    if not isinstance(value, dict):
        return ()
    listed = cast("dict[str, Any]", value).get("Statement", [])
    items = cast("list[Any]", listed if isinstance(listed, list) else [listed])
    return tuple(cast("Statement", item) for item in items if isinstance(item, dict))


def _managed(stack: StackRegistrations) -> Iterable[tuple[str, object]]:
    for registration, arn in _policies(stack):
        yield arn, registration.inputs.get("policy")


def _policies(stack: StackRegistrations) -> Iterable[tuple[RegistrationLike, str]]:
    for registration in stack.registrations:
        if registration.type == "aws:iam/policy:Policy":
            inputs = registration.inputs
            name = text_of(inputs, "name") or registration.name
            yield registration, f"arn:aws:iam::{stack.account}:policy{text_of(inputs, 'path') or '/'}{name}"


class _Reader:
    """Reads one stack's registrations into the world: roles first, then what hangs on them."""

    def __init__(self, world: World, stack: StackRegistrations, documents: Mapping[str, object]) -> None:
        self.world = world
        self.stack = stack
        self.documents = documents
        self.by_name: dict[str, Role] = {}
        self.by_urn: dict[str, Role] = {}
        self.by_parent: dict[str, list[Role]] = {}
        self.policy_arns = {registration.urn: arn for registration, arn in _policies(stack)}

    def read(self) -> None:
        readers = {
            "aws:iam/role:Role": self._role,
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider": self._provider,
            "github:index/repositoryEnvironment:RepositoryEnvironment": self._environment,
        }
        dependants = {
            "aws:iam/rolePolicy:RolePolicy": self._inline,
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment": self._attachment,
            "aws:eks/accessEntry:AccessEntry": self._access_entry,
            "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": self._access_policy,
            "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy": (
                self._deployment_policy
            ),
        }
        for table in (readers, dependants):
            for registration in self.stack.registrations:
                if registration.type in table:
                    table[registration.type](registration)

    def _problem(self, registration: RegistrationLike, what: str) -> None:
        self.world.problems.append(f"{registration.urn}: {what}")

    def _role(self, registration: RegistrationLike) -> None:
        inputs = registration.inputs
        name = text_of(inputs, "name")
        if not name:
            name = registration.name
            self._problem(registration, "the role's name is not known yet; its logical name stands for it")
        arn = f"arn:aws:iam::{self.stack.account}:role{text_of(inputs, 'path') or '/'}{name}"
        trust = known(inputs.get("assumeRolePolicy"))
        if trust is None:
            self._problem(
                registration, "the trust policy is not known yet, so anybody might assume this role"
            )
        role = Role(
            arn=arn,
            stack=self.stack.stack,
            account=self.stack.account,
            trust=Policy.parse(trust, "resource"),
            trust_statements=statements_in(trust),
        )
        boundary = inputs.get("permissionsBoundary")
        if boundary is None:
            self._problem(registration, "no permissions boundary")
        else:
            found = self.documents.get(text_of(inputs, "permissionsBoundary"))
            if found is None:
                self._problem(registration, "the text of its permissions boundary is not in these stacks")
            role.boundary = Policy.parse(known(found))
            role.boundary_statements = statements_in(found)
        for item in cast("list[Any]", known(inputs.get("inlinePolicies")) or []):
            self._add(role, item.get("policy"), f"inline policy of {name}")
        for item in cast("list[Any]", known(inputs.get("managedPolicyArns")) or []):
            self._attach(role, known(item) or "")
        self.world.roles[arn] = role
        self.by_name[name] = role
        self.by_urn[registration.urn] = role
        self.by_parent.setdefault(_parent(registration), []).append(role)

    def _role_for(self, registration: RegistrationLike) -> Role | None:
        given = text_of(registration.inputs, "role")
        role = self.by_name.get(given.rpartition("/")[2])
        if not given:
            sources = [self.by_urn[urn] for urn in _sources(registration, "role") if urn in self.by_urn]
            # Failing that, a component that makes one role leaves no doubt which it is.
            candidates = sources or self.by_parent.get(_parent(registration), [])
            role = candidates[0] if len(candidates) == 1 else None
        if role is None:
            self._problem(
                registration, f"belongs to a role that is not in this stack: {given or 'not known yet'}"
            )
        return role

    def _add(self, role: Role, source: object, label: str) -> None:
        value = known(source)
        policy = Policy.parse(value)
        role.identity.append(policy)
        role.statements += statements_in(value)
        if not policy.is_read:
            role.opaque.append(label)

    def _attach(self, role: Role, arn: str) -> None:
        if arn in self.documents:
            self._add(role, self.documents[arn], arn)
        else:
            role.opaque.append(arn or "a policy not known yet")

    def _inline(self, registration: RegistrationLike) -> None:
        role = self._role_for(registration)
        if role is not None:
            self._add(role, registration.inputs.get("policy"), registration.urn)

    def _attachment(self, registration: RegistrationLike) -> None:
        role = self._role_for(registration)
        if role is not None:
            sources = [self.policy_arns.get(urn, "") for urn in _sources(registration, "policyArn")]
            self._attach(role, text_of(registration.inputs, "policyArn") or "".join(sources[:1]))

    def _provider(self, registration: RegistrationLike) -> None:
        url = text_of(registration.inputs, "url").removeprefix("https://") or ISSUER
        clients = cast("list[Any]", known(registration.inputs.get("clientIdLists")) or [])
        arn = f"arn:aws:iam::{self.stack.account}:oidc-provider/{url}"
        self.world.providers[arn] = tuple(client for client in clients if isinstance(client, str))

    def _entry(self, registration: RegistrationLike, what: str) -> None:
        role = self.world.roles.get(text_of(registration.inputs, "principalArn"))
        for urn in _sources(registration, "principalArn") if role is None else ():
            role = role or self.by_urn.get(urn)
        cluster = text_of(registration.inputs, "clusterName") or "a cluster not known yet"
        if role is not None:
            role.kubernetes.append(f"{cluster}: {what}")

    def _access_entry(self, registration: RegistrationLike) -> None:
        groups = cast("list[Any]", known(registration.inputs.get("kubernetesGroups")) or [])
        names = ", ".join(str(group) for group in groups)
        self._entry(registration, f"groups {names}" if names else "no group")

    def _access_policy(self, registration: RegistrationLike) -> None:
        policy = text_of(registration.inputs, "policyArn").rpartition("/")[2] or "a policy not known yet"
        scope = cast("dict[str, Any]", known(registration.inputs.get("accessScope")) or {})
        where = ", ".join(cast("list[str]", scope.get("namespaces") or [])) or str(
            scope.get("type", "cluster")
        )
        self._entry(registration, f"{policy} in {where}")

    def _repository(self, registration: RegistrationLike) -> Repository | None:
        given = text_of(registration.inputs, "repository").lower()
        for repository in self.world.repositories:
            if given in {repository.name.lower(), repository.slug.lower()}:
                return repository
        self._problem(registration, f"repository {given!r} is not declared, so its tokens are not known")
        return None

    def _environment(self, registration: RegistrationLike) -> None:
        repository = self._repository(registration)
        if repository is None:
            return
        policy = cast("dict[str, Any]", known(registration.inputs.get("deploymentBranchPolicy")) or {})
        # "Protected branches" means every branch while no rule protects one (GitHub Docs, managing
        # environments for deployment); rules are not seen here, so only custom policies count.
        self.world.environments.append(
            Environment(
                repository=repository,
                name=text_of(registration.inputs, "environment"),
                unrestricted=policy.get("customBranchPolicies") is not True,
                # Their numbers may be unknown here; that there are some is not.
                is_reviewed=bool(registration.inputs.get("reviewers")),
            )
        )

    def _deployment_policy(self, registration: RegistrationLike) -> None:
        repository = self._repository(registration)
        name = text_of(registration.inputs, "environment").lower()
        for environment in self.world.environments:
            if environment.repository == repository and environment.name.lower() == name:
                if branch := text_of(registration.inputs, "branchPattern"):
                    environment.branches.append(branch)
                if tag := text_of(registration.inputs, "tagPattern"):
                    environment.tags.append(tag)


def _parent(registration: RegistrationLike) -> str:
    parent: object = getattr(registration, "parent", "")
    return parent if isinstance(parent, str) else ""


def _sources(registration: RegistrationLike, key: str) -> tuple[str, ...]:
    """The URNs that an input comes from."""
    given: Mapping[str, Sequence[str]] = getattr(registration, "property_dependencies", {})
    return tuple(given.get(key, ()))
