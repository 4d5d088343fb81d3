"""The GitHub App of a fleet as it is declared: the least it needs, and nothing else."""

from typing import Any

from slipway.apps.manifest import Declared
from slipway.runners.fleet import Fleet

Json = dict[str, Any]
EVENTS = ("workflow_job", "workflow_run")


def permissions(configuration: Json) -> dict[str, str]:
    """The least that the fleet's App needs: it re-runs jobs only where a class says so."""
    classes: Json = configuration.get("classes") or {}
    reruns = any(settings.get("rerun_interrupted") for settings in classes.values())
    return {
        "actions": "write" if reruns else "read",
        "metadata": "read",
        "organization_self_hosted_runners": "write",
    }


def declared(fleet: Fleet, configuration: Json) -> Declared:
    """The fleet's App, whose events go to its API, which must be up.

    Args:
        fleet: whose App it is.
        configuration: the fleet's own, which decides the permissions.
    """
    return Declared(
        organization=fleet.organization,
        suffix=f"{fleet.name}-runners",
        description=f"Brings up and ends the runners of the fleet {fleet.name}.",
        permissions=permissions(configuration),
        events=EVENTS,
        webhook=f"{fleet.api}/webhook",
    )
