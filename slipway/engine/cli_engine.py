"""The Pulumi CLI as an engine: the only one that ever touches a real cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from slipway.engine.cli_events import Events
from slipway.engine.cli_plan import UpdatePlan, content, inputs_of, private_file
from slipway.engine.cli_process import Ended, stream
from slipway.engine.cli_state import forget, mark_undone, overlay, undone
from slipway.engine.drift import TOLD, tells
from slipway.engine.errors import EngineError
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Diagnostic, Progress, Result, Silent, Step
from slipway.engine.interruption import (
    Answers,
    Interruption,
    Lookup,
    adopted,
    advised,
    locks_of,
    look_for,
    pending_of,
    unknown,
)
from slipway.engine.locks import Locks
from slipway.engine.plan import Operation, Plan, require_fit, require_same, require_state
from slipway.engine.plugins import redact
from slipway.engine.state import VERSION, digest
from slipway.engine.surroundings import Surroundings, keyed, of_upstreams
from slipway.engine.values import Plain
from slipway.errors import SlipwayError
from slipway.platform.documents import read

INSTALL: Final = "install it: https://www.pulumi.com/docs/iac/download-install/"
_FLAGS: Final = ("--non-interactive", "--color", "never")
_HELD_TO_POLICIES: Final = ("preview", "up")
"""The commands that take `--policy-pack` (pkg/cmd/pulumi, v3.260)."""
_ENCRYPTION: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""Keys of a stack file that say how its secrets are encrypted."""


