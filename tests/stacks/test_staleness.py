"""A plan is applied where all that it was made from is as it was, and refused where anything is not.

Twelve kinds of staleness, and of each thing that looks like one and is none.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pulumi
import pytest

from slipway.engine import secrets
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from slipway.engine.interface import Result
from slipway.engine.plan import Plan, PlanRefused
from slipway.engine.project import load_project, load_stack, stack_config
from slipway.engine.provider_resources import Config
from slipway.engine.secrets import Crypter
from slipway.engine.surroundings import Surroundings
from slipway.platform.plan_store import PLANS, lease_key
from slipway.stacks.log import Log
from slipway.stacks.plans import making
from slipway.stacks.plans.admission import is_on_record
from slipway.stacks.plans.keys import FileKeys
from slipway.stacks.plans.making import Run, Sources, apply, make
from slipway.stacks.plans.stored import pick, put
from slipway.store import Entry, Held, LeaseLost, Leases, MemoryStore
from tests.engine.toy import Thing, ToyProvider, World

SECRET, NEW_SECRET = "hunter22-correct-horse", "hunter23-correct-horse"
HIDDEN = "correct-horse-of-the-upstream"
VARIABLE, UNDECLARED = "DEMO_REGION", "DEMO_UNDECLARED"


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_ROUNDS", 1000)


def upstream(output: str = "vpc-1", hidden: str = HIDDEN, resource: str = "1") -> Callable[[], None]:
    def program() -> None:
        Thing("network", value=resource)
        pulumi.export("vpc", output)
        pulumi.export("password", pulumi.Output.secret(hidden))

    return program


def program() -> None:
    config = pulumi.Config()
    other = pulumi.StackReference("upstream")
    made = Thing("a", value=config.require("value"), password=config.require_secret("password"))
    Thing("b", value=made.made, vpc=other.require_output("vpc"))
    pulumi.export("made", made.made)


@dataclass
class Place:
    """A stack, another one that it refers to, and what a job that delivers it finds there."""

    folder: Path
    world: World = field(default_factory=World)
    store: MemoryStore = field(default_factory=MemoryStore)
    values: dict[str, str] = field(default_factory=lambda: {"demo:value": "one", "demo:password": SECRET})
    evidence: dict[str, str] = field(
        default_factory=lambda: {"infra/program.py": "1" * 40, "requirements.txt": "2" * 40}
    )
    run: Run = field(default_factory=lambda: Run(id="812-1", actor="ada", commit="c" * 40, base="b" * 40))
    seconds_later: float = 0.0
    asked: list[str] = field(default_factory=list[str])
    """Each time that a provider was wanted while a plan is applied."""

    def engine(self, stack: str = "local", program: Callable[[], Any] = program, **options: Any) -> Any:
        def provider() -> ToyProvider:
            self.asked.append(stack)
            return ToyProvider(self.world)

        config = Config(dict(self.values), frozenset({"demo:password"}))
        options.setdefault("passphrase", "correct horse")
        return EmbeddedEngine(
            program, "demo", stack, config, self.folder / "state", {"toy": provider}, fence=Fence(), **options
        )

    def up(self, stack: str = "local", program: Callable[[], Any] = program) -> None:
        result = self.engine(stack, program).up()
        assert result.ok, result.diagnostics

    @property
    def sources(self) -> Sources:
        return Sources(evidence=self.evidence, digest="e" * 64, variables=[VARIABLE])

    @property
    def keys(self) -> FileKeys:
        return FileKeys(self.folder / "plans.key")

    @property
    def log(self) -> Log:
        return Log(self.store, Leases(self.store), "demo", "local")

    def plan(self, **options: Any) -> None:
        manifest, plan = make(self.engine(), self.sources, self.run, **options)
        assert plan.result.ok, plan.result.diagnostics
        put(self.store, manifest, plan, self.keys, b"{}")

    def apply(self, run: str = "", engine: Any = None, **options: Any) -> Result:
        opened = pick(self.store, self.keys, "demo", "local", run or self.run.id)
        leases = Leases(self.store)
        held = Held(leases, leases.acquire(lease_key("demo", "local"), owner=self.run.id, seconds=60))
        try:
            return apply(
                opened,
                engine or self.engine(),
                self.sources,
                replace(self.run, id=run or self.run.id),
                store=self.store,
                log=self.log,
                held=held,
                clock=lambda: time.time() + self.seconds_later,
                **options,
            )
        finally:
            held.release()

    def events(self) -> list[str]:
        return [record.entry.event for record in self.log.records()]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv(VARIABLE, "eu-west-1")
    monkeypatch.setenv(UNDECLARED, "1")
    made = Place(tmp_path)
    made.up("upstream", upstream())
    made.up()
    made.values["demo:value"] = "two"
    return made


@dataclass
class Wrapped:
    """An engine that depends on other versions."""

    inner: Any
    tools: Mapping[str, str] = field(default_factory=dict[str, str])
    plugins: Mapping[str, str] = field(default_factory=dict[str, str])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def surroundings(self, key: bytes, upstreams: Any = ()) -> Surroundings:
        found: Surroundings = self.inner.surroundings(key, upstreams)
        return replace(found, tools={**found.tools, **self.tools}, plugins={**found.plugins, **self.plugins})


def head_moved(place: Place, _: pytest.MonkeyPatch) -> None:
    place.evidence["infra/program.py"] = "3" * 40


def base_moved(place: Place, _: pytest.MonkeyPatch) -> None:
    """Somebody else's merge brought a file that this program reads."""
    place.evidence["services/invoices.yaml"] = "4" * 40


