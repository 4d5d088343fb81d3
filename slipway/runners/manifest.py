"""The GitHub App of a fleet as GitHub's manifest says it: the least it needs, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.runners.fleet import Fleet

Json = dict[str, Any]
EVENTS = ("workflow_job", "workflow_run")
NAME_LENGTH = 34
"""GitHub's limit for the name of an App.
https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/registering-a-github-app"""

_LEVELS = {"": 0, "read": 1, "write": 2, "admin": 3}


def permissions(configuration: Json) -> dict[str, str]:
    """The least that the fleet's App needs: it re-runs jobs only where a class says so."""
    classes: Json = configuration.get("classes") or {}
    reruns = any(settings.get("rerun_interrupted") for settings in classes.values())
    return {
        "actions": "write" if reruns else "read",
        "metadata": "read",
        "organization_self_hosted_runners": "write",
    }


def manifest(fleet: Fleet, configuration: Json, *, webhook: str, redirect: str) -> Json:
    """What is posted to GitHub, which asks the organisation's owner to agree to exactly this.
    https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest

    Args:
        fleet: whose App it is.
        configuration: the fleet's own, which decides the permissions.
        webhook: URL that GitHub sends the events to.
        redirect: URL that the browser is sent to with the code.
    """
    return {
        "name": f"{fleet.organization}-{fleet.name}-runners"[:NAME_LENGTH].rstrip("-"),
        "url": f"{fleet.github_web}/{fleet.organization}",
        "description": f"Brings up and ends the runners of the fleet {fleet.name}.",
        "hook_attributes": {"url": webhook, "active": True},
        "redirect_url": redirect,
        "public": False,
        "default_permissions": permissions(configuration),
        "default_events": list(EVENTS),
    }


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One place where a live App is not as declared. `declared` or `live` is empty where there is none."""

    what: str
    declared: str
    live: str

    @property
    def lacking(self) -> bool:
        """Whether the fleet cannot work so; otherwise the App may more than it needs."""
        return _LEVELS.get(self.live, 0) < _LEVELS.get(self.declared, 0)


def differences(minimum: Mapping[str, str], app: Json) -> list[Difference]:
    """Where the live App, or its installation, has other permissions or events than the minimum."""
    live: Mapping[str, str] = app.get("permissions") or {}
    differing = [
        Difference(what=f"permission {name}", declared=minimum.get(name, ""), live=live.get(name, ""))
        for name in sorted({*minimum, *live})
        if minimum.get(name, "") != live.get(name, "")
    ]
    events: set[str] = set(app.get("events") or ())
    differing += [
        Difference(what=f"event {event}", declared="read", live="") for event in EVENTS if event not in events
    ]
    differing += [
        Difference(what=f"event {event}", declared="", live="read") for event in sorted(events - set(EVENTS))
    ]
    return differing
