"""The embedded engine: runs a program against in-process providers, with Pulumi's own state format."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from slipway.engine.backend import EngineBackend
from slipway.engine.deletion import delete_everything, delete_leftovers
from slipway.engine.errors import EngineError
from slipway.engine.fence import Fence
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Diagnostic, Progress, Result, Silent, Step
from slipway.engine.interruption import Answers, Interruption, Pending, by_providers, look_for, unknown
from slipway.engine.monitor import Monitor
from slipway.engine.plan import Plan, require_fit, require_same, require_state, steps_by_urn
from slipway.engine.plugins import Plugins, ProviderSource
from slipway.engine.program import Program, Project, run_program
from slipway.engine.provider_resources import Config, ProviderResources
from slipway.engine.references import References
from slipway.engine.refresh import look_again, refresh
from slipway.engine.run import Cancelled, Run
from slipway.engine.secrets import Crypter
from slipway.engine.state import (
    Properties,
    Snapshot,
    digest,
    options_digest,
    overlaid,
    to_deployment,
    to_records,
)
from slipway.engine.store import Rehearsal, Store
from slipway.engine.surroundings import Surroundings, keyed, of_upstreams, sdk_version
from slipway.engine.urn import ROOT_TYPE
from slipway.engine.values import show


class EmbeddedEngine:
    """One stack of one program, on the embedded engine.

    Args:
        program: the program, to be called once per preview or up.
        project: the project's name.
        stack: the stack's name.
        config: ``namespace:key`` to text, as `slipway.engine.project.stack_config` reads it.
        state_dir: where ``<stack>.json`` and its companions live; and those of the other stacks that the
            program may refer to.
        providers: a provider, or a function that makes one, per package.
        progress: told about every step.
        passphrase: for secrets in the state; a function is called at the first secret only.
        salt: the stack file's ``encryptionsalt``, used for a state that has none of its own.
        root: the project's folder.
        fence: the stand-in that the stack runs on. There is no way to say that it is none.
        other_states: of another project, the folder of its states.
    """

    name = "embedded"

    def __init__(  # noqa: PLR0917 - who runs what where, in the order of the class's docstring
        self,
        program: Program,
        project: str,
        stack: str,
        config: Mapping[str, str] | Config,
        state_dir: Path,
        providers: Mapping[str, ProviderSource],
        progress: Progress | None = None,
        *,
        passphrase: str | Callable[[], str] | None = None,
        salt: str = "",
        root: Path | None = None,
        fence: Fence,
        other_states: Callable[[str], Path] | None = None,
    ) -> None:
        self._program = program
        self._project = Project(project, stack, root or Path.cwd())
        own = config if isinstance(config, Config) else Config(dict(config))
        self._config = Config({**own.values, **fence.config}, own.secret_keys)
        self._providers = providers
        self._progress = progress or Silent()
        self._references = References(project, state_dir, other_states, passphrase)
        self._fingerprints = Fingerprints()
        self._store = Store(state_dir, stack, Crypter(passphrase, salt))

    def preview(self) -> Result:
        """What `up` would do. Providers only rehearse; nothing is written, no lock is taken."""
        snapshot, warnings = self._store.load()
        run = self._run(Rehearsal(snapshot), preview=True)
        return self._deploy("preview", run, warnings)

    def up(self) -> Result:
        """Make the world as the program says. What succeeded is in the state, whatever happens later."""
        with self._store.locked():
            snapshot, warnings = self._recover()
            run = self._run(self._store.begin(snapshot), preview=False)
            return self._deploy("up", run, warnings)

    def destroy(self) -> Result:
        """Delete everything in the state, dependents first, without running the program."""
        with self._store.locked():
            snapshot, warnings = self._recover()
            run = self._run(self._store.begin(snapshot), preview=False)
            return self._without_program("destroy", run, warnings, delete_everything)

    def refresh(self) -> Result:
        """Read every resource and make the state as the world is."""
        with self._store.locked():
            snapshot, warnings = self._recover()
            run = self._run(self._store.begin(snapshot), preview=False)
            return self._without_program("refresh", run, warnings, refresh)

    def drift(self) -> Result:
        """What was changed or deleted behind our back. Inputs are compared; nothing is written."""
        snapshot, warnings = self._store.load()
        run = self._run(Rehearsal(snapshot), preview=True)
        return self._without_program("drift", run, warnings, refresh)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs as the state has them, secrets masked."""
        return show(_outputs(self._store.load()[0]))

    def reveal_outputs(self) -> Properties:
        """The stack's outputs as plain values, secrets wrapped but readable. For tests and other programs."""
        return _outputs(self._store.load()[0])

    def plan(
        self,
        *,
        destroy: bool = False,
        targets: Sequence[str] = (),
        imports: str = "",
        key: bytes | None = None,
    ) -> Plan:
        """What `up`, or `destroy`, would do, in a form to be applied later.

        Raises:
            EngineError: targets or imports, for which this engine has no rules.
        """
        if targets or imports:
            raise EngineError(
                "the embedded engine plans a stack whole: it does not know what Pulumi does about "
                f"{'dependents of a target' if targets else 'resources that no program declares'}",
                where=self._project.stack,
                fix="take the Pulumi CLI (--engine pulumi), or plan all of the stack",
            )
        return self._plan(Fingerprints(key), self._progress, destroy=destroy)

    def apply(self, plan: Plan) -> Result:
        """Do what a plan says: the program is rehearsed first, and each step is held against the plan.

        Raises:
            PlanRefused: the state was changed since, or the program now asks for something else.
        """
        require_fit(plan, self.name, self._project.name, self._project.stack)
        fingerprints = Fingerprints(plan.key)
        destroy = plan.operation == "destroy"
        with self._store.locked():
            require_state(plan, self.state_digest(plan.key))
            fresh = self._plan(fingerprints, Silent(), destroy=destroy)
            if not fresh.result.ok:
                return replace(fresh.result, operation="apply")
            require_same(plan, fresh)
            snapshot, warnings = self._recover()
            run = self._run(
                self._store.begin(snapshot),
                preview=False,
                fingerprints=fingerprints,
                planned=steps_by_urn(plan.result),
            )
            if destroy:
                return self._without_program("apply", run, warnings, _delete_what_is_there)
            return self._deploy("apply", run, warnings, look=True)

    def export(self) -> dict[str, Any]:
        """The state as ``pulumi stack export`` prints it."""
        snapshot, _ = self._store.load()
        return to_deployment(snapshot, self._store.crypter)

    def amend(self, found: Mapping[str, Mapping[str, Any]], gone: Collection[str] = ()) -> None:
        """Write into the state what a provider does not read back."""
        with self._store.locked():
            snapshot, _ = self._recover()
            ledger = self._store.begin(snapshot)
            for urn, properties in found.items():
                state = snapshot.live[urn]
                inputs, outputs = overlaid(state.inputs, properties), overlaid(state.outputs, properties)
                ledger.put(replace(state, inputs=inputs, outputs=outputs))
            for urn in gone:
                ledger.forget(snapshot.live[urn])
            ledger.close()

    def state_digest(self, key: bytes) -> str:
        """Of what the state says, whatever the encryption of its secrets."""
        return _digest(self._store.load()[0], Fingerprints(key))

    def surroundings(self, key: bytes, upstreams: Collection[str] = ()) -> Surroundings:
        """What a run depends on beside program, state and world; the providers are this package's own."""
        fingerprints = Fingerprints(key)
        outputs = {name: found for name in upstreams if (found := self._references.find(name)) is not None}
        return Surroundings(
            keyed(fingerprints, "config", self._config.values),
            of_upstreams(fingerprints, outputs),
            sdk_version(),
            {},
        )

    def interrupted(self, answers: Answers | None = None, *, look: bool = True) -> Interruption:
        """What a killed run left. Its lock died with it, and `up` and `destroy` adopt by themselves."""
        snapshot, _ = self._store.load()
        pending = Pending(tuple(snapshot.pending.values()), (), tuple(snapshot.ordered()))
        lookup = by_providers(lambda: Plugins(self._providers)) if look else unknown
        findings = look_for(pending, lookup, answers or Answers())
        return Interruption(self._project.name, self._project.stack, self.name, findings=findings)

    def recover(self, interruption: Interruption) -> Result:
        """Take what is ours into the state, and forget the rest."""
        interruption.require_decided()
        with self._store.locked():
            snapshot, _ = self._recover()
            ledger = self._store.begin(snapshot)
            for item in interruption.findings:
                if item.asked.urn not in snapshot.pending:
                    continue
                if item.ours is None:
                    ledger.settled(item.asked.urn)
                else:
                    ledger.put(item.ours, condemn=item.asked.urn in snapshot.live)
            ledger.close()
        return interruption.result(done=True)

    def _plan(self, fingerprints: Fingerprints, progress: Progress, *, destroy: bool) -> Plan:
        snapshot, warnings = self._store.load()
        state = _digest(snapshot, fingerprints)
        run = self._run(Rehearsal(snapshot), preview=True, fingerprints=fingerprints, progress=progress)
        if destroy:
            result = self._without_program("preview", run, warnings, _delete_what_is_there)
        else:
            result = self._deploy("preview", run, warnings, look=True)
        options = options_digest(snapshot.live.values(), fingerprints)
        return Plan("destroy" if destroy else "up", result, state, options, fingerprints.key)

    def _recover(self) -> tuple[Snapshot, list[str]]:
        """The state, made whole on disk before anything else is done with it."""
        snapshot, warnings = self._store.load()
        if warnings:
            self._store.save(snapshot)
        return snapshot, warnings

    def _run(
        self,
        ledger: Any,
        *,
        preview: bool,
        fingerprints: Fingerprints | None = None,
        progress: Progress | None = None,
        planned: Mapping[str, list[Step]] | None = None,
    ) -> Run:
        return Run(
            self._project.name,
            self._project.stack,
            ledger,
            progress or self._progress,
            fingerprints or self._fingerprints,
            sensitive=self._config.secrets,
            preview=preview,
            planned=planned,
        )

    def _deploy(self, operation: str, run: Run, warnings: list[str], *, look: bool = False) -> Result:
        providers = ProviderResources(run, Plugins(self._providers), self._config)

        def monitor(loop: asyncio.AbstractEventLoop) -> Monitor:
            backend = EngineBackend(run, providers, loop, self._references)
            return Monitor(self._project.name, self._project.stack, backend)

        def work(run: Run, providers: ProviderResources) -> None:
            if look:
                look_again(run, providers)
                if not run.ok:
                    return
            error = run_program(self._program, self._project, self._config, monitor, preview=run.preview)
            if error is not None and not isinstance(error, Cancelled):
                run.diagnostics.append(Diagnostic("error", run.redacted(str(error))))
            if run.ok:
                delete_leftovers(run, providers)

        return self._perform(operation, run, warnings, providers, work)

    def _without_program(
        self,
        operation: str,
        run: Run,
        warnings: list[str],
        work: Callable[[Run, ProviderResources], None],
    ) -> Result:
        providers = ProviderResources(run, Plugins(self._providers), self._config)
        return self._perform(operation, run, warnings, providers, work)

    def _perform(
        self,
        operation: str,
        run: Run,
        warnings: list[str],
        providers: ProviderResources,
        work: Callable[[Run, ProviderResources], None],
    ) -> Result:
        began = time.monotonic()
        for warning in warnings:
            run.warn(warning)
        with interruptible(run, self._progress):
            try:
                work(run, providers)
            except Cancelled:
                pass
            finally:
                run.ledger.close()
        return Result(
            operation,
            self._project.name,
            self._project.stack,
            self.name,
            tuple(run.steps),
            show(_outputs(run.snapshot)),
            tuple(run.diagnostics),
            run.ok,
            run.cancelled,
            time.monotonic() - began,
            run.fingerprints.key_id,
        )


def _delete_what_is_there(run: Run, providers: ProviderResources) -> None:
    look_again(run, providers)
    if run.ok:
        delete_everything(run, providers)


def _digest(snapshot: Snapshot, fingerprints: Fingerprints) -> str:
    return digest(to_records(snapshot, str), fingerprints)  # `str`: secrets stay as they are


def _outputs(snapshot: Snapshot) -> Properties:
    for state in snapshot.live.values():
        if state.type == ROOT_TYPE:
            return state.outputs
    return {}


@contextmanager
def interruptible(run: Run, progress: Progress) -> Generator[None]:
    """Ctrl-C once: finish what is in flight, save, stop. Twice: stop at once; the journal has it all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if run.cancelled:
            os._exit(130)
        run.cancel()
        progress.message("stopping: what is in flight will be finished and saved; Ctrl-C again stops at once")

    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
