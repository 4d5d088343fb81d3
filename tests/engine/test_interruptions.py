"""Ctrl-C once finishes what is in flight, and twice stops at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.engine.test_faults import in_state

INTERRUPTED = """
import sys
from pathlib import Path
from tests.engine.toy import Thing, ToyProvider, World
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence

class Loud:
    def started(self, op, urn): print("started", urn.rsplit("::")[-1], flush=True)
    def finished(self, step, seconds): pass
    def failed(self, urn, reason): pass
    def message(self, text): print("message", text, flush=True)

def program():
    previous = None
    for name in "abcdef":
        thing = Thing(name, value=previous.made if previous else "1")
        previous = thing

world = World(delay=3)
toy = {"toy": ToyProvider(world)}
result = EmbeddedEngine(program, "demo", "local", {}, Path(sys.argv[1]), toy, Loud(), fence=Fence()).up()
print("ended", result.ok, result.cancelled, len(world.objects), flush=True)
"""


def _interrupted(tmp_path: Path, times: int) -> tuple[int, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "state")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("started b"):
            break
    process.send_signal(signal.SIGINT)
    output = ""
    while times > 1 and "message" not in output:
        # Two signals that arrive as one would count as one.
        output += process.stdout.readline()
    if times > 1:
        process.send_signal(signal.SIGINT)
    return process.wait(120), output + process.stdout.read()


def test_ctrl_c_finishes_what_is_in_flight(tmp_path):
    code, output = _interrupted(tmp_path, 1)
    assert code == 0
    assert "message stopping" in output
    assert "ended False True 2" in output
    assert in_state(tmp_path) == {"a", "b"}


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    code, output = _interrupted(tmp_path, 2)
    assert code == 130
    assert "ended" not in output
