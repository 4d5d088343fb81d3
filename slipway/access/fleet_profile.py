"""The profile by which a run becomes a role of the fleet's account, where its own stack is in another
network.

Plans become one role and applies another. Named in the provider's own arguments, that would show as a change
of the provider in every plan (docs/decisions/0024-the-way-to-a-cluster.md). So the provider names a file,
whose path is the same in each run. The program writes it, and so does each command before it runs the
engine: a refresh or a destroy runs no program, and takes the provider from the state.
"""

from pathlib import Path

from slipway.access.trust import session_name
from slipway.platform import naming
from slipway.platform.reach import far_role
from slipway.platform.settings import Settings
from slipway.private_folder import private_folder

PROFILE = "slipway-fleet"


def profile_file(settings: Settings) -> str:
    """Where the profile of a stack stands, from the project's folder."""
    return f".slipway/aws-profiles-{settings.stack}"


def write(root: Path, settings: Settings, caller: str) -> None:
    """Write the profile for a run.

    Args:
        root: the project's folder.
        settings: of the stack.
        caller: the ARN of whoever runs it, as STS says it. The credentials are taken from the environment.

    Raises:
        SlipwayError: `.slipway` is not ours.
        OSError: it cannot be written to.
    """
    planning = f":assumed-role/{naming.plan_role(settings.stack)}/" in caller
    private_folder(root, make=True)
    (root / profile_file(settings)).write_text(
        f"[profile {PROFILE}]\n"
        f"role_arn = {far_role(settings, applying=not planning)}\n"
        f"role_session_name = {session_name('network', settings.stack)}\n"
        "credential_source = Environment\n"
    )