class PulumiEngine:
    """One stack of one project folder, by the ``pulumi`` command.

    Args:
        folder: the folder with ``Pulumi.yaml``.
        project: the project's name.
        stack: the stack's name.
        environment: what the command sees; the present environment if None. For `local` it must come from
            `slipway.engine.cli_local`, which leaves no credential in it.
        progress: told about every step.
        create: make the stack, at the first `up` or at once for `local`, if the backend does not have it.
        secrets_provider: what seals the secrets of a stack that is made; the backend's own if empty.
        locks: the stack's, in its backend; None where a backend has none that can be read.
        lookup: finds what an interrupted run made. Without one, a person has to say.
        constrain: whether `apply` is held to Pulumi's update plan, which refuses some valid applies
            (https://github.com/pulumi/pulumi/issues/11587 and others). What is checked before stays.

    Raises:
        SlipwayError: ``pulumi`` is not on PATH.
    """

    name = "pulumi"

    def __init__(
        self,
        folder: Path,
        project: str,
        stack: str,
        environment: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        *,
        create: bool = False,
        secrets_provider: str = "",
        constrain: bool = True,
        locks: Locks | None = None,
        lookup: Lookup = unknown,
    ) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        command = shutil.which("pulumi", path=self._environment.get("PATH"))
        if command is None:
            raise SlipwayError("the Pulumi CLI is not on PATH", fix=INSTALL)
        self._command = command
        self._folder = folder
        self._project = project
        self._stack = stack
        self._progress = progress or Silent()
        self._create = create
        self._secrets_provider = secrets_provider
        self._constrain = constrain
        self._locks = locks
        self._lookup = lookup
        self.policy_packs: tuple[str, ...] = ()
        """Folders of policy packs that a preview and an update are held to."""
        self._sensitive: list[dict[str, Plain]] = []
        """Secrets that a plan told us, for what Pulumi says afterwards."""
        self._read: list[Step] = []
        """What the last run read before its own steps."""

    def preview(self) -> Result:
        """What `up` would do. Takes no lock, writes nothing."""
        return self._run("preview", ["preview", "--json"])

    def up(self) -> Result:
        return self._run("up", ["up", "--yes", "--skip-preview", "--json"])

    def refresh(self) -> Result:
        """Make the state as the world is.

        Pulumi forgets at each read what an update left undone (`RefreshStep.Apply` in
        pkg/resource/deploy/step.go, v3.260), and the next `up` passes over it where no input differs. Here it
        stays until an update has done it.
        """
        reasons = undone(self.readable_state())
        result = self._run("refresh", ["refresh", "--yes", "--skip-preview", "--json"])
        reasons |= {step.urn: [TOLD] for step in result.steps if tells(step)}
        # Also after a failure: what was read before it is in the state, and is not found a second time.
        if reasons and mark_undone(deployment := self.export()["deployment"], reasons):
            self.replace_state(deployment)
        return result

    def drift(self) -> Result:
        """What `refresh` would find. ``--preview-only`` takes no lock and refuses ``--yes``."""
        return self._run("drift", ["refresh", "--preview-only", "--json"])

    def destroy(self) -> Result:
        return self._run("destroy", ["destroy", "--yes", "--skip-preview", "--json"])

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets as ``[secret]``."""
        self._select()
        return self._outputs()

    def plan(
        self,
        *,
        destroy: bool = False,
        targets: Sequence[str] = (),
        imports: str = "",
        key: bytes | None = None,
    ) -> Plan:
        """What `up`, or `destroy`, would do; of `up` with Pulumi's own update plan.

        One run of the engine, and calls that only read: the state, and the plan's secrets.

        Raises:
            SlipwayError: the stack's state cannot be read.
        """
        operation = "destroy" if destroy else "import" if imports else "up"
        return self._plan(Fingerprints(key), self._progress, operation, tuple(targets), imports)

    def apply(self, plan: Plan) -> Result:
        """Do what a plan says: after a preview of now that must be the same, and under Pulumi's update plan.

        Pulumi's own preview phase is kept, since with ``--skip-preview`` an update that breaks its plan stops
        in the middle. Nobody else may change the state meanwhile: the caller holds the stack's lease.

        Raises:
            PlanRefused: the state was changed since, or the program now asks for something else.
        """
        require_fit(plan, self.name, self._project, self._stack)
        self._select()
        require_state(plan, self.state_digest(plan.key))
        asked = (plan.operation, plan.targets, plan.imports)
        fresh = self._plan(Fingerprints(plan.key), Silent(), *asked)
        if not fresh.result.ok:
            return replace(fresh.result, operation="apply")
        require_same(plan, fresh)
        given = plan.imports.encode() if plan.operation == "import" else plan.constraint
        with private_file(given) as file:
            done = ["--yes", "--skip-preview", "--json"]
            if plan.operation == "up" and self._constrain:
                done = ["--yes", "--json", "--plan", f"/dev/fd/{file}"]
            again = _looking_again(plan.operation, self.readable_state())
            result = self._run("apply", [*_words(*asked[:2], file), *again, *done], files=(file,))
        self._keep_told(result)
        return result

    def _keep_told(self, result: Result) -> None:
        """Leave to the next update what the read before this one found, as `refresh` does."""
        done = {step.urn for step in result.steps if step.op != "same"}
        reasons = {step.urn: [TOLD] for step in self._read if tells(step) and step.urn not in done}
        if reasons and mark_undone(deployment := self.export()["deployment"], reasons):
            self.replace_state(deployment)

    def interrupted(self, answers: Answers | None = None, *, look: bool = True) -> Interruption:
        """What a killed run left: Pulumi's locks in the backend, and the pending operations of the state.

        Raises:
            SlipwayError: the state cannot be read.
        """
        if answers is None and self._locks and self._locks.settled():
            return Interruption(self._project, self._stack, self.name)
        told = answers or Answers()
        locks = locks_of(self._locks.held() if self._locks else (), told)
        pending = pending_of(self.readable_state())
        findings = look_for(pending, self._lookup if look else unknown, told)
        return Interruption(self._project, self._stack, self.name, locks, findings, pending.others)

    def recover(self, interruption: Interruption) -> Result:
        """Remove the locks, and write the state with what is ours. Pulumi holds its own lock meanwhile."""
        interruption.require_decided()
        for item in interruption.locks:
            if self._locks:
                self._locks.clear(item.lock)
        if interruption.findings or interruption.begun:
            self.replace_state(adopted(self.export().get("deployment") or {}, interruption.findings))
        return interruption.result(done=True)

    def replace_state(self, deployment: dict[str, Any]) -> None:
        """Write another state. Readable secrets in it are sealed. Pending operations do not survive this.

        Raises:
            EngineError: Pulumi finds fault with it, or another run has the stack.
        """
        self._select()
        document = {"version": VERSION, "deployment": deployment}
        with private_file(json.dumps(document).encode()) as file:
            self._call("stack", "import", "--stack", self._stack, "--file", f"/dev/fd/{file}", files=(file,))

    def readable_state(self) -> dict[str, Any]:
        """The deployment with readable secrets; an empty one where the stack was not made yet."""
        try:
            return self._deployment()
        except EngineError as error:
            # A run that was killed early may leave a lock, and no stack.
            if "no stack named" in str(error):
                return {}
            raise

    def export(self) -> dict[str, Any]:
        """The state as ``pulumi stack export`` prints it, secrets encrypted."""
        return json.loads(self._call("stack", "export", "--stack", self._stack))

    def amend(self, found: Mapping[str, Mapping[str, Any]], gone: Collection[str] = ()) -> None:
        """Write into the state what a provider does not read back."""
        deployment = self.export()["deployment"]
        overlay(deployment, found)
        forget(deployment, gone)
        self.replace_state(deployment)

    def state_digest(self, key: bytes) -> str:
        """Of what the state says, whatever the encryption of its secrets."""
        return digest(self._deployment(), Fingerprints(key))

    def surroundings(self, key: bytes, upstreams: Collection[str] = ()) -> Surroundings:
        """What a run depends on beside program, state and world; of plugins those that the program needs."""
        self._select()
        fingerprints = Fingerprints(key)
        shown = self._call("config", "--show-secrets", "--json", "--stack", self._stack)
        about = json.loads(self._call("about", "--json", "--stack", self._stack))
        return Surroundings(
            keyed(fingerprints, "config", json.loads(shown)),
            of_upstreams(fingerprints, self._outputs_of(upstreams)),
            {"the Pulumi CLI": str(about["cliAbout"]["version"])},
            {item["name"]: str(item.get("version") or "") for item in about.get("plugins") or ()},
        )

    def _outputs_of(self, stacks: Collection[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for name in stacks:
            with suppress(EngineError):
                shown = self._call("stack", "output", "--json", "--show-secrets", "--stack", name)
                found[name] = json.loads(shown or "{}")
        return found

    def _plan(
        self,
        fingerprints: Fingerprints,
        progress: Progress,
        operation: Operation,
        targets: tuple[str, ...],
        imports: str,
    ) -> Plan:
        self._select()
        deployment = self._deployment()
        state, inputs = digest(deployment, fingerprints), inputs_of(deployment)
        self._sensitive = [*inputs.values()]
        with private_file(imports.encode()) as file:
            looking = ["--json", "--preview-only"]
            if operation == "up":
                looking = ["--json", "--save-plan", f"/dev/fd/{file}"]
            again = _looking_again(operation, deployment)
            arguments = [*_words(operation, targets, file, preview=True), *again, *looking]
            result = self._run("preview", arguments, progress=progress, files=(file,))
            constraint = content(file) if operation == "up" else b""
        update_plan = UpdatePlan(constraint or b"{}", self._decrypt)
        self._sensitive += update_plan.secrets()
        steps = update_plan.filled(result.steps, inputs, fingerprints)
        result = replace(result, steps=steps, secrets_key=fingerprints.key_id)
        if targets:
            said = f"only this is planned for, and nothing else of the program: {', '.join(targets)}"
            told = (*result.diagnostics, Diagnostic("warning", said))
            result = replace(result, diagnostics=told)
        options = update_plan.options_digest(fingerprints)
        return Plan(operation, result, state, options, fingerprints.key, constraint, targets, imports)

    def _deployment(self) -> dict[str, Any]:
        document = json.loads(self._call("stack", "export", "--show-secrets", "--stack", self._stack))
        return document.get("deployment") or {}

    def _decrypt(self, ciphertexts: list[str]) -> list[str]:
        """By the stack's own secrets provider: as configuration in a file that has nothing else."""
        settings = self._folder / f"Pulumi.{self._stack}.yaml"
        values: Mapping[str, Any] = read(settings).values if settings.is_file() else {}
        document: dict[str, Any] = {name: values[name] for name in _ENCRYPTION if name in values}
        document["config"] = {f"slipway:{i}": {"secure": text} for i, text in enumerate(ciphertexts)}
        with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
            path = Path(folder) / "Pulumi.ciphertexts.json"
            path.write_text(json.dumps(document), encoding="utf-8")
            shown = self._call(
                "config", "--show-secrets", "--json", "--stack", self._stack, "--config-file", str(path)
            )
        texts = json.loads(shown)
        return [texts[f"slipway:{i}"]["value"] for i in range(len(ciphertexts))]

    def _outputs(self) -> dict[str, Any]:
        done = self._call("stack", "output", "--json", "--stack", self._stack)
        return json.loads(done or "{}")

    def _select(self) -> None:
        if self._create:
            sealed = ["--secrets-provider", self._secrets_provider] if self._secrets_provider else []
            self._call("stack", "select", "--create", *sealed, self._stack)

    @property
    def backend(self) -> str:
        """The address of where this stack's state is."""
        named = self._environment.get("PULUMI_BACKEND_URL")
        return named or str(json.loads(self._call("whoami", "--verbose", "--json"))["url"])

    def _advised(self, message: str) -> str:
        return advised(message, self._stack, locks=self._locks is not None and self._locks.readable)

    def _call(self, *arguments: str, files: Sequence[int] = ()) -> str:
        done = subprocess.run(
            [self._command, *arguments, *_FLAGS],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            pass_fds=files,
        )
        if done.returncode:
            said = self._advised(done.stderr.strip() or done.stdout.strip())
            raise EngineError(
                f"`pulumi {' '.join(arguments)}` failed: {said}",
                code=str(done.returncode),
                where=str(self._folder),
            )
        return done.stdout

    def _run(
        self,
        operation: str,
        arguments: list[str],
        *,
        progress: Progress | None = None,
        files: Sequence[int] = (),
    ) -> Result:
        self._select()
        began = time.monotonic()
        events = Events(operation, progress or self._progress)
        ended = self._stream(arguments, events, files)
        self._read = events.read
        ok = ended.code == 0 and not any(item.severity == "error" for item in events.about_apart)
        diagnostics = [*events.diagnostics, *(Diagnostic("error", text) for text in ended.errors)]
        if ended.code and not any(item.severity == "error" for item in diagnostics):
            diagnostics.append(Diagnostic("error", f"pulumi ended with status {ended.code}"))
        return Result(
            operation,
            self._project,
            self._stack,
            self.name,
            events.steps,
            self._outputs() if ok and operation in ("up", "apply", "refresh") else events.outputs,
            tuple(
                replace(item, message=redact(self._advised(item.message), self._sensitive, self._sensitive))
                for item in diagnostics
            ),
            ok,
            ended.interrupted,
            time.monotonic() - began,
        )

    def _policies(self, command: str) -> list[str]:
        packs = self.policy_packs if command in _HELD_TO_POLICIES else ()
        return [word for pack in packs for word in ("--policy-pack", pack)]

    def _stream(self, arguments: list[str], events: Events, files: Sequence[int]) -> Ended:
        return stream(
            [self._command, *arguments, *self._policies(arguments[0]), *_FLAGS, "--stack", self._stack],
            self._folder,
            # Makes `preview --json` print events as they come, as the other commands do (pkg/cmd/pulumi).
            {**self._environment, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"},
            self._progress,
            line=events.line,
            attended=lambda pid: self._locks.attended(pid) if self._locks else nullcontext(),
            files=files,
        )


def _looking_again(operation: Operation, deployment: dict[str, Any]) -> list[str]:
    """The words that let Pulumi read the cloud first, so that old values are those of now.

    Not where an update left something undone: Pulumi forgets that at a read (see `PulumiEngine.refresh`).
    """
    return [] if operation == "import" or undone(deployment) else ["--refresh"]


def _words(operation: Operation, targets: Sequence[str], file: int, *, preview: bool = False) -> list[str]:
    """The words of `pulumi` for what a plan is of; `file`: the descriptor of what an import reads."""
    if operation == "import":
        return ["import", "--file", f"/dev/fd/{file}", "--generate-code=false"]
    words = ["preview" if preview and operation == "up" else operation]
    return [*words, *(word for one in targets for word in ("--target", one))]
