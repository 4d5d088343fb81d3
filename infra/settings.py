"""The typed model of a stack file. Read once, whole or not at all, before anything is registered."""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal, TypeVar, cast

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import BaseModel, Field, ValidationError

from infra.conflicts import conflicts
from infra.runner_settings import RunnerSettings
from slipway.platform.declaration import SubjectForm
from slipway.platform.job_kinds import JobKind
from slipway.platform.mistakes import Mistake, SettingsError, from_validation, unknown_key
from slipway.platform.model import Model
from slipway.platform.values import (
    AccountId,
    ClusterName,
    Digest,
    EnvironmentName,
    Hostname,
    ImageName,
    Images,
    KeyArn,
    KubernetesVersion,
    Namespace,
    NodeGroupName,
    NodeInstanceTypes,
    Organization,
    OwnNamespace,
    PublicCidr,
    RefPatterns,
    Region,
    RepositorySlug,
    ReviewerNames,
    RoleArn,
    ServiceName,
    SshCidr,
    VpcCidr,
    Zone,
)

_M = TypeVar("_M", bound=BaseModel)
_KEYS = ("platform", "services", "endpoints")
_DATABASE_URL = "databaseUrl-"
PRIVATE_ACTIONS_TOKEN = "privateActionsToken"  # noqa: S105 - the name of a key


def database_url_key(service: str, environment: str) -> str:
    """The key of the secret URL of one environment's database."""
    return f"{_DATABASE_URL}{service}-{environment}"


class Stack(StrEnum):
    """The stacks of the platform program, one per account role."""

    AUTOMATION = "automation"
    STAGING = "staging"
    PROD = "prod"
    LOCAL = "local"

    @property
    def builds(self) -> bool:
        """Whether registries, build roles and repository-level GitHub settings live in this stack."""
        return self in (Stack.AUTOMATION, Stack.LOCAL)

    @property
    def runs(self) -> bool:
        """Whether a cluster lives in this stack."""
        return self is not Stack.AUTOMATION


class Accounts(Model):
    """The AWS accounts of the organisation. One account may play all three roles."""

    automation: AccountId
    staging: AccountId
    prod: AccountId


class Github(Model):
    """The organisation, and what its plan allows."""

    organization: Organization
    organization_id: Annotated[int, Field(gt=0)]
    plan: Literal["free", "team", "enterprise"]
    repository: RepositorySlug
    """The platform's own repository: its workflows plan and apply these stacks."""
    repository_id: Annotated[int, Field(gt=0)]
    visibility: Literal["public", "private", "internal"] = "private"
    reviewers: ReviewerNames = ()
    """Who approves where an environment is reviewed and names nobody itself."""
    app_id: Annotated[int, Field(gt=0)] | None = None
    """The platform's GitHub App, the one named bypass of the rulesets."""
    app_installation_id: Annotated[int, Field(gt=0)] | None = None
    private_actions: bool = False
    """Whether the organisation secret for private actions is set from `slipway:privateActionsToken`."""


class NetworkSettings(Model):
    """The VPC of the account."""

    cidr: VpcCidr
    zones: Annotated[tuple[Zone, ...], Field(min_length=2, max_length=6)]
    nat: Literal["none", "one", "one_per_zone"] = "one"
    flow_log_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 90
    image_build_ssh_cidr: SshCidr | None = None
    """Where image builds are reached from by SSH; nobody unless this is set."""


class NodeGroup(Model):
    """One managed node group."""

    instance_types: NodeInstanceTypes
    minimum: Annotated[int, Field(ge=0, le=450)] = 1
    maximum: Annotated[int, Field(ge=1, le=450)] = 3
    capacity: Literal["ON_DEMAND", "SPOT"] = "ON_DEMAND"
    disk_gib: Annotated[int, Field(ge=20, le=16_384)] = 50


