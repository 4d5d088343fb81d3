"""The whole of bootstrap: render, check, show, ask, make, point the stack file, make the rest."""

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway.bootstrap.clients import Clients, caller, connect
from slipway.bootstrap.identity_steps import Identity
from slipway.bootstrap.next_steps import commands, rehearsed
from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.rendered import plan_from
from slipway.bootstrap.stack_file import StackFile
from slipway.bootstrap.state_steps import StateBucket, StateKey
from slipway.bootstrap.steps import Action, Outcome, perform, survey
from slipway.bootstrap.subject import confirmed
from slipway.engine.offline import render_apart
from slipway.errors import SlipwayError
from slipway.github import Client
from slipway.platform.loopback import is_loopback
from slipway.private_folder import private_folder, rehearsal_folder

Load = Callable[[], BootstrapPlan]


@dataclass(kw_only=True)
class Report:
    """What was found and done. `next` are the commands that come after."""

    plan: BootstrapPlan
    caller: str
    file: Path
    dry_run: bool
    rehearsal: bool = False
    """Whether AWS was a stand-in, and the stack file a copy."""
    steps: list[Outcome] = field(default_factory=list[Outcome])
    file_changed: bool = False
    subject_confirmed: bool = False
    """Whether it is certain that the jobs' tokens carry the subject that the role trusts."""
    next: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        return {
            "stack": self.plan.stack,
            "account": self.plan.account,
            "region": self.plan.region,
            "caller": self.caller,
            "dry_run": self.dry_run,
            "rehearsal": self.rehearsal,
            "subject": {"trusted": list(self.plan.role.subjects), "confirmed": self.subject_confirmed},
            "steps": [vars(step) for step in self.steps],
            "file": {"path": str(self.file), "changed": self.file_changed},
            "next": list(self.next),
        }


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """How the person who runs it takes part: sees what will be done, agrees, and hears of each step."""

    agree: Callable[[Report], bool]
    done: Callable[[Outcome], None]


def project(root: Path, stack: str, endpoint: str | None) -> Path:
    """The folder to work in: the project's own, or with a stand-in a copy whose stack files may be written.

    Raises:
        SlipwayError: the stack needs no bootstrap, or the endpoint is not on loopback.
    """
    if stack == "local":
        raise SlipwayError(
            "the stack 'local' needs no bootstrap: `make up` makes all of it",
            fix="rehearse a real stack: slipway bootstrap prod --endpoint URL",
        )
    if endpoint is None:
        return root
    if not is_loopback(endpoint):
        raise SlipwayError(
            f"{endpoint} is not on this machine",
            where="--endpoint",
            fix="it is for rehearsals on loopback; for the real AWS leave it out",
        )
    return _rehearsal(root)


def _rehearsal(root: Path) -> Path:
    """`.slipway/rehearsal`: the project by links, Pulumi's files by copies, so that the real ones stay."""
    private_folder(root, make=True)
    folder = rehearsal_folder(root)
    folder.mkdir(mode=0o700, exist_ok=True)
    for entry in root.iterdir():
        place = folder / entry.name
        if entry.name.startswith("Pulumi."):
            if not place.is_file() or place.is_symlink() or place.stat().st_mtime < entry.stat().st_mtime:
                place.unlink(missing_ok=True)  # never through a link
                shutil.copyfile(entry, place)
        elif not entry.name.startswith(".") and not place.is_symlink():
            place.symlink_to(entry)
    return folder


def load_plan(root: Path, stack: str) -> BootstrapPlan:
    """The plan as the program at `root` declares it now; the program sees no credential."""
    key_arn = StackFile(root, stack).read().state_key
    rendered = render_apart(root, stack, secrets.token_hex(16))
    return plan_from(stack, rendered.registrations, rendered.outputs, key_arn=key_arn)


def bootstrap(
    root: Path,
    load: Load,
    watcher: Watcher,
    *,
    endpoint: str | None = None,
    dry_run: bool = False,
    github: Client | None = None,
) -> Report | None:
    """Make what is missing, in order; None where the person did not agree.

    Args:
        root: the folder with the stack file.
        load: the plan as it is at the moment; asked again once the stack file names the key, because the
            apply role's policies name it too.
        watcher: the person at the keyboard.
        endpoint: a stand-in on loopback instead of the real AWS.
        dry_run: look and report only.
        github: to ask which subject the jobs' tokens carry.

    Raises:
        SlipwayError: nothing was made that the next run would not find and use.
    """
    plan = load()
    file = StackFile(root, plan.stack)
    file.require_free(plan.secrets_provider)
    clients = connect(plan.account, plan.region, endpoint)
    report = Report(
        plan=plan,
        caller=caller(clients, plan.account),
        file=file.path,
        dry_run=dry_run,
        rehearsal=endpoint is not None,
        subject_confirmed=confirmed(plan, github),
    )
    key = StateKey(plan, clients)
    state = [*key.steps(), *StateBucket(plan, clients, key).steps()]
    report.steps = survey([*state, *Identity(plan, clients).steps()], plan.stack)
    if dry_run:
        return report
    if any(step.action in (Action.CREATE, Action.UPDATE) for step in report.steps) and not watcher.agree(
        report
    ):
        return None
    report.steps = perform(state, plan.stack, watcher.done)
    report.file_changed = _point(plan, file, key, clients)
    final = load()
    if final.identities != plan.identities:
        raise SlipwayError("the program declares other things now than those agreed to", where=str(file.path))
    report.steps += perform(Identity(final, clients).steps(), plan.stack, watcher.done)
    report.next = rehearsed(final) if endpoint else commands(final)
    return report


def _point(plan: BootstrapPlan, file: StackFile, key: StateKey, clients: Clients) -> bool:
    [provider] = survey([Identity(plan, clients).provider_step()], plan.stack)
    sealed = None if file.read().encrypted_key else key.seal_new_secrets_key()
    return file.point(
        secrets_provider=plan.secrets_provider,
        sealed_key=sealed,
        state_key=key.arn,
        adopt_provider=provider.action is Action.ADOPT,
    )
