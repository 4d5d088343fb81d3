"""Who holds a lease renews it however long it takes, and is gone, with all it started, once it ran out."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from slipway.errors import SlipwayError
from slipway.store import (
    FolderStore,
    Held,
    LeaseHeld,
    LeaseLost,
    Leases,
    MemoryStore,
    holding,
    leases,
    watchdog,
)
from slipway.store.holding import hold
from tests.sampling import size
from tests.store.holder import KEY

ROOT = Path(__file__).parents[2]
PROCESSES = 32
TERM = 1.6
"""Of the leases here, in seconds: long enough for a busy machine to renew in time."""


def started(*arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.store.holder", *map(str, arguments)], cwd=ROOT)


def lines(file: Path) -> list[list[str]]:
    text = file.read_text() if file.exists() else ""
    return [line.split() for line in text.splitlines()]


def waited(file: Path, word: str) -> list[str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = [line for line in lines(file) if line[1] == word]
        if found:
            return found[-1]
        time.sleep(0.01)
    raise AssertionError(f"{word} never came: {lines(file)}")


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_of_many_processes_one_holds_it_at_a_time(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """As the history says: nobody enters before the other left, and each token is larger than the last."""
    rounds = size(30 if kind == "folder" else 10, 5 if kind == "folder" else 1)
    address = str(tmp_path / "store")
    if kind == "s3":
        address = f"{request.getfixturevalue('endpoint')}#race-{rounds}"
    history = tmp_path / "history"
    assert started("race", address, history, PROCESSES, rounds).wait(timeout=600) == 0
    events = lines(history)
    assert len(events) == 2 * PROCESSES * rounds
    tokens = []
    for (_, first, holder, token), (_, then, leaver, same) in zip(events[::2], events[1::2], strict=True):
        assert (first, then, holder, token) == ("enter", "leave", leaver, same)
        tokens.append(int(token))
    assert tokens == sorted(set(tokens))


def test_a_slow_holder_is_not_replaced(tmp_path: Path) -> None:
    """It works twice as long as a lease counts."""
    store, history = tmp_path / "store", tmp_path / "history"
    process = started("work", store, history, TERM, 2 * TERM)
    waited(history, "alive")
    theirs = Leases(FolderStore(store))
    while process.poll() is None and not [line for line in lines(history) if line[1] == "done"]:
        with pytest.raises(LeaseHeld):
            theirs.acquire(KEY, owner="another", seconds=TERM)
        time.sleep(0.05)
    assert process.wait(timeout=60) == 0
    assert not [line for line in lines(history) if line[1] == "told"]
    assert theirs.acquire(KEY, owner="another", seconds=TERM).token == 2


def gone(history: Path) -> float:
    """When the work was last seen alive, once it is not any more."""
    worker = int(waited(history, "works")[2])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not Path(f"/proc/{worker}").exists():
            return float(waited(history, "alive")[0])
        time.sleep(0.02)
    os.kill(worker, signal.SIGKILL)
    raise AssertionError("the work goes on without its lease")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_what_a_killed_or_stopped_holder_started_is_gone_before_another_may_take_over(
    blow: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, history = tmp_path / "store", tmp_path / "history"
    process = started("work", store, history, TERM, 600)
    waited(history, "alive")
    process.send_signal(blow)
    # The clocks of this machine agree.
    monkeypatch.setattr(leases, "CLOCK_SKEW_S", 0.0)
    theirs, over = Leases(FolderStore(store)), Leases(FolderStore(store), is_over=lambda _: False)
    with pytest.raises(LeaseHeld):
        over.acquire(KEY, owner="another", seconds=TERM)
    lease = None
    while lease is None:
        try:
            lease = theirs.acquire(KEY, owner="another", seconds=TERM)
        except LeaseHeld:
            time.sleep(0.02)
    taken = time.monotonic()
    assert process.wait(timeout=30) in (-signal.SIGKILL, -signal.SIGTERM)
    assert gone(history) < taken
    # It was told first, and had time to end in its own way.
    assert float(waited(history, "told")[0]) < taken - TERM / 8


def test_a_killed_holder_is_replaced_at_once_where_its_run_is_known_to_be_over(tmp_path: Path) -> None:
    store, history = tmp_path / "store", tmp_path / "history"
    process = started("work", store, history, 60, 600)
    holder = waited(history, "holds")[2]
    process.kill()
    process.wait()
    asked: list[str] = []

    def is_over(owner: str) -> bool:
        asked.append(owner)
        return len(asked) > 1

    theirs = Leases(FolderStore(store), is_over=is_over)
    with pytest.raises(LeaseHeld):
        theirs.acquire(KEY, owner="another", seconds=TERM)
    assert theirs.acquire(KEY, owner="another", seconds=TERM).token == 2
    assert asked == [f"holder-{holder}"] * 2


class Flaky(MemoryStore):
    """Fails to write while told so, or writes and fails to say so."""

    down = False
    mute = False

    def update(self, key: str, content: bytes, expected: str) -> str:
        if self.down:
            raise SlipwayError("the store does not answer")
        version = super().update(key, content, expected)
        if self.mute:
            raise SlipwayError("the store's answer was lost")
        return version


Told = tuple[float, float]
DONE = (0.0, -1.0)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Told]:
    """What the watchdog is told, which is not there."""
    heard: list[Told] = []

    class Deaf:
        def __init__(self, _mark: str) -> None:
            pass

        def say(self, since: float, seconds: float) -> None:
            heard.append((since, seconds))

        def close(self) -> None:
            heard.append(DONE)

    monkeypatch.setattr(holding, "_Watchdog", Deaf)
    return heard


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_the_watchdog_is_never_told_of_more_time_than_the_store_was(said: list[Told]) -> None:
    store = Flaky()
    clock = time.time() - watchdog.now()
    with hold(Leases(store), KEY, owner="me", seconds=0.6) as held:
        until(lambda: len(said) > 2)
        store.down = True
        time.sleep(0.15)
        heard = list(said)
        time.sleep(0.15)
        assert said == heard
        store.down = False
        until(lambda: len(said) > len(heard))
    assert said[-1] == DONE
    assert max(sum(told) for told in said) + clock <= held.lease.expires + 0.001


def test_a_renewal_whose_answer_was_lost_costs_nobody_the_lease() -> None:
    store = Flaky()
    leases = Leases(store)
    held = Held(leases, leases.acquire(KEY, owner="me", seconds=60))
    for _ in range(2):
        store.mute = True
        with pytest.raises(SlipwayError, match="was lost"):
            held.renew(60)
        store.mute = False
        held.renew(60)
        leases.check(held.lease)
    store.mute = True
    with pytest.raises(SlipwayError, match="was lost"):
        held.renew(60)
    store.mute = False
    held.release()
    # Of another one's, it is none.
    held = Held(leases, leases.acquire(KEY, owner="me", seconds=60))
    store.mute = True
    with pytest.raises(SlipwayError, match="was lost"):
        held.renew(60)
    store.mute = False
    Leases(store, is_over=lambda _: True).acquire(KEY, owner="another", seconds=60)
    for call in (lambda: held.renew(60), held.release):
        with pytest.raises(LeaseLost, match="another has it"):
            call()


def test_who_lost_the_lease_is_ended_at_once_and_told_in_the_end(said: list[Told]) -> None:
    store = MemoryStore()
    others = Leases(store, is_over=lambda _: True)

    def work() -> None:
        with hold(Leases(store), KEY, owner="me", seconds=0.6):
            others.acquire(KEY, owner="another", seconds=60)
            until(lambda: said[-1][1] == 0)

    with pytest.raises(LeaseLost, match="another has it"):
        work()
    present = others.read(KEY)
    assert present
    others.check(present)


def test_what_failed_first_is_told_and_the_lease_is_free(said: list[Told]) -> None:
    store = MemoryStore()
    with pytest.raises(KeyError), hold(Leases(store), KEY, owner="me"):
        raise KeyError
    assert Leases(store).acquire(KEY, owner="another", seconds=1).token == 2
    assert said[-1] == DONE


def test_a_watchdog_that_is_gone_is_replaced() -> None:
    with hold(Leases(MemoryStore()), KEY, owner="me", seconds=1.2):
        until(lambda: len(dogs()) == 1)
        (first,) = dogs()
        os.kill(first, signal.SIGKILL)
        until(lambda: dogs() not in ([], [first]))
    assert dogs() == []


def dogs() -> list[int]:
    """Watchdogs of this process that live."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if watchdog.__file__.encode() in words and str(os.getpid()).encode() in words:
            found.append(int(folder.name))
    return found


@contextmanager
def watched(pid: int, mark: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-I", "-S", watchdog.__file__, str(pid), mark]
    with subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0) as process:
        yield process


def test_only_what_carries_the_mark_is_ended() -> None:
    command = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
    mine, other, prefix = (
        subprocess.Popen(command, env={"SLIPWAY_LEASE": mark}) for mark in ("ours", "theirs", "ours-too")
    )
    assert mine.pid
    until(lambda: b"SLIPWAY_LEASE=ours" in Path(f"/proc/{mine.pid}/environ").read_bytes())
    with watched(mine.pid, "SLIPWAY_LEASE=ours") as dog:
        assert dog.stdin
        dog.stdin.write(b"0 0\n")
        assert mine.wait(timeout=30) in (-signal.SIGKILL, -signal.SIGTERM)
        assert dog.wait(timeout=30) == 0
    for process in (other, prefix):
        assert process.poll() is None
        process.kill()
        process.wait()


def test_the_mark_goes_with_the_lease() -> None:
    before = os.environ.get("SLIPWAY_LEASE")
    with hold(Leases(MemoryStore()), KEY, owner="me"):
        assert os.environ["SLIPWAY_LEASE"] != before
    assert os.environ.get("SLIPWAY_LEASE") == before