class ClusterSettings(Model):
    """The EKS cluster of a workload account."""

    name: ClusterName
    version: KubernetesVersion
    authentication_mode: Literal["API", "API_AND_CONFIG_MAP", "CONFIG_MAP"] = "API"
    administrators: Annotated[tuple[RoleArn, ...], Field(min_length=1)]
    """People's roles; the stack's apply role is an administrator besides."""
    public_access_cidrs: tuple[PublicCidr, ...] = ()
    """From where the API server's public endpoint answers; private only if empty."""
    reachable_from: tuple[str, ...] = ()
    """Runner classes with a network path to the private endpoint."""
    node_groups: Annotated[dict[NodeGroupName, NodeGroup], Field(min_length=1)]
    deletion_protection: bool = True


class ReleaseSettings(Model):
    """A release that the platform program makes itself; only the stack `local` has any."""

    images: Annotated[dict[ImageName, Digest], Field(min_length=1)]


class EnvironmentSettings(Model):
    """One GitHub environment. A block left empty takes everything from its name (`job_kinds.py`)."""

    jobs: Annotated[tuple[JobKind, ...], Field(min_length=1)] | None = None
    branches: RefPatterns | None = None
    tags: RefPatterns | None = None
    reviewers: ReviewerNames | None = None
    wait_minutes: Annotated[int, Field(ge=0, le=43_200)] = 0
    prevent_self_review: bool = True
    namespace: OwnNamespace | None = None
    hostname: Hostname | None = None
    release: ReleaseSettings | None = None


class DatabaseSettings(Model):
    """The in-cluster Secret that a chart reads its connection from."""

    secret: Namespace
    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]


class ServiceSettings(Model):
    """One service: what a team fills in to come aboard."""

    repository: RepositorySlug
    owner_id: Annotated[int, Field(gt=0)]
    repository_id: Annotated[int, Field(gt=0)]
    images: Images
    chart: Annotated[str, Field(pattern=r"^[\w./-]+$")]
    hostname: Hostname
    environments: Annotated[dict[EnvironmentName, EnvironmentSettings], Field(min_length=1)]
    visibility: Literal["public", "private", "internal"] = "private"
    subject: SubjectForm = SubjectForm.IMMUTABLE
    database: DatabaseSettings | None = None
    values: Annotated[str, Field(pattern=r"^[\w./-]+\.ya?ml$")] | None = None
    """A file with the chart's values that hold in every environment; published for the deploy jobs."""
    enforce: bool = False
    """Rulesets, required checks and SHA pinning: switched on once the repository has its workflows."""
    status_checks: tuple[str, ...] = ()
    qa_environments: Annotated[int, Field(ge=0, le=20)] = 0
    """How many `deploy/qa<n>` labels the repository has."""


class PlatformSettings(Model):
    """What a stack is, apart from its services."""

    region: Region
    accounts: Accounts
    github: Github
    network: NetworkSettings
    cluster: ClusterSettings | None = None
    runners: RunnerSettings | None = None
    state_key: KeyArn | None = None
    """The state bucket's key, which `slipway bootstrap` made and writes here; adopted, never created here."""
    cicd_chain: dict[Literal["staging", "prod"], tuple[EnvironmentName, ...]] = Field(
        default_factory=dict[Literal["staging", "prod"], tuple[EnvironmentName, ...]]
    )
    """Environments by account whose deploy role the runners' CICD role may go on to; none unless named."""
    adopt_oidc_provider: bool = False
    """True where the account has a provider for GitHub already: it is used and never changed."""
    protect: bool = True


class Endpoints(Model):
    """Where the embedded cloud answers. Only the stack `local` has any, and `slipway` writes them."""

    aws: str
    github: str
    kubernetes: str


class Settings(Model):
    """A whole stack file."""

    stack: Stack
    platform: PlatformSettings
    services: dict[ServiceName, ServiceSettings]
    endpoints: Endpoints | None = None

    @property
    def account(self) -> str:
        """The account that this stack works in; `local` works in the automation account's."""
        role = "automation" if self.stack is Stack.LOCAL else self.stack.value
        return cast(str, getattr(self.platform.accounts, role))

    @property
    def is_local(self) -> bool:
        """Whether this is the stack on the embedded cloud, which nothing has to be bootstrapped for."""
        return self.stack is Stack.LOCAL

    def account_of(self, role: Literal["automation", "staging", "prod"]) -> str:
        """Account that plays a role; on `local` one account plays them all."""
        return self.account if self.is_local else cast(str, getattr(self.platform.accounts, role))

    @property
    def workload_accounts(self) -> tuple[str, ...]:
        """Accounts other than the automation account that run what is built there, sorted."""
        accounts = self.platform.accounts
        return tuple(sorted({accounts.staging, accounts.prod} - {accounts.automation}))


