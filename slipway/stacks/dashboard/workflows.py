"""The last runs of each workflow of a repository, as GitHub tells them.

https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from slipway.github import Client
from slipway.stacks.dashboard.board import Workflow, WorkflowRun

_LOOKED_AT: Final = 300
"""Runs of the repository, the newest: three pages of GitHub's."""
_SHOWN: Final = 5
"""Of each workflow."""


def last_runs(client: Client, repository: str) -> tuple[Workflow, ...]:
    """Of each workflow that ran lately its last runs, by name; it takes `actions: read`.

    Args:
        repository: as owner/name.

    Raises:
        GithubError: there is no such repository, or the token may not look.
    """
    found: dict[str, list[WorkflowRun]] = {}
    for run in islice(client.every(f"/repos/{repository}/actions/runs", "workflow_runs"), _LOOKED_AT):
        runs = found.setdefault(str(run.get("name") or run.get("path") or "?"), [])
        if len(runs) < _SHOWN:
            runs.append(_run(run))
    return tuple(Workflow(name=name, runs=tuple(runs)) for name, runs in sorted(found.items()))


def _run(run: dict[str, Any]) -> WorkflowRun:
    return WorkflowRun(
        id=int(run["id"]),
        outcome=str(run.get("conclusion") or run.get("status") or "?"),
        branch=str(run.get("head_branch") or ""),
        event=str(run.get("event") or ""),
        at=str(run.get("run_started_at") or run.get("created_at") or ""),
    )
