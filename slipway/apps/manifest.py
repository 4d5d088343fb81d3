"""A GitHub App as it is declared: what is posted to GitHub, and where a live one differs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
NAME_LENGTH = 34
"""GitHub's limit for the name of an App.
https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/registering-a-github-app"""

_LEVELS = {"": 0, "read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """The least that one App needs, and nothing else."""

    organization: str
    suffix: str
    """What its name ends with, after the organisation's."""
    description: str
    permissions: Mapping[str, str]
    """By GitHub's own keys: `read` or `write`."""
    events: tuple[str, ...] = ()
    webhook: str = ""
    """URL that GitHub sends the events to; empty for an App that takes none."""

    def manifest(self, github_web: str, redirect: str) -> Json:
        """What is posted to GitHub, which asks the organisation's owner to agree to exactly this.
        https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest

        Args:
            github_web: base URL of GitHub's pages.
            redirect: URL that the browser is sent to with the code.
        """
        home = f"{github_web}/{self.organization}"
        return {
            "name": f"{self.organization}-{self.suffix}"[:NAME_LENGTH].rstrip("-"),
            "url": home,
            "description": self.description,
            # GitHub asks for an address of an inactive webhook, too.
            "hook_attributes": {"url": self.webhook or home, "active": bool(self.webhook)},
            "redirect_url": redirect,
            "public": False,
            "default_permissions": dict(self.permissions),
            "default_events": list(self.events),
        }

    def differences(self, app: Json) -> "list[Difference]":
        """Where the live App, or its installation, has other permissions or events than declared."""
        live: Mapping[str, str] = app.get("permissions") or {}
        differing = [
            Difference(
                what=f"permission {name}", declared=self.permissions.get(name, ""), live=live.get(name, "")
            )
            for name in sorted({*self.permissions, *live})
            if self.permissions.get(name, "") != live.get(name, "")
        ]
        events: set[str] = set(app.get("events") or ())
        declared = set(self.events)
        differing += [
            Difference(what=f"event {event}", declared="read", live="")
            for event in self.events
            if event not in events
        ]
        differing += [
            Difference(what=f"event {event}", declared="", live="read") for event in sorted(events - declared)
        ]
        return differing


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One place where a live App is not as declared. `declared` or `live` is empty where there is none."""

    what: str
    declared: str
    live: str

    @property
    def lacking(self) -> bool:
        """Whether its jobs cannot work so; otherwise the App may more than it needs."""
        return _LEVELS.get(self.live, 0) < _LEVELS.get(self.declared, 0)

    def __str__(self) -> str:
        note = "lacking" if self.lacking else "more than it needs"
        return f"{self.what}: {self.live or 'none'}, declared {self.declared or 'none'} ({note})"
