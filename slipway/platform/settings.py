"""A stack's settings, whole: what its own file says, what the organisation shares, and its services."""

from typing import Annotated

from pydantic import Field

from slipway.platform import naming
from slipway.platform.cluster import AnyCluster
from slipway.platform.declaration import Repository
from slipway.platform.model import Model
from slipway.platform.network import AnyNetwork
from slipway.platform.organization import OrganizationSettings
from slipway.platform.registry import RegistrySettings
from slipway.platform.runner_classes import RunnerSettings
from slipway.platform.services import ServiceSettings
from slipway.platform.stack import Stack
from slipway.platform.values import (
    Digest,
    EnvironmentName,
    ImageName,
    KeyArn,
    Region,
    ServiceName,
)

PRIVATE_ACTIONS_TOKEN = "privateActionsToken"  # noqa: S105 - the name of a key
_DATABASE_URL = "databaseUrl-"


def database_url_key(package: str, environment: str) -> str:
    """The key of the secret URL of one package's database in one environment."""
    return f"{_DATABASE_URL}{package}-{environment}"


def is_database_url_key(key: str) -> bool:
    """Whether a key is meant to be one of those."""
    return key.startswith(_DATABASE_URL)


class PlatformSettings(Model):
    """What a stack is, apart from what it shares and from its services: `slipway:platform` of its file."""

    region: Region
    """The one region that the stack works in."""
    network: AnyNetwork
    """The VPC of the account: made, or with `vpc` one that is there."""
    cluster: AnyCluster | None = None
    """The EKS cluster, made, or with `existing` one that is there; only where services run."""
    runners: RunnerSettings | None = None
    """The runner fleet; only in `automation` and `local`."""
    registry: RegistrySettings = RegistrySettings()
    """How long images are kept; only in `automation` and `local`."""
    state_key: KeyArn | None = None
    """The state bucket's key, which `slipway bootstrap` made and writes here; adopted, never created here."""
    adopt_oidc_provider: bool = False
    """True where the account has a provider for GitHub already: it is used and never changed."""
    protect: bool = True
    """Whether what holds data or access is kept from being deleted; always on in prod."""


class LocalSettings(Model):
    """What only the stack on the embedded cloud has: `slipway:local` of its file."""

    environments: Annotated[tuple[EnvironmentName, ...], Field(min_length=1)] | None = None
    """Those of the services' environments that come up, to keep it small; all of them unless named."""
    releases: dict[ServiceName, dict[EnvironmentName, dict[ImageName, Digest]]] = Field(
        default_factory=dict[ServiceName, dict[EnvironmentName, dict[ImageName, Digest]]]
    )
    """Releases that the platform's program makes itself: images' digests by package and environment."""


class Endpoints(Model):
    """Where the embedded cloud answers. `slipway` gives it to a stack on a stand-in, and to no other."""

    aws: str
    github: str
    kubernetes: str


class Settings(Model):
    """Everything that a stack's files say."""

    stack: Stack
    organization: OrganizationSettings
    platform: PlatformSettings
    services: dict[ServiceName, ServiceSettings]
    local: LocalSettings = LocalSettings()
    endpoints: Endpoints | None = None
    others: dict[Stack, PlatformSettings] = Field(default_factory=dict[Stack, PlatformSettings])
    """The blocks of the other real stacks whose files are there: what this one's network is joined with."""

    @property
    def account(self) -> str:
        """The account that this stack works in."""
        return self.organization.accounts.of(self.stack)

    def repository_of(self, service: str) -> Repository:
        """A service's repository as its tokens describe it; all are the organisation's own.

        Args:
            service: the service's name.
        """
        block = self.services[service]
        owner, name = block.repository.split("/")
        return Repository(
            owner=owner,
            name=name,
            owner_id=self.organization.github.organization_id,
            id=block.repository_id,
            visibility=block.visibility,
            subject=block.subject,
        )

    @property
    def on_stand_in(self) -> bool:
        """Whether the stack's cloud is a stand-in, which nothing has to be bootstrapped for."""
        return self.stack.on_stand_in

    def helm_values_parameter(self, package: str) -> str:
        """The SSM parameter that this stack publishes a package's Helm values as.

        Staging's and production's are two, in whichever account they are.
        """
        publishing = [stack for stack in self.organization.accounts.stacks_in(self.account) if stack.runs]
        shared = len(publishing) > 1 and not self.on_stand_in
        return naming.helm_values_parameter(package, self.stack.value if shared else "")

    @property
    def workload_accounts(self) -> tuple[str, ...]:
        """Accounts other than the automation account that run what is built there, sorted."""
        accounts = self.organization.accounts
        return tuple(sorted({accounts.staging, accounts.prod} - {accounts.automation}))
