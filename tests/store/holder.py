"""Processes that want one lease, for test_holding.py: `python -m tests.store.holder STORE KIND ARGUMENT…`.

Each writes into the folder of its work what it does, a line at a time: a line of that size is written whole.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from slipway.aws import connect
from slipway.store import FolderStore, LeaseHeld, Leases, S3Store, Store
from slipway.store.holding import hold

KEY = "leases/demo/prod"
BUCKET, ACCOUNT = "acme-plans", "123456789012"


def opened(address: str) -> Store:
    if address.startswith("http"):
        endpoint, _, prefix = address.partition("#")
        return S3Store(connect("us-east-1", endpoint=endpoint), BUCKET, account=ACCOUNT, prefix=prefix)
    return FolderStore(Path(address))


def note(history: int, *words: object) -> None:
    os.write(history, (" ".join(map(str, (time.monotonic(), *words))) + "\n").encode())


def race(store: Store, history: int, number: int, rounds: int) -> None:
    """Hold the lease some times, for a moment each."""
    leases, chance = Leases(store), random.Random(number)  # noqa: S311 - not for a secret
    while rounds:
        try:
            lease = leases.acquire(KEY, owner=f"holder-{number}", seconds=300)
        except LeaseHeld:
            time.sleep(chance.uniform(0.001, 0.02))
            continue
        note(history, "enter", number, lease.token)
        time.sleep(chance.uniform(0, 0.002))
        note(history, "leave", number, lease.token)
        leases.release(lease)
        rounds -= 1


def racers(address: str, file: str, processes: str, rounds: str) -> None:
    """As many processes as asked for, which all begin with everything imported."""
    store, history = opened(address), os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    children: list[int] = []
    for number in range(int(processes)):
        child = os.fork()
        if child == 0:
            race(store, history, number, int(rounds))
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0


def work(address: str, file: str, seconds: str, lasts: str) -> None:
    """Hold the lease for some work, which a process of another session does: it says that it lives."""
    history = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with hold(Leases(opened(address)), KEY, owner=f"holder-{os.getpid()}", seconds=float(seconds)) as held:
        note(history, "holds", os.getpid(), held.lease.token)
        worker = subprocess.Popen([sys.executable, "-S", "-c", _WORK, file], start_new_session=True)
        note(history, "works", worker.pid)
        time.sleep(float(lasts))
        worker.kill()
        worker.wait()
        note(history, "done", os.getpid(), held.lease.token)


_WORK = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: os.write(history, b"%f told\\n" % time.monotonic()))
history = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
while True:
    os.write(history, b"%f alive\\n" % time.monotonic())
    time.sleep(0.02)
"""


if __name__ == "__main__":
    {"race": racers, "work": work}[sys.argv[1]](*sys.argv[2:])
