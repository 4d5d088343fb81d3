"""The settings of the stack at hand. The only module that touches Pulumi's configuration."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import pulumi
from pulumi.runtime import config as runtime_config

from slipway.platform.reading import BLOCKS, PREFIX, parse, sources
from slipway.platform.settings import Settings


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
