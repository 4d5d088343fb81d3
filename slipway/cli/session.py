"""An engine on a stack, and what is kept of a stack that runs on a stand-in in step with its world."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.cli.engines import guards_of, local_engine, real_engine
from slipway.cli.seeding import rehearsal_seed, seed_of
from slipway.engine.choice import choose_local, choose_real
from slipway.engine.fence import Home
from slipway.engine.interface import Choice, Diagnostic, Engine, Progress, Result, Silent
from slipway.engine.interruption import Answers, Interruption
from slipway.engine.local_stacks import LocalStacks, Record
from slipway.engine.plan import Plan
from slipway.engine.project import load_project, load_stack
from slipway.guards.results import judged, shown
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.platform.stack import Stack
from slipway.private_folder import rehearsed
from slipway.recovery.interfaces import LeftInterfaces

if TYPE_CHECKING:
    from slipway.guards.asking import Guards


@dataclass(frozen=True)
class Session:
    """An engine on a stack. `kept` is what is kept of a stack on a stand-in; None for a real one."""

    root: Path
    stack: str
    engine: Engine
    kept: "Kept | None"
    guards: "Guards | None" = None
    progress: Progress = field(default_factory=Silent)

    @property
    def where(self) -> str:
        """One line that says what this run works on, for the person who started it."""
        if self.kept is None:
            return f"engine: Pulumi CLI; stack: {self.stack} (a real cloud)"
        engine = "Pulumi CLI" if self.engine.name == "pulumi" else "embedded"
        cloud = self.kept.cloud
        line = f"engine: {engine}; cloud: embedded, {cloud.console}; Kubernetes: {cloud.kubernetes_label}"
        return f"{line}; a rehearsal of {self.stack}" if rehearsed(self.root) else line

    def preview(self) -> Result:
        """What `up` would do."""
        return self.engine.preview()

    def plan(self, *, destroy: bool = False, key: bytes | None = None) -> Plan:
        """The same, to be applied later."""
        return self.engine.plan(destroy=destroy, key=key)

    def interrupted(self, answers: Answers | None = None) -> Interruption:
        """What a killed run left behind."""
        return self.engine.interrupted(answers)

    def recover(self, interruption: Interruption) -> Result:
        """Clear that up."""
        return self.engine.recover(interruption)

    def refresh(self) -> Result:
        """Make the state as the world is."""
        return self._settled(self._refresh)

    def _refresh(self) -> Result:
        result = self.engine.refresh()
        if self.guards is None or not result.ok:
            return result
        asked = self.guards.ask(self.engine.export())
        if asked.amendments or asked.gone:
            self.engine.amend(asked.amendments, asked.gone)
        return shown(result, asked)

    def drift(self) -> Result:
        """What `refresh` would find. Where it finds something, the next `up` begins by taking it in."""
        result = self.engine.drift()
        if self.guards is not None and result.ok:
            result = shown(result, self.guards.ask(self.engine.export()))
        if result.changed and self.kept is not None:
            self.kept.stacks.mark_drifted(self.stack)
        return result

    def up(self, *, refresh: bool = False) -> Result:
        """Apply; first refresh, where that is asked for or `drift` has found something."""
        return self._settled(lambda: self._up(refresh=refresh))

    def _up(self, *, refresh: bool) -> Result:
        if self.kept is not None:
            refresh = self.kept.begin(self.stack, self.engine) or refresh
        if refresh:
            refreshed = self._refresh()
            if not refreshed.ok:
                return refreshed
        if self.kept is not None:
            self.kept.refreshed(self.stack)
        return self._judged(self.engine.up())

    def apply(self, plan: Plan) -> Result:
        """Do what a plan says, and nothing else.

        Raises:
            PlanRefused: state or program are no longer what it was made from.
        """
        return self._settled(lambda: self._apply(plan))

    def _apply(self, plan: Plan) -> Result:
        if self.kept is not None:
            self.kept.begin(self.stack, self.engine)
        if plan.operation == "destroy":
            return self._ended(self._emptied(lambda: self.engine.apply(plan)), gone=plan.whole)
        return self._judged(self.engine.apply(plan))

    def destroy(self) -> Result:
        """Destroy; after that, any engine may begin anew."""
        return self._settled(lambda: self._ended(self._emptied(self.engine.destroy), gone=True))

    def _emptied(self, destroy: Callable[[], Result]) -> Result:
        """The destroy itself, of subnets too that hold what a cluster's nodes left in them."""
        connect = self.guards.aws if self.guards else None
        if connect is None:
            return destroy()
        with LeftInterfaces(self.engine.export(), connect) as left:
            result = destroy()
        if result.ok or not left.problem:
            return result
        said = Diagnostic("warning", f"interfaces that nodes left behind may still be there: {left.problem}")
        return replace(result, diagnostics=(*result.diagnostics, said))

    def _judged(self, result: Result) -> Result:
        """What was applied is not done before GitHub itself holds what guards something."""
        if self.guards is None or not result.ok:
            return result
        result = judged(result, self.guards.ask(self.engine.export()))
        if not result.ok and self.kept is not None:
            self.kept.stacks.mark_drifted(self.stack)
        return result

    def _settled(self, work: Callable[[], Result]) -> Result:
        """Before anything is changed: on a stand-in, clear up what a killed run left, and say so.

        Raises:
            SlipwayError: it takes a person to decide, which on a real stack it always does.
        """
        if self.engine.name != "pulumi":
            return work()  # the embedded engine's own runs begin so
        # On a real stack this only finds out that somebody has to look, which takes the providers.
        interruption = self.engine.interrupted(look=self.kept is not None)
        if self.kept is None or interruption.undecided:
            interruption.require_settled()
        if not interruption:
            return work()
        for line in interruption.lines():
            self.progress.message(line)
        self.engine.recover(interruption)
        result = work()
        return replace(result, diagnostics=(*interruption.messages(done=True), *result.diagnostics))

    def _ended(self, result: Result, *, gone: bool) -> Result:
        if gone and result.ok and self.kept is not None:
            self.kept.end(self.stack, self.engine)
        return result