def state_moved(place: Place, _: pytest.MonkeyPatch) -> None:
    place.up(program=lambda: (program(), Thing("c", value="1"))[0])


def state_moved_by_an_apply(place: Place, _: pytest.MonkeyPatch) -> None:
    place.up()


def config_changed(place: Place, _: pytest.MonkeyPatch) -> None:
    place.values["demo:unused"] = "1"


def secret_changed(place: Place, _: pytest.MonkeyPatch) -> None:
    place.values["demo:password"] = NEW_SECRET


def cli_changed(_: Place, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("slipway.engine.embedded.sdk_version", lambda: {"the Pulumi SDK": "3.273.0"})


def slipway_changed(_: Place, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(making.metadata, "version", lambda _: "9.9.9")


def lock_file_changed(place: Place, _: pytest.MonkeyPatch) -> None:
    place.evidence["requirements.txt"] = "5" * 40


def variable_changed(_: Place, patch: pytest.MonkeyPatch) -> None:
    patch.setenv(VARIABLE, "us-east-1")


def variable_gone(_: Place, patch: pytest.MonkeyPatch) -> None:
    patch.delenv(VARIABLE)


def output_changed(place: Place, _: pytest.MonkeyPatch) -> None:
    place.up("upstream", upstream(output="vpc-2"))


def secret_output_changed(place: Place, _: pytest.MonkeyPatch) -> None:
    place.up("upstream", upstream(hidden="p2"))


def upstream_gone(place: Place, _: pytest.MonkeyPatch) -> None:
    assert place.engine("upstream").destroy().ok


STALE = {
    head_moved: r"infra/program\.py has changed",
    base_moved: r"services/invoices\.yaml is new",
    state_moved: "the state of the stack's resources has changed",
    state_moved_by_an_apply: "the state of the stack's resources has changed",
    config_changed: "the configuration's demo:unused is new",
    secret_changed: "the configuration's demo:password has changed",
    cli_changed: r"the version of the Pulumi SDK was .*, and is 3\.273\.0",
    slipway_changed: r"the version of slipway was .*, and is 9\.9\.9",
    lock_file_changed: r"requirements\.txt has changed",
    variable_changed: "the environment variable DEMO_REGION has changed",
    variable_gone: "the environment variable DEMO_REGION has changed",
    output_changed: "the output of another stack, upstream: vpc has changed",
    secret_output_changed: "the output of another stack, upstream: password has changed",
    upstream_gone: "the output of another stack, upstream: vpc is gone",
}


def refused(place: Place, match: str, **options: Any) -> None:
    """No provider is asked for anything, nothing is recorded as begun, and no value is told."""
    place.asked.clear()
    before = json.dumps(place.world.objects), list(place.events())
    with pytest.raises(PlanRefused, match=match) as told:
        place.apply(**options)
    assert place.asked == []
    assert (json.dumps(place.world.objects), place.events()) == before
    for value in (SECRET, NEW_SECRET, "eu-west-1", "us-east-1"):
        assert value not in str(told.value)


@pytest.mark.parametrize("happened", STALE, ids=lambda each: each.__name__)
def test_a_stale_plan_is_refused_before_any_provider_is_asked(
    happened: Callable[[Place, pytest.MonkeyPatch], None], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.plan()
    happened(place, monkeypatch)
    refused(place, STALE[happened])


def test_a_plan_made_with_another_plugin_is_refused(place: Place) -> None:
    place.plan()
    refused(
        place,
        r"the version of the plugin aws is new",
        engine=Wrapped(place.engine(), plugins={"aws": "7.52.0"}),
    )


@pytest.mark.parametrize("how", ["tampered", "swapped", "cut", "missing"])
def test_a_plan_that_is_not_the_runs_own_is_refused(place: Place, how: str) -> None:
    place.plan()
    key = f"{PLANS.of('demo', 'local')}/812-1"
    objects = place.store._objects  # pyright: ignore[reportPrivateUsage]
    if how == "tampered":
        content = bytearray(objects[key])
        content[-20] ^= 1
        objects[key] = bytes(content)
    elif how == "swapped":
        place.run = replace(place.run, id="813-1")
        place.plan()
        objects[key] = objects[f"{PLANS.of('demo', 'local')}/813-1"]
        place.run = replace(place.run, id="812-1")
    elif how == "cut":
        objects[key] = objects[key][:-1]
    else:
        del objects[key]
    refused(place, "changed since|another belongs|has no plan")


def test_a_plan_is_applied_once(place: Place) -> None:
    place.plan()
    assert place.apply().ok
    refused(place, "is stale")
    # Where state and everything else are as they were then, too: somebody went back by hand.
    place.values["demo:value"] = "one"
    place.up()
    state = (place.folder / "state" / "local.json").read_bytes()
    place.run = replace(place.run, id="900-1")
    place.plan()
    place.apply()
    (place.folder / "state" / "local.json").write_bytes(state)
    for run in ("900-1", "900-2"):
        refused(place, "an apply has begun with this plan before: 900-1", run=run)


def squashed(place: Place, _: pytest.MonkeyPatch) -> None:
    place.run = replace(place.run, commit="d" * 40)


def unrelated_commit(place: Place, _: pytest.MonkeyPatch) -> None:
    place.run = replace(place.run, commit="e" * 40, base="c" * 40)


def up_that_did_nothing(place: Place, _: pytest.MonkeyPatch) -> None:
    """As Pulumi's, which writes the state anew: its time, and each secret with another ciphertext."""
    value, place.values["demo:value"] = place.values["demo:value"], "one"
    place.up()
    place.values["demo:value"] = value
    file = place.folder / "state" / "local.json"
    document = json.loads(file.read_text())
    document["deployment"]["manifest"]["time"] = "2030-01-01T00:00:00Z"
    crypter = Crypter("correct horse", document["deployment"]["secrets_providers"]["state"]["salt"])
    text = json.dumps(document)
    ciphertexts = set(re.findall(r'"ciphertext": "([^"]+)"', text))
    assert ciphertexts
    for ciphertext in ciphertexts:
        text = text.replace(ciphertext, crypter.encrypt(crypter.decrypt(ciphertext)))
    file.write_text(text)


def upstream_up_that_did_nothing(place: Place, _: pytest.MonkeyPatch) -> None:
    place.up("upstream", upstream())


def upstream_changed_without_its_outputs(place: Place, _: pytest.MonkeyPatch) -> None:
    place.up("upstream", upstream(resource="2"))


def another_stack_came(place: Place, _: pytest.MonkeyPatch) -> None:
    place.up("unrelated", upstream(output="vpc-9"))


def undeclared_variable(_: Place, patch: pytest.MonkeyPatch) -> None:
    patch.setenv(UNDECLARED, "2")
    patch.setenv("DEMO_NEW", "1")


def files_in_another_order(place: Place, _: pytest.MonkeyPatch) -> None:
    place.evidence = dict(reversed(place.evidence.items()))


def config_in_another_order(place: Place, _: pytest.MonkeyPatch) -> None:
    place.values = dict(reversed(place.values.items()))


def another_run_planned(place: Place, _: pytest.MonkeyPatch) -> None:
    own, place.run = place.run, replace(place.run, id="813-1")
    place.plan()
    place.run = own


def second_attempt(place: Place, _: pytest.MonkeyPatch) -> None:
    place.run = replace(place.run, id="812-2")


def days_later(place: Place, _: pytest.MonkeyPatch) -> None:
    place.seconds_later = 3 * 86_400


HARMLESS = (
    squashed,
    unrelated_commit,
    up_that_did_nothing,
    upstream_up_that_did_nothing,
    upstream_changed_without_its_outputs,
    another_stack_came,
    undeclared_variable,
    files_in_another_order,
    config_in_another_order,
    another_run_planned,
    second_attempt,
    days_later,
)


@pytest.mark.parametrize("happened", HARMLESS, ids=lambda each: each.__name__)
def test_what_only_looks_like_a_change_is_none(
    happened: Callable[[Place, pytest.MonkeyPatch], None], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.plan()
    happened(place, monkeypatch)
    result = place.apply()
    assert result.ok, result.diagnostics
    assert result.counts["update"] == 1
    assert place.events() == ["begun", "applied"]


def test_a_secret_that_was_encrypted_anew_is_the_same(place: Place) -> None:
    """In the stack's file: what is read of it is what counts."""
    (place.folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")

    def written() -> str:
        crypter = Crypter("pass")
        secure = crypter.encrypt(SECRET)
        (place.folder / "Pulumi.local.yaml").write_text(
            f"encryptionsalt: {crypter.salt}\nconfig:\n  value: two\n  password:\n    secure: {secure}\n"
        )
        project, stack = load_project(place.folder), load_stack(place.folder, "local")
        place.values = dict(stack_config(project, stack, Crypter("pass", stack.salt)).values)
        return secure

    first = written()
    place.plan()
    assert written() != first
    assert place.apply().ok


def test_what_the_world_says_otherwise_is_refused_by_a_fresh_preview(place: Place) -> None:
    """The program asks for something else although nothing that is known of it changed: the time, say."""
    place.plan()
    other = place.engine(program=lambda: (program(), Thing("surprise", value="1"))[0])
    with pytest.raises(PlanRefused, match="surprise: create is asked for and was not planned"):
        place.apply(engine=other)
    assert place.events() == ["begun", "declined"]
    assert "surprise" not in json.dumps(place.world.objects)


def test_a_destroy_is_planned_and_applied(place: Place) -> None:
    place.plan(destroy=True)
    result = place.apply()
    assert result.counts["delete"] == 3
    assert [item["urn"].split("::")[-1] for item in place.world.objects.values()] == ["network"]
    assert [record.entry.operation for record in place.log.records()] == ["destroy"] * 2


class Confined(Wrapped):
    """An engine that knows of targets, as Pulumi's does."""

    def plan(self, *, targets: Any, imports: str, **options: Any) -> Plan:
        return replace(self.inner.plan(**options), targets=tuple(targets), imports=imports)


@pytest.mark.parametrize("destroy", [False, True])
@pytest.mark.parametrize("targets", [(), ("urn:pulumi:local::demo::t::a",)])
def test_nobody_takes_a_stack_for_applied_or_gone_of_which_a_part_was(
    place: Place, targets: tuple[str, ...], *, destroy: bool
) -> None:
    engine = Confined(place.engine())
    manifest, plan = make(engine, place.sources, place.run, targets=targets, destroy=destroy)
    put(place.store, manifest, plan, place.keys, b"{}")
    assert pick(place.store, place.keys, "demo", "local", place.run.id).manifest.targets == targets
    assert place.apply().ok
    last = place.log.last()
    assert last is not None
    assert last.entry.event == "applied"
    whole = "destroy" if destroy else "up"
    assert last.entry.operation == (f"{whole} of a part" if targets else whole)
    assert last.entry.evidence == (f"part of {'e' * 64}" if targets else "e" * 64)
    assert is_on_record(last, place.sources.digest) is not bool(targets)


@dataclass
class Failing:
    """What applies, and fails in one of two ways."""

    error: Exception | None

    def apply(self, plan: Plan) -> Result:
        if self.error:
            raise self.error
        return replace(plan.result, ok=False)


@pytest.mark.parametrize("error", [None, RuntimeError(f"password {SECRET}")])
def test_an_apply_that_fails_is_recorded_as_such(place: Place, error: Exception | None) -> None:
    place.plan()
    if error is None:
        assert not place.apply(applies=Failing(None)).ok
    else:
        with pytest.raises(RuntimeError):
            place.apply(applies=Failing(error))
    assert place.events() == ["begun", "failed"]


def test_nothing_begins_under_a_lease_that_is_lost(place: Place) -> None:
    place.plan()

    class Losing(MemoryStore):
        """Another one takes the lease as soon as the plan is used."""

        def __init__(self, inner: MemoryStore) -> None:
            super().__init__()
            self._objects = inner._objects  # pyright: ignore[reportPrivateUsage]

        def put_once(self, key: str, content: bytes) -> str:
            version = super().put_once(key, content)
            if key.startswith("uses/"):
                others = Leases(self, is_over=lambda _: True)
                others.acquire(lease_key("demo", "local"), owner="another", seconds=60)
            return version

    place.store = Losing(place.store)
    before = json.dumps(place.world.objects)
    with pytest.raises(LeaseLost):
        place.apply()
    assert (json.dumps(place.world.objects), place.events()) == (before, [])


def test_no_secret_is_anywhere_in_the_store(place: Place) -> None:
    place.values["demo:password"] = NEW_SECRET
    place.plan()
    assert place.apply().ok
    for key in place.store.list(""):
        entry = place.store.get(key)
        assert isinstance(entry, Entry)
        for secret in (SECRET, NEW_SECRET, HIDDEN):
            assert secret.encode() not in entry.content, key


def test_the_state_that_moved_while_a_plan_was_made_is_noticed(place: Place) -> None:
    engine = place.engine()

    class Moving(Wrapped):
        def plan(self, **options: Any) -> Plan:
            plan = self.inner.plan(**options)
            place.up()
            return plan

    with pytest.raises(PlanRefused, match="while the plan was made"):
        make(Moving(engine), place.sources, place.run)


def test_what_a_manifest_names_is_what_it_was_made_from(place: Place) -> None:
    manifest, _ = make(place.engine(), place.sources, place.run)
    assert manifest.upstreams == ("upstream",)
    basis = manifest.basis
    assert basis.evidence == place.evidence
    assert set(basis.config) == {"demo:value", "demo:password"}
    assert set(basis.upstreams) == {"upstream: vpc", "upstream: password"}
    assert set(basis.environment) == {VARIABLE}
    assert basis.tools["slipway"] == metadata.version("slipway")
    assert basis.tools["the Pulumi SDK"] == metadata.version("pulumi")
