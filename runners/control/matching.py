"""Which class serves a job, or why none may. Pure."""

from dataclasses import dataclass

from runners.control.config import Fleet, RunnerClass
from runners.control.items import Job
from runners.control.messages import JobEvent
from runners.control.reasons import Reason


@dataclass(frozen=True, slots=True)
class Placement:
    """The class of a job (empty: none matches its labels) and what holds it up (empty: nothing)."""

    class_name: str
    reason: Reason | None = None


def matches(runner: RunnerClass, labels: tuple[str, ...]) -> bool:
    """GitHub's rule: every label of the job is one of the runner's, whatever their case.

    A job without any names a runner group alone, of which its event does not tell; so no class can be picked.

    https://docs.github.com/en/actions/how-tos/write-workflows/choose-where-workflows-run/choose-the-runner-for-a-job
    """
    return bool(labels) and frozenset(label.lower() for label in labels) <= runner.label_set


def place(fleet: Fleet, event: JobEvent | Job, *, own: bool | None) -> Placement:
    """The first class that matches and may serve it, else the first that matches and why it may not.

    Classes that opted in to the CICD role come last, always: nobody gets that by naming few labels, nor while
    another class may yet serve the job. Else those with fewer labels come first, then by name. `own` is
    whether the run's code comes from the repository itself; None is not known yet.
    """
    ordered = sorted(
        fleet.classes.values(), key=lambda runner: (runner.cicd, len(runner.labels), runner.name)
    )
    best: Placement | None = None
    for runner in ordered:
        if not matches(runner, event.labels):
            continue
        if runner.cicd and best is not None and best.reason is Reason.ORIGIN:
            break
        reason = refusal(runner, event.repository, private=event.private, own=own)
        if reason is None:
            return Placement(runner.name)
        # A job that may yet be served waits there rather than being refused elsewhere.
        if best is None or (reason is Reason.ORIGIN and best.reason is not Reason.ORIGIN):
            best = Placement(runner.name, reason)
    return best or Placement("", Reason.NO_CLASS)


def refusal(runner: RunnerClass, repository: str, *, private: bool, own: bool | None) -> Reason | None:
    """Why `runner` may not serve a job of `repository`; None: it may."""
    if repository.lower() not in runner.repositories:
        return Reason.REPOSITORY
    if not private and not runner.public:
        return Reason.PUBLIC
    if runner.forks:
        return None
    if own is None:
        return Reason.ORIGIN
    return None if own else Reason.FORK
