"""What every provider of the embedded cloud does alike: check, diff, create, read, update, delete, find.

All methods are coroutines because Pulumi's interface has them so; none awaits anything, so an engine in the
same process may step each to its end by hand.
"""

import contextlib
import hashlib
import secrets
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Generic

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    InvokeRequest,
    InvokeResponse,
    PropertyDiff,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from slipway.localcloud.providers import diffs, schema
from slipway.localcloud.providers.errors import InitFailed, ProviderError, UnknownTypeError
from slipway.localcloud.providers.handler import AUTONAME_DIGITS, Cloud, Handler
from slipway.localcloud.providers.merging import at, declared, filled, ignored, keep
from slipway.localcloud.providers.redaction import redact
from slipway.localcloud.providers.values import (
    UNKNOWN,
    Props,
    is_unknown,
    plain_map,
    secret_names,
    wrap,
    wrap_map,
)

DEFAULTS = "__defaults"
"""The inputs that `check` filled in itself, as Pulumi's bridged providers record them; no service sees it."""

Function = Callable[[Any, Props], Props]


def type_of(urn: str) -> str:
    """The type token in a URN; with a parent's types before it, the last one."""
    return urn.split("::")[-2].rpartition("$")[2]


class ResourceProvider(Provider, Generic[Cloud]):
    """A Pulumi provider that is a table of handlers."""

    package: str

    @property
    @abstractmethod
    def handlers(self) -> Mapping[str, Handler[Cloud]]:
        """The table, by type token."""

    @property
    def functions(self) -> Mapping[str, Function]:
        """Invokes by token."""
        return {}

    @abstractmethod
    def cloud(self, urn: str) -> Cloud:
        """The connections for one resource; raises ProviderError before `configure` was called."""

    @abstractmethod
    def explain(self, error: Exception) -> tuple[str, bool] | None:
        """What a service's error says, and whether it means 'no such object'; None for any other error."""

    def schema(self, token: str) -> schema.TypeSchema:
        return schema.of(token)

    def expected(self, handler: Handler[Cloud], inputs: Props) -> Props:
        """`inputs` with what the provider's own settings add to them (default tags)."""
        return inputs

    def observed(self, handler: Handler[Cloud], found: Props, inputs: Props) -> Props:
        """A read state with what the provider's own settings explain taken out of it again."""
        return found

    def preview(self, handler: Handler[Cloud], inputs: Props) -> Props:
        """Outputs of a previewed create: the inputs, and unknowns for what the service decides."""
        unknown = {name: UNKNOWN for name in handler.type.computed if "." not in name and name not in inputs}
        return {**unknown, **self.expected(handler, inputs)}

    # --- Pulumi's interface -------------------------------------------------------------------------

    async def diff_config(self, request: DiffRequest) -> DiffResponse:
        """Other settings (a port after a restart) are used from then on; no object is replaced for them."""
        changed = plain_map(request.old_state) != plain_map(request.new_inputs)
        return DiffResponse(changes=changed)

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Complete and judge inputs: every mistake at once, in terms of the program's property names."""
        handler = self._handler(request.urn)
        given = {key: value for key, value in plain_map(request.new_inputs).items() if value is not None}
        old = plain_map(request.old_inputs)
        given.pop(DEFAULTS, None)
        added = self.added(handler, given, old, request)
        inputs = {**given, **added}
        failures = [*self._unfit(handler, given, inputs), *self.judge(handler, inputs)]
        out = {key: value for key, value in request.new_inputs.items() if key in given}
        out.update({key: wrap(value) for key, value in added.items()})
        if added:
            out[DEFAULTS] = wrap(sorted(added))
        return CheckResponse(inputs=out, failures=failures or None)

    def judge(self, handler: Handler[Cloud], inputs: Props) -> list[CheckFailure]:
        """Values that the service would refuse."""
        return [
            CheckFailure(rule.name, f"{rule.name}: {rule.reason}; see {handler.source}")
            for rule in handler.rules
            if inputs.get(rule.name) is not None
            and not is_unknown(inputs[rule.name])
            and not rule.accepts(inputs[rule.name])
        ]

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Differences between the recorded state and new inputs, one by one, with what they force."""
        handler = self._handler(request.urn)
        new = self._clean(plain_map(request.new_inputs))
        old = self._clean(plain_map(request.old_state))
        found = self.compare(handler, old, new, request.ignore_changes)
        replaces = diffs.replaced(found, handler.shape_between(old, new))
        return DiffResponse(
            changes=bool(found),
            replaces=replaces,
            stables=[],
            delete_before_replace=bool(replaces) and self._collides(handler, old, new),
            diffs=sorted({diffs.without_indexes(path).split(".")[0] for path in found}),
            detailed_diff=found,
        )

    def compare(
        self, handler: Handler[Cloud], old: Props, new: Props, ignore: list[str]
    ) -> dict[str, PropertyDiff]:
        schema_ = self.schema(handler.token)
        relevant = {key: value for key, value in old.items() if key in schema_.inputs or key in new}
        found = diffs.differences(relevant, new, handler.shape_between(old, new))
        return {path: kind for path, kind in found.items() if not ignored(path, ignore)}

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Make the object; on a preview, say what is known beforehand.

        Raises:
            ProviderError: the service refused; nothing was made.
            InitFailed: the object exists, and a step after it failed.
        """
        handler = self._handler(request.urn)
        inputs = self._clean(plain_map(request.properties))
        secret = secret_names(request.properties) | handler.type.secret
        if request.preview:
            return CreateResponse("", wrap_map(self.preview(handler, inputs), secret))
        cloud = self.cloud(request.urn)
        with self._clear_errors(f"create {request.urn}", request.properties):
            id_ = handler.made(cloud, self.expected(handler, inputs))
        try:
            handler.configure(cloud, id_, {}, self.expected(handler, inputs))
            state = self._state(handler, cloud, id_, inputs, inputs)
        except Exception as error:
            reason = self._reason(error, request.properties)
            present = self._present(handler, cloud, id_, inputs)
            raise InitFailed(id_, wrap_map(present, secret), [reason], request.urn) from error
        return CreateResponse(id_, wrap_map(state, secret))

    async def read(self, request: ReadRequest) -> ReadResponse:
        """The object's present state, and the inputs that would describe it; an empty id when it is gone."""
        handler = self._handler(request.urn)
        old = self._clean(plain_map(request.properties))
        inputs = plain_map(request.inputs)
        secret = secret_names(request.properties, request.inputs) | handler.type.secret
        with self._clear_errors(f"read {request.urn}", request.properties):
            found = self._read(handler, self.cloud(request.urn), request.resource_id, old, inputs)
        if found is None:
            return ReadResponse("", {}, {})
        state = {**old, **found}
        return ReadResponse(
            request.resource_id,
            wrap_map(state, secret),
            wrap_map(self._inputs_of(handler, state, inputs), secret),
        )

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Bring the object to the new inputs.

        Raises:
            InitFailed: some of it may have been changed; its properties are what exists now.
        """
        handler = self._handler(request.urn)
        old = self._clean(plain_map(request.olds))
        new = self._clean(plain_map(request.news))
        for path in request.ignore_changes:
            keep(old, new, path)
        secret = secret_names(request.olds, request.news) | handler.type.secret
        outputs = {key: value for key, value in old.items() if key in handler.shape.computed}
        if request.preview:
            outputs.update(dict.fromkeys(handler.renewed, UNKNOWN))
            return UpdateResponse(wrap_map({**outputs, **self.expected(handler, new)}, secret))
        cloud = self.cloud(request.urn)
        try:
            wanted = self.expected(handler, new)
            handler.configure(cloud, request.resource_id, old, wanted)
            handler.update(cloud, request.resource_id, old, wanted)
            self._retag(handler, cloud, request.resource_id, old, {**old, **wanted})
            # Read with the inputs alone: what was noted about the object before is out of date now.
            state = {**outputs, **self._state(handler, cloud, request.resource_id, new, new)}
        except Exception as error:
            reason = self._reason(error, request.news)
            present = self._present(handler, cloud, request.resource_id, old)
            raise InitFailed(request.resource_id, wrap_map(present, secret), [reason], request.urn) from error
        return UpdateResponse(wrap_map(state, secret))

    async def delete(self, request: DeleteRequest) -> None:
        """Remove the object; one that is gone already counts as removed."""
        handler = self._handler(request.urn)
        cloud = self.cloud(request.urn)
        state = self._clean(plain_map(request.properties))
        try:
            with self._clear_errors(f"delete {request.urn}", request.properties):
                handler.delete(cloud, request.resource_id, state)
        except _Gone:
            return

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        function = self.functions.get(request.tok)
        if function is None:
            raise UnknownTypeError(f"the embedded cloud has no function {request.tok}")
        with self._clear_errors(f"invoke {request.tok}", request.args):
            return InvokeResponse(wrap_map(function(self.cloud(""), plain_map(request.args))))

    def find(self, urn: str, inputs: Mapping[str, PropertyValue]) -> str | None:
        """The id of an existing object that a create with these (checked) inputs would have made.

        For an engine that was killed between a create and the write of its state. None where there is none.
        """
        handler = self._handler(urn)
        with self._clear_errors(f"find {urn}", inputs):
            try:
                return handler.existing(
                    self.cloud(urn), self.expected(handler, self._clean(plain_map(inputs)))
                )
            except Exception as error:
                explained = self.explain(error)
                if explained is not None and explained[1]:
                    return None
                raise

    # --- parts --------------------------------------------------------------------------------------

    def _handler(self, urn: str) -> Handler[Cloud]:
        token = type_of(urn)
        handler = self.handlers.get(token)
        if handler is None:
            raise UnknownTypeError(
                f"the embedded cloud has no resource type {token}",
                where=urn,
                fix=f"use one of: {', '.join(sorted(self.handlers))}",
            )
        return handler

    @staticmethod
    def _clean(values: Props) -> Props:
        return {key: value for key, value in values.items() if key not in (DEFAULTS, "id", "urn")}

    def added(self, handler: Handler[Cloud], given: Props, old: Props, request: CheckRequest) -> Props:
        more = {**handler.defaults, **handler.derive(given)}
        added = {key: value for key, value in more.items() if key not in given}
        auto = handler.name
        if auto is None or auto.name in given or (auto.unless and auto.unless in given):
            return added
        if auto.name in old.get(DEFAULTS, []) and auto.name in old:
            added[auto.name] = old[auto.name]
        else:
            added[auto.name] = auto.make(request.name, _digits(request.urn, request.random_seed))
        return added

    def _unfit(self, handler: Handler[Cloud], given: Props, inputs: Props) -> Iterator[CheckFailure]:
        known = self.schema(handler.token)
        for name in sorted(set(given) - known.inputs):
            yield CheckFailure(name, f"{handler.token} has no input {name!r}")
        for name in sorted((known.required | handler.type.required) - set(inputs)):
            yield CheckFailure(name, f"{handler.token} needs the input {name!r}")

    def _collides(self, handler: Handler[Cloud], old: Props, new: Props) -> bool:
        return bool(handler.natural) and all(at(old, name) == at(new, name) for name in handler.natural)

    def _read(
        self, handler: Handler[Cloud], cloud: Cloud, id_: str, old: Props, inputs: Props
    ) -> Props | None:
        try:
            found = handler.read(cloud, id_, old)
        except Exception as error:
            explained = self.explain(error)
            if explained is not None and explained[1]:
                return None
            raise
        if found is None:
            return None
        found = self.observed(handler, found, inputs or old)
        return {
            key: filled(old[key], value)
            if key in old and _unchanged(handler, key, value, old[key])
            else value
            for key, value in found.items()
        }

    def _state(self, handler: Handler[Cloud], cloud: Cloud, id_: str, known: Props, inputs: Props) -> Props:
        found = self._read(handler, cloud, id_, known, inputs)
        if found is None:
            raise ProviderError(f"{handler.token} {id_} is not there right after it was written")
        return {**known, **found}

    def _present(self, handler: Handler[Cloud], cloud: Cloud, id_: str, old: Props) -> Props:
        """What is there after a failure in the middle; what was known before where not even reading works."""
        with contextlib.suppress(Exception):
            return {**old, **(self._read(handler, cloud, id_, old, old) or {})}
        return old

    def _retag(self, handler: Handler[Cloud], cloud: Cloud, id_: str, old: Props, wanted: Props) -> None:
        if handler.tagger is None:
            return
        before: dict[str, str] = old.get("tagsAll") or {}
        after: dict[str, str] = wanted.get("tagsAll") or {}
        gone = sorted(set(before) - set(after))
        put = {key: value for key, value in after.items() if before.get(key) != value}
        if gone:
            handler.tagger.drop(cloud, id_, wanted, gone)
        if put:
            handler.tagger.put(cloud, id_, wanted, put)

    def _inputs_of(self, handler: Handler[Cloud], state: Props, inputs: Props) -> Props:
        """The inputs that describe `state`: those given before, and what deviates from the defaults."""
        accepted = self.schema(handler.token).inputs
        shown: Props = {
            key: declared(value, inputs.get(key), key, handler.type.computed)
            for key, value in state.items()
            if key in accepted
            and (key in inputs or (key not in handler.type.computed and not diffs.empty(value)) or not inputs)
        }
        if DEFAULTS in inputs:
            shown[DEFAULTS] = [name for name in inputs[DEFAULTS] if state.get(name) == inputs.get(name)]
        return {key: value for key, value in shown.items() if value is not None}

    @contextlib.contextmanager
    def _clear_errors(self, what: str, properties: Mapping[str, PropertyValue]) -> Generator[None]:
        """A service's error becomes a ProviderError without secrets, 'no such object' on a delete _Gone."""
        try:
            yield
        except ProviderError:
            raise
        except Exception as error:
            explained = self.explain(error)
            if explained is None:
                raise
            if explained[1] and what.startswith("delete "):
                raise _Gone from error
            raise ProviderError(self._reason(error, properties), where=what) from error

    def _reason(self, error: Exception, properties: Mapping[str, PropertyValue]) -> str:
        explained = self.explain(error)
        text = explained[0] if explained else f"{type(error).__name__}: {error}"
        return redact(text, properties)


class _Gone(Exception):
    """The object is gone already."""


def _unchanged(handler: Handler[Any], key: str, found: Any, old: Any) -> bool:
    return not diffs.differences({key: found}, {key: old}, handler.shape)


def _digits(urn: str, seed: bytes) -> str:
    """The random part of a generated name, from the engine's seed where it gives one: a retry repeats it."""
    if not seed:
        return secrets.token_hex(4)[:AUTONAME_DIGITS]
    return hashlib.blake2b(urn.encode(), key=seed[:64]).hexdigest()[:AUTONAME_DIGITS]