class _Services(Model):
    # Gives the services' key one model, so that mistakes in it are reported like those of any other key.
    services: dict[ServiceName, ServiceSettings]


def load(config: pulumi.Config, stack: str) -> Settings:
    """Read a stack's settings.

    Args:
        config: the project's configuration bag.
        stack: the stack's name.

    Raises:
        SettingsError: with every mistake of the stack file, before anything is registered.
    """
    # Pulumi's own bag answers for one key at a time, and a misspelt one is never asked for.
    bag = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    given = [name.removeprefix(f"{config.name}:") for name in bag if name.startswith(f"{config.name}:")]
    return parse(stack, {key: cast(object, config.get_object(key)) for key in _KEYS}, given)


def parse(stack: str, values: dict[str, object], given: Iterable[str] = ()) -> Settings:
    """Settings of a stack from the values of its keys (`platform`, `services`, `endpoints`).

    Args:
        stack: the stack's name.
        values: its keys' values.
        given: every key that the stack has a value for; one that nothing reads is a mistake.

    Raises:
        SettingsError: with every mistake at once.
    """
    file = f"Pulumi.{stack}.yaml"
    if stack not in {member.value for member in Stack}:
        known = ", ".join(member.value for member in Stack)
        raise SettingsError(file, [Mistake("stack", repr(stack), f"one of {known}")])
    mistakes: list[Mistake] = []
    platform = _model(PlatformSettings, "slipway:platform", values.get("platform"), mistakes)
    services = _services(values.get("services"), mistakes)
    endpoints = None
    if values.get("endpoints") is not None:
        endpoints = _model(Endpoints, "slipway:endpoints", values["endpoints"], mistakes)
    mistakes += conflicts(stack, values.get("platform"), values.get("services"))
    mistakes += _unread_keys(given, services)
    if mistakes or platform is None or services is None:
        raise SettingsError(file, mistakes)
    return Settings(stack=Stack(stack), platform=platform, services=services.services, endpoints=endpoints)


def _unread_keys(given: Iterable[str], services: _Services | None) -> list[Mistake]:
    """Keys that nothing reads. While the services cannot be read, any key may be a database's."""
    read = [*_KEYS, PRIVATE_ACTIONS_TOKEN]
    for name, service in services.services.items() if services else ():
        read += [database_url_key(name, environment) for environment in service.environments]
    return [
        unknown_key(f"slipway:{key}", key, read)
        for key in given
        if key not in read and (services or not key.startswith(_DATABASE_URL))
    ]


def _services(value: object, mistakes: list[Mistake]) -> _Services | None:
    if value is None:
        return _model(_Services, "slipway:services", None, mistakes)
    return _model(_Services, "slipway", {"services": _with_environment_blocks(value)}, mistakes)


def _with_environment_blocks(services: object) -> object:
    """`environments: [production, prod]` says the same as a block per name that is left empty."""
    if not isinstance(services, dict):
        return services
    blocks = dict(cast(dict[str, object], services))
    for name, block in blocks.items():
        listed = cast(dict[str, object], block).get("environments") if isinstance(block, dict) else None
        if isinstance(listed, list):
            names = cast(list[object], listed)
            environments = {str(environment): dict[str, object]() for environment in names}
            blocks[name] = {**cast(dict[str, object], block), "environments": environments}
    return blocks


def _model(model: type[_M], prefix: str, value: object, mistakes: list[Mistake]) -> _M | None:
    if value is None:
        mistakes.append(Mistake(prefix, "nothing", "a block: this key is required"))
        return None
    try:
        # Through JSON: strict there still takes a list for a tuple and text for an enum, as YAML gives them.
        return model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        mistakes += from_validation(prefix, model, error)
        return None
