"""Carries out what a program registers: check, diff, then create, update, replace or keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from slipway.engine import aliases
from slipway.engine import urn as urns
from slipway.engine.changes import Decision, decide, guard_secrets, triggered
from slipway.engine.deletion import delete_first
from slipway.engine.diffs import compare, keep_ignored
from slipway.engine.interface import Op, PropertyChange
from slipway.engine.interruption import look_up
from slipway.engine.plugins import HalfMade, Plugin, ResourceRefused
from slipway.engine.provider_resources import ProviderResources
from slipway.engine.registration import AliasSpec, Registration
from slipway.engine.run import Outcome, Run, now
from slipway.engine.state import INIT_ERRORS, Properties, ResourceState
from slipway.engine.values import Unknown, contains


class Registrar:
    """The engine's side of ``RegisterResource``, ``ReadResource`` and ``RegisterResourceOutputs``."""

    def __init__(self, run: Run, providers: ProviderResources) -> None:
        self._run = run
        self._providers = providers

    def register(self, registration: Registration) -> Outcome:
        """Bring one resource about. A failure is recorded and reported as such; it never raises for one.

        Raises:
            Cancelled: the run was asked to stop.
        """
        trigger = registration.options.get("replacement_trigger")
        return self._guarded(
            registration.urn,
            _needs(registration),
            {**registration.inputs, "replacement_trigger": trigger},
            lambda: self._apply(registration),
        )

    def read(self, registration: Registration, id_: str) -> Outcome:
        """Look up a resource that exists outside the stack (``X.get(...)``)."""
        return self._guarded(
            registration.urn, _needs(registration), registration.inputs, lambda: self._read(registration, id_)
        )

    def set_outputs(self, urn: str, outputs: Properties) -> None:
        """Record what a component, or the stack, puts out.

        What is unknown because a resource failed keeps its former value.
        """
        state = self._run.snapshot.live.get(urn)
        if state is None:
            return
        if not self._run.preview and contains(outputs, Unknown):
            outputs = {
                key: state.outputs.get(key) if contains(item, Unknown) else item
                for key, item in outputs.items()
                if not contains(item, Unknown) or key in state.outputs
            }
        if outputs != state.outputs:
            self._run.ledger.put(replace(state, outputs=outputs))

    def _guarded(self, urn: str, needs: set[str], inputs: Properties, work: Callable[[], Outcome]) -> Outcome:
        self._run.check_cancelled()
        try:
            self._run.claim(urn)
            blocker = self._run.blocked_by(needs)
            if not blocker and not self._run.preview and contains(inputs, Unknown):
                blocker = "a resource that one of its properties comes from"
            if blocker:
                self._run.skip(urn, blocker)
                return Outcome(urn, status="skipped")
            return work()
        except ResourceRefused as error:
            self._run.fail(urn, str(error))
            return Outcome(urn, status="failed")

    def _apply(self, registration: Registration) -> Outcome:
        former = aliases.candidates(
            registration,
            self._run.project,
            self._run.stack,
            self._run.aliases.get(registration.parent, ""),
        )
        if urns.is_provider(registration.type):
            return self._providers.register(registration, former)
        old = self._run.old(registration.urn, former)
        if not registration.custom:
            return self._apply_component(registration, old)
        return self._apply_custom(registration, old)

    def _apply_component(self, registration: Registration, old: ResourceState | None) -> Outcome:
        state = self._state(registration, registration.inputs, "", old)
        changes = compare(old.inputs, registration.inputs) if old else []
        op: Op = "create" if old is None else "update" if changes else "same"
        self._write(op, replace(state, outputs=old.outputs if old else {}), old, changes)
        return Outcome(state.urn, outputs=registration.inputs)

    def _apply_custom(self, registration: Registration, old: ResourceState | None) -> Outcome:
        urn = registration.urn
        version = registration.options.get("version", "")
        reference = self._providers.reference_for(registration.type, registration.provider, version)
        plugin = self._providers.plugin(reference)
        if old is not None and old.external:
            old = None
        import_id = registration.options.get("import_", "")
        imported = bool(import_id) and (old is None or old.id != import_id)
        if imported:
            old = self._fetch(registration, plugin, import_id, reference)
        elif urn in self._run.snapshot.pending:
            old = self._adopt(registration, plugin, reference, old) or old
        ignored = registration.paths("ignore_changes")
        inputs = keep_ignored(registration.inputs, old.inputs, ignored) if old else registration.inputs
        inputs = plugin.check(urn, old.inputs if old else {}, inputs)
        state = self._state(registration, inputs, reference, old)
        if old is None:
            replaced = self._run.replaced_with.get(urn)
            return self._create(registration, plugin, state, "replace" if replaced else "create", replaced)
        decision = self._decide(registration, plugin, state, old)
        if imported:
            taken = self._import(state, old, decision)
            if decision.op == "same":
                return Outcome(state.urn, taken.id, taken.outputs)
            old, state = taken, replace(state, created=taken.created)
        return self._change(registration, plugin, state, old, decision)

    def _decide(
        self, registration: Registration, plugin: Plugin, state: ResourceState, old: ResourceState
    ) -> Decision:
        ignored = registration.paths("ignore_changes")
        answer = plugin.diff(state.urn, old.id, old.outputs, state.inputs, ignored)
        decision = decide(
            old,
            state.inputs,
            answer,
            registration.paths("replace_on_changes"),
            registration.options.get("delete_before_replace"),
        )
        if decision.op == "same" and old.rest.get(INIT_ERRORS):
            decision = Decision("update", [])
        trigger = triggered(old.replacement_trigger, state.replacement_trigger)
        if trigger is not None:
            first = decision.delete_first or registration.options.get("delete_before_replace", False)
            return Decision("replace", [*decision.changes, trigger], first)
        if decision.op != "replace" and self._providers.demands_replacement(old.provider, state.provider):
            change = PropertyChange("provider", "update", old.provider, state.provider, forces_replace=True)
            first = registration.options.get("delete_before_replace", False)
            return Decision("replace", [*decision.changes, change], first)
        return decision

    def _change(
        self,
        registration: Registration,
        plugin: Plugin,
        state: ResourceState,
        old: ResourceState,
        decision: Decision,
    ) -> Outcome:
        if decision.op == "replace":
            return self._replace(registration, plugin, state, old, decision)
        if decision.op == "same":
            outputs = guard_secrets(old.outputs, state.inputs, state.additional_secret_outputs)
            state = replace(state, id=old.id, outputs=outputs)
            self._write("same", state, old, [])
            return Outcome(state.urn, old.id, outputs)
        result = replace(state, id=old.id, modified=now())

        def work() -> None:
            nonlocal result
            try:
                outputs = plugin.update(
                    state.urn,
                    old.id,
                    old.outputs,
                    state.inputs,
                    registration.timeout("update"),
                    registration.paths("ignore_changes"),
                    self._run.preview,
                )
            except HalfMade as half:
                self._keep(old, half)
                raise
            outputs = guard_secrets(outputs, state.inputs, state.additional_secret_outputs)
            result = replace(result, outputs=outputs)
            self._run.ledger.put(result, self._was(state.urn))

        self._run.perform(self._run.step("update", state, decision.changes, old=old), work)
        return Outcome(state.urn, old.id, result.outputs)

    def _replace(
        self,
        registration: Registration,
        plugin: Plugin,
        state: ResourceState,
        old: ResourceState,
        decision: Decision,
    ) -> Outcome:
        forcing = ", ".join(change.path for change in decision.changes if change.forces_replace)
        if old.protect:
            raise ResourceRefused(
                f"it is protected, and the change of {forcing or 'its inputs'} would replace it; "
                "undo the change, or set protect to false and apply that first"
            )
        self._run.verify(self._run.step("replace", state, decision.changes, old=old))
        if decision.delete_first:
            delete_first(self._run, self._providers, old)
        return self._create(
            registration, plugin, state, "replace", old, decision.changes, condemn=not decision.delete_first
        )

    def _create(  # noqa: PLR0917 - all of one step
        self,
        registration: Registration,
        plugin: Plugin,
        state: ResourceState,
        op: Op,
        old: ResourceState | None,
        changes: Sequence[PropertyChange] = (),
        *,
        condemn: bool = False,
    ) -> Outcome:
        result = replace(state, created=now(), modified=now())

        def work() -> None:
            nonlocal result
            self._run.ledger.pending(result)
            try:
                id_, outputs = plugin.create(
                    state.urn, state.inputs, registration.timeout("create"), self._run.preview
                )
            except HalfMade as half:
                self._keep(result, half)
                raise
            except ResourceRefused:
                self._run.ledger.settled(state.urn)
                raise
            outputs = guard_secrets(outputs, state.inputs, state.additional_secret_outputs)
            result = replace(result, id=id_, outputs=outputs)
            self._run.ledger.put(result, self._was(state.urn), condemn)

        self._run.perform(self._run.step(op, state, changes, old=old), work)
        return Outcome(state.urn, result.id, result.outputs)

    def _keep(self, state: ResourceState, half: HalfMade) -> None:
        """Record what exists of a resource that is not whole; the next `up` goes on with it."""
        outputs = guard_secrets(half.outputs, state.inputs, state.additional_secret_outputs)
        rest = {**state.rest, INIT_ERRORS: [str(half)]}
        self._run.ledger.put(replace(state, id=half.id, outputs=outputs, rest=rest), self._was(state.urn))

    def _import(self, state: ResourceState, old: ResourceState, decision: Decision) -> ResourceState:
        """Take over what was read; what the program has differently is a step of its own, as in the CLI."""
        if decision.op == "replace":
            forcing = ", ".join(change.path for change in decision.changes if change.forces_replace)
            raise ResourceRefused(
                f"{old.id!r} cannot be imported: it would have to be replaced, as these differ: {forcing}"
            )
        same = decision.op == "same"
        # What no read shows, such as how a role is to be deleted, the program alone knows; of what is updated
        # the update writes it down.
        unread = {name: value for name, value in state.inputs.items() if name not in old.outputs}
        outputs = {**unread, **old.outputs} if same else old.outputs
        outputs = guard_secrets(outputs, state.inputs, state.additional_secret_outputs)
        inputs = state.inputs if same else old.inputs
        result = replace(state, id=old.id, inputs=inputs, outputs=outputs, import_id=old.id)
        result = replace(result, created=now(), modified=now())
        self._run.perform(
            self._run.step("import", result), lambda: self._run.ledger.put(result, self._was(state.urn))
        )
        return result

    def _fetch(
        self,
        registration: Registration,
        plugin: Plugin,
        id_: str,
        reference: str,
    ) -> ResourceState:
        """An existing object as if the state had it."""
        found = plugin.read(registration.urn, id_, {}, {})
        if found is None:
            raise ResourceRefused(f"there is no {registration.type} with the id {id_!r}")
        real_id, outputs, described = found
        state = self._state(registration, described or registration.inputs, reference, None)
        return replace(state, id=real_id, outputs=outputs)

    def _adopt(
        self, registration: Registration, plugin: Plugin, reference: str, old: ResourceState | None
    ) -> ResourceState | None:
        """What an interrupted creation left behind, if the provider can find it."""
        if not plugin.known:
            return None
        finding = look_up(plugin, self._run.snapshot.pending[registration.urn])
        if finding.unknown:
            raise ResourceRefused(finding.unknown)
        if finding.owner and finding.found is not None:
            self._run.warn(f"{finding.found.id!r} is not ours: {finding.owner}", registration.urn)
        ours = finding.ours
        if ours is None or (old is not None and old.id == ours.id):
            return None
        state = self._state(registration, ours.inputs, reference, None)
        state = replace(state, id=ours.id, outputs=ours.outputs, rest=ours.rest)
        self._run.warn(f"adopted {ours.id!r}, which an interrupted run had created", registration.urn)
        self._run.ledger.put(state, condemn=old is not None)
        return state

    def refer(self, registration: Registration, name: str, outputs: Callable[[], Properties]) -> Outcome:
        """Look up what another stack puts out."""
        state = replace(self._state(registration, {}, "", None), id=name, external=True)
        return self._guarded(
            registration.urn,
            _needs(registration),
            registration.inputs,
            lambda: self._found(replace(state, outputs=outputs()), self._run.old(state.urn, [])),
        )

    def _read(self, registration: Registration, id_: str) -> Outcome:
        if not id_ or contains(registration.inputs, Unknown):
            return Outcome(registration.urn)
        version = registration.options.get("version", "")
        reference = self._providers.reference_for(registration.type, registration.provider, version)
        old = self._run.old(registration.urn, [])
        state = self._fetch(registration, self._providers.plugin(reference), id_, reference)
        outputs = guard_secrets(
            state.outputs, registration.inputs, registration.paths("additional_secret_outputs")
        )
        return self._found(replace(state, external=True, inputs={}, outputs=outputs), old)

    def _found(self, state: ResourceState, old: ResourceState | None) -> Outcome:
        """Record what exists outside the stack."""

        def write() -> None:
            if old is not None and old.external:
                self._run.put_same(state, old, "")
            else:
                self._run.ledger.put(state, condemn=old is not None)

        self._run.perform(self._run.step("read", state), write)
        return Outcome(state.urn, state.id, state.outputs)

    def _write(
        self, op: Op, state: ResourceState, old: ResourceState | None, changes: list[PropertyChange]
    ) -> None:
        """A step that no provider takes part in."""
        was = self._was(state.urn)

        def work() -> None:
            if old is not None and op == "same":
                self._run.put_same(state, old, was)
            else:
                self._run.ledger.put(state, was)

        self._run.perform(self._run.step(op, state, changes, old=old), work)

    def _was(self, urn: str) -> str:
        return self._run.aliases.get(urn, "")

    def _state(
        self, registration: Registration, inputs: Properties, reference: str, old: ResourceState | None
    ) -> ResourceState:
        """The record of a resource, still without what the provider will say."""
        options = registration.options
        was = self._run.aliases.get(registration.urn)
        declared = [item for item in options.get("aliases", ()) if not isinstance(item, AliasSpec)]
        return ResourceState(
            urn=registration.urn,
            type=registration.type,
            custom=registration.custom,
            inputs=inputs,
            parent=registration.parent,
            provider=reference,
            protect=registration.protect,
            retain_on_delete=options.get("retain_on_delete", False),
            dependencies=registration.dependencies,
            property_dependencies=registration.property_dependencies,
            additional_secret_outputs=registration.paths("additional_secret_outputs"),
            ignore_changes=registration.paths("ignore_changes"),
            replace_on_changes=registration.paths("replace_on_changes"),
            replacement_trigger=options.get("replacement_trigger"),
            aliases=tuple(dict.fromkeys([*declared, *([was] if was else [])])),
            custom_timeouts=options.get("custom_timeouts", {}),
            import_id=options.get("import_", ""),
            created=old.created if old else "",
            modified=old.modified if old else "",
        )


def _needs(registration: Registration) -> set[str]:
    """URNs without which a resource cannot be made."""
    needs = {*registration.dependencies}
    if registration.parent:
        needs.add(registration.parent)
    if registration.provider:
        needs.add(urns.split_reference(registration.provider)[0])
    return needs
