"""Who runs a command of infrastructure delivery, and whether another one who did is over."""

import getpass
import os
import re
import socket
from collections.abc import Mapping
from datetime import UTC, datetime

from slipway.recovery import Runs
from slipway.recovery.runs import Run as ActionsRun
from slipway.stacks.plans.making import Run

_OWNER = re.compile(r"(?P<repository>[^/]+/[^/]+)/runs/(?P<id>[0-9]+)/attempts/(?P<attempt>[0-9]+)")
_UNUSUAL = re.compile(r"[^A-Za-z0-9_-]+")


def run_here(
    commit: str, *, given: str = "", base: str = "", environment: Mapping[str, str] = os.environ
) -> Run:
    """The run that this process is part of.

    Args:
        commit: what is checked out.
        given: the id that it is to go by; in Actions the job's own, elsewhere a new one if empty.
        base: the commit of main that a plan is compared with.
    """
    job = Runs(environment).present(0.0)
    actor = environment.get("GITHUB_TRIGGERING_ACTOR") or environment.get("GITHUB_ACTOR") or ""
    if job is None:
        user = _UNUSUAL.sub("-", getpass.getuser()) or "somebody"
        moment = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"[:-3]
        return Run(id=given or f"{user}-{moment}-1", actor=user, commit=commit, base=base)
    return Run(id=given or f"{job.id}-{job.attempt}", actor=actor, commit=commit, base=base)


def link(environment: Mapping[str, str] = os.environ) -> str:
    """The address of the job's run; empty outside of Actions."""
    job = Runs(environment).present(0.0)
    server = environment.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{server}/{job.repository}/actions/runs/{job.id}" if job else ""


def owner(run: Run, environment: Mapping[str, str] = os.environ) -> str:
    """How a lease names its holder, so that others can find out whether it is over."""
    job = Runs(environment).present(0.0)
    if job is None:
        return f"{run.actor}@{socket.gethostname()}:{os.getpid()}"
    return f"{job.repository}/runs/{job.id}/attempts/{job.attempt}"


def is_over(holder: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether GitHub says that the run which holds a lease has ended. Of anybody else nobody can say so."""
    found = _OWNER.fullmatch(holder)
    if found is None:
        return False
    run = ActionsRun(
        repository=found["repository"], id=int(found["id"]), attempt=int(found["attempt"]), began=0.0
    )
    return bool(Runs(environment).ended(run))