@dataclass(frozen=True)
class Kept:
    """The records of a project's stacks on one embedded cloud."""

    cloud: Cloud
    stacks: LocalStacks

    def begin(self, stack: str, engine: Engine) -> bool:
        """Record whose the state is from now on; whether a refresh has to come first."""
        record = self.stacks.find(stack) or Record("pulumi" if engine.name == "pulumi" else "embedded")
        self.stacks.put(stack, replace(record, cloud=self.cloud.id))
        return record.drifted

    def refreshed(self, stack: str) -> None:
        """Record that the state is as the world is."""
        record = self.stacks.find(stack)
        if record is not None and record.drifted:
            self.stacks.put(stack, replace(record, drifted=False))

    def end(self, stack: str, engine: Engine) -> None:
        """Forget whose the state was. Of the embedded engine's, the file stays, with nothing in it."""
        if engine.name == "pulumi":
            self.stacks.forget(stack)
        else:
            self.stacks.release(stack)


def local_stacks(root: Path, home: Home | None = None) -> LocalStacks:
    """The stacks of the project at `root` that run on a stand-in: `names(prefix)` lists them."""
    project = load_project(root.resolve()).name
    return LocalStacks(home or Home(root.resolve(), project), project)


def forget_gone(root: Path) -> Result | None:
    """Destroy `local` where its cloud is not running: forget the state. None where the cloud runs.

    Raises:
        SlipwayError: there is no stack `local` here.
    """
    root = root.resolve()
    load_stack(root, Stack.LOCAL)
    if runtime.running(root) is not None:
        return None
    stacks = local_stacks(root)
    record = stacks.find(Stack.LOCAL)
    stacks.forget(Stack.LOCAL)
    engine = record.engine if record else "embedded"
    return Result("destroy", load_project(root).name, Stack.LOCAL, engine)


def open_session(
    root: Path,
    stack: str,
    wanted: Choice = "auto",
    progress: Progress | None = None,
    *,
    cloud: Cloud | None = None,
    home: Home | None = None,
) -> Session:
    """Open the engine for a stack.

    Args:
        cloud: the embedded cloud that the stack runs on instead of a real one, whatever its name; `local`
            runs on that of its folder.
        home: where the stacks on that cloud keep their states; by default the project's own folder.

    Raises:
        SlipwayError: unknown stack, an engine that may not run it, or no embedded cloud for `local`.
    """
    root = root.resolve()
    project_root = rehearsed(root)
    if cloud is None and project_root is not None:
        # In the copy that a rehearsal works on, every stack runs on the project's own embedded cloud.
        load_stack(root, stack)
        cloud, wanted = runtime.require(project_root), "embedded"
        runtime.seed(cloud, rehearsal_seed(project_root))
    if cloud is None and stack != Stack.LOCAL:
        load_stack(root, stack)
        choose_real(stack, wanted)
        engine = real_engine(root, stack, progress)
        return Session(root, stack, engine, None, guards_of(None), progress or Silent())
    if cloud is None:
        load_stack(root, stack)
        cloud = runtime.require(root)
        runtime.seed(cloud, seed_of(root))
    project = load_project(root).name
    home = home or Home(root, project)
    stacks = LocalStacks(home, project)
    if stack in stacks.forget_gone(cloud.id) and progress is not None:
        progress.message("the embedded cloud was started anew and is empty: beginning with an empty state")
    record = stacks.find(stack)
    name = choose_local(stack, wanted, record.engine if record else None)
    engine = local_engine(root, stack, name, cloud, home=home, progress=progress)
    return Session(root, stack, engine, Kept(cloud, stacks), guards_of(cloud), progress or Silent())
