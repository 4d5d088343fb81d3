"""What every account has, whatever runs in it: provider, boundary, network, the platform's own roles."""

from dataclasses import dataclass

import pulumi

from components.identity.ci_role import CiRole, CiRoleArgs
from components.identity.oidc_provider import GithubOidcProvider, GithubOidcProviderArgs
from components.identity.origin import Origin
from components.identity.permissions_boundary import PermissionsBoundary, PermissionsBoundaryArgs
from components.network.ground import ExistingGround, Ground
from components.network.network import Network, NetworkArgs
from components.state.state_store import StateStore, StateStoreArgs
from infra.reach import transit
from slipway.platform import naming
from slipway.platform.network import ExistingNetwork
from slipway.platform.platform_roles import PlatformRoles
from slipway.platform.settings import Settings
from slipway.platform.state_keys import owns_bucket


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """The account's foundation, for what is built on it."""

    oidc_provider: GithubOidcProvider
    boundary: PermissionsBoundary
    network: Ground
    plan: CiRole
    """The role that plans the stack and looks for drift."""
    transit: list[pulumi.Resource]
    """This side of the way over a transit gateway, where there is one."""


def foundation(settings: Settings, own: PlatformRoles, opts: pulumi.ResourceOptions) -> Foundation:
    """Declare the account's foundation."""
    origin = Origin.CREATE if settings.on_stand_in else Origin.IMPORT
    account = settings.account
    provider = GithubOidcProvider(
        "github-oidc",
        GithubOidcProviderArgs(
            account=account, origin=Origin.USE if settings.platform.adopt_oidc_provider else origin
        ),
        opts=opts,
    )
    boundary = PermissionsBoundary(
        "ci-boundary",
        PermissionsBoundaryArgs(
            account=account,
            arn=naming.boundary_arn(account),
            origin=origin,
        ),
        opts=opts,
    )
    on_both = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[provider, boundary]))
    planning = CiRole("infra-plan", CiRoleArgs(declaration=own.plan), opts=on_both)
    CiRole("infra-apply", CiRoleArgs(declaration=own.apply, origin=origin), opts=on_both)
    if own.gate:
        CiRole(naming.GATE, CiRoleArgs(declaration=own.gate), opts=on_both)
    _state(settings, own, opts)
    network = _network(settings, boundary, opts)
    for declaration in own.joining:
        CiRole(declaration.name, CiRoleArgs(declaration=declaration), opts=on_both)
    return Foundation(
        oidc_provider=provider,
        boundary=boundary,
        network=network,
        plan=planning,
        transit=transit(settings, network, opts),
    )


def _state(settings: Settings, own: PlatformRoles, opts: pulumi.ResourceOptions) -> None:
    """The stack's own state, which `slipway bootstrap` made; `local` keeps its state in files."""
    if settings.on_stand_in:
        return
    key = settings.platform.state_key
    stack, account, region = settings.stack.value, settings.account, settings.platform.region
    if key is None:
        # bootstrap renders the program before there is a key; whatever can be applied has one.
        return
    StateStore(
        "state",
        StateStoreArgs(
            stack=stack,
            account=account,
            region=region,
            key_arn=key,
            key_alias=naming.state_key_alias(stack),
            bucket=naming.state_bucket(account, region),
            adopts_bucket=owns_bucket(settings),
            users=(own.apply.arn,),
            readers=(own.plan.arn,),
            protect=settings.platform.protect,
        ),
        opts=opts,
    )


def _network(settings: Settings, boundary: PermissionsBoundary, opts: pulumi.ResourceOptions) -> Ground:
    network = settings.platform.network
    if isinstance(network, ExistingNetwork):
        return ExistingGround(settings=network)
    cluster = settings.platform.cluster
    return Network(
        "network",
        NetworkArgs(
            name=naming.network(settings.stack.value),
            account=settings.account,
            region=settings.platform.region,
            settings=network,
            boundary_arn=naming.boundary_arn(settings.account),
            cluster_names=(cluster.name,) if cluster else (),
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[boundary])),
    )
