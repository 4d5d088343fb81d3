"""Opens the engine of a stack: on a real cloud, or behind the fence on a stand-in."""

# ruff: noqa: PLC0415 - the embedded engine and its providers are heavy, and a real stack needs neither
from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.engine.cli_engine import PulumiEngine
from slipway.engine.interface import Engine, Progress
from slipway.engine.project import load_project, load_stack
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.engine.fence import Fence, Home
    from slipway.engine.local_stacks import EngineName
    from slipway.engine.plugins import Plugins
    from slipway.engine.state import ResourceState
    from slipway.guards.asking import Guards
    from slipway.localcloud.cloud import Cloud


def real_engine(root: Path, stack: str, progress: Progress | None = None) -> PulumiEngine:
    """The Pulumi CLI on a real stack, made in its state bucket if it is not there and bootstrap has been.

    Raises:
        SlipwayError: unknown stack, or Pulumi is not on PATH.
    """
    from slipway.recovery import BackendLocks, ProviderLookup, Runs

    become_in_the_fleets_account(root, stack)
    sealed_by = load_stack(root, stack).secrets_provider
    project = load_project(root).name
    region = os.environ.get("AWS_REGION", "")

    def elsewhere(folder: Path, more: Mapping[str, str]) -> PulumiEngine:
        return PulumiEngine(folder, project, stack, {**os.environ, **more}, create=True)

    engine = PulumiEngine(
        root,
        project,
        stack,
        progress=progress,
        create=bool(sealed_by),
        secrets_provider=sealed_by,
        locks=BackendLocks(lambda: engine.backend, region, project, stack, Runs(os.environ)),
        lookup=ProviderLookup(project, elsewhere, _id_by_name),
    )
    return engine


def become_in_the_fleets_account(root: Path, stack: str) -> None:
    """Write the profile that the stack's provider for that account reads, where it may have one.

    Whoever has no credentials, or files that cannot be read, is told so by what comes next.
    """
    from slipway import aws
    from slipway.access import fleet_profile
    from slipway.platform.reach import far_stack
    from slipway.platform.reading import load

    with suppress(SlipwayError):
        settings = load(root, stack)
        if far_stack(settings) is None:
            return
        sts = aws.connect(settings.platform.region).client("sts")
        who = aws.caller_in(sts, settings.account, names="accounts in Pulumi.yaml")
        fleet_profile.write(root, settings, who)


def _id_by_name(resource: ResourceState) -> str:
    """The id that a resource's own properties give it; empty where only the service knows it.

    The stand-in's providers have the ids that the real ones have, and say how they come about.
    """
    from slipway.engine.urn import package_of
    from slipway.engine.values import reveal
    from slipway.localcloud.providers import PACKAGES, id_by_name

    package = package_of(resource.type)
    return id_by_name(package, resource.type, reveal(resource.inputs)) if package in PACKAGES else ""


def local_engine(
    root: Path, stack: str, name: EngineName, cloud: Cloud, *, home: Home, progress: Progress | None = None
) -> Engine:
    """An engine for a stack that runs on the embedded cloud, whatever the stack is called.

    Args:
        root: the project's folder. The stack needs no file there.
        home: where the stacks of this stand-in keep their states, to refer to each other.

    Raises:
        SlipwayError: the project's files cannot be read, or the cloud's control plane is a real one and the
            engine is Pulumi.
    """
    from slipway.engine import cli_local
    from slipway.engine.fence import Fence
    from slipway.localcloud.kubeconfig import kubeconfig

    fence = Fence({"aws": cloud.aws, "github": cloud.github, "kubernetes": cloud.kubernetes})
    config: dict[str, str] = {}
    if cloud.kubernetes_kind == "real":
        if name == "pulumi":
            raise SlipwayError(
                "under the Pulumi CLI the control plane's credentials would be written down in the clear",
                where=cloud.kubeconfig,
                fix="use --engine embedded with a real control plane",
            )
        # Only a kubeconfig has the credentials that a real control plane asks for.
        config["eks:kubeconfig"] = kubeconfig(cloud)
    if name == "pulumi":
        from slipway.engine.interruption import by_providers

        lookup = by_providers(_plugins)
        return cli_local.local_engine(
            root, stack, progress, fence=fence, home=home, config=config, lookup=lookup
        )
    return _embedded(root, stack, config, fence, home, progress)


def guards_of(cloud: Cloud | None) -> Guards:
    """Who asks GitHub and AWS what guards there are: as the job, or on a stand-in with its own token."""
    from slipway import aws
    from slipway.github import connect, token
    from slipway.guards.asking import Guards
    from slipway.localcloud.github.world import APP_TOKEN

    if cloud is not None:
        return Guards(connect(token(APP_TOKEN), cloud.github), partial(aws.connect, endpoint=cloud.aws))
    given = os.environ.get("GITHUB_TOKEN", "")
    return Guards(connect(token(given)) if given else None, aws.connect)


def _plugins() -> Plugins:
    """The stand-in's providers, in this process."""
    from slipway.engine.plugins import Plugins
    from slipway.localcloud.providers import PACKAGES, provider

    return Plugins({package: partial(provider, package) for package in PACKAGES})


def _embedded(  # noqa: PLR0917 - what `local_engine` takes
    root: Path, stack: str, extra: Mapping[str, str], fence: Fence, home: Home, progress: Progress | None
) -> Engine:
    from slipway.engine.cli_local import passphrase
    from slipway.engine.embedded import EmbeddedEngine
    from slipway.engine.program import program_at
    from slipway.engine.project import StackFile, stack_config, stack_file, stacks
    from slipway.engine.provider_resources import Config
    from slipway.engine.secrets import Crypter
    from slipway.localcloud.providers import PACKAGES, provider

    project = load_project(root)
    file = load_stack(root, stack) if stack in stacks(root) else StackFile(stack_file(root, stack), "", {})
    secret: Callable[[], str] = partial(passphrase, home.root)
    own = stack_config(project, file, Crypter(secret, file.salt))
    return EmbeddedEngine(
        program_at(root),
        project.name,
        stack,
        Config({**own.values, **extra}, own.secret_keys),
        home.states(project.name),
        {package: partial(provider, package) for package in PACKAGES},
        progress,
        passphrase=secret,
        salt=file.salt,
        root=root,
        fence=fence,
        other_states=home.states,
    )
