"""The settings of the stack at hand. The only module that touches Pulumi's configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pulumi
from pulumi.runtime import config as runtime_config

from slipway.platform.environments import environments
from slipway.platform.reading import BLOCKS, PREFIX, parse, sources
from slipway.platform.settings import PRIVATE_ACTIONS_TOKEN, Settings, database_url_key


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Secret values, read beside the settings so that no structured object ever holds one."""

    private_actions_token: pulumi.Output[str] | None
    database_urls: Mapping[tuple[str, str], pulumi.Output[str]]
    """By package and environment; an environment without one gets no Secret from the platform."""


def load(config: pulumi.Config, stack: str) -> Settings:
    """Read a stack's settings: what Pulumi gives this run, and the services' files beside it.

    Args:
        config: the project's configuration bag.
        stack: the stack's name.

    Raises:
        SettingsError: with every mistake of the files, before anything is registered.
    """
    # Pulumi's own bag answers for one key at a time, and a misspelt one is never asked for.
    bag = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    keys = [name.removeprefix(PREFIX) for name in bag if name.startswith(PREFIX)]
    # The other keys are secrets: that they are there is all that settings ask.
    values = {key: cast(object, config.get_object(key)) if key in BLOCKS else None for key in keys}
    return parse(replace(sources(Path(), stack), values=values))


def read_secrets(config: pulumi.Config, settings: Settings) -> Secrets:
    """Read the secrets that this stack's settings call for."""
    urls: dict[tuple[str, str], pulumi.Output[str]] = {}
    for environment in environments(settings):
        for placement in environment.placements if environment.deploys else ():
            if placement.settings.database is None:
                continue
            url = config.get_secret(database_url_key(placement.package, environment.name))
            if url is None and settings.on_stand_in:
                url = pulumi.Output.secret(f"postgres://local@db.invalid/{placement.package}")
            if url is not None:
                urls[placement.package, environment.name] = url
    wanted = settings.organization.github.private_actions and settings.stack.builds
    return Secrets(
        private_actions_token=config.require_secret(PRIVATE_ACTIONS_TOKEN) if wanted else None,
        database_urls=urls,
    )
