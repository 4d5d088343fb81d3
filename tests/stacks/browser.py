"""A real browser, headless: Debian's chromium, spoken to over two pipes, with nothing to install for it.

https://chromedevtools.github.io/devtools-protocol/; the pipes are chromium's `--remote-debugging-pipe`: it
reads messages of JSON from file 3 and writes them to file 4, each ended by a zero byte.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")


@dataclass
class Tab:
    """One page of the browser.

    Attributes:
        requested: every address that it has asked for.
        said: errors that the page wrote to its console or did not catch, what its policy refused included.
    """

    read: int
    write: int
    session: str = ""
    requested: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])
    _number: int = 0
    _rest: bytes = b""

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol and its answer. Raises AssertionError where it is an error."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def until(self, event: str) -> None:
        """Wait for an event."""
        while (told := self._next()).get("method") != event:
            self._note(told)

    def ask(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def show(self, file: Path, *, width: int, dark: bool) -> None:
        """Open a file in a window of a width, by the light or the dark preference."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.requested.clear()
        self.said.clear()
        self.call("Page.navigate", url=file.as_uri())
        self.until("Page.loadEventFired")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self.read, 1 << 16)
            assert more, "the browser has ended"
            self._rest += more
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)

    def _note(self, told: dict[str, Any]) -> None:
        match told.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(told["params"]["request"]["url"])
            case "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded":
                self.said.append(json.dumps(told["params"]))
            case _:
                pass


@contextmanager
def browser(profile: Path) -> Generator[Tab]:
    """A browser with one empty page, which is gone afterwards.

    Args:
        profile: a folder of its own for what it keeps.
    """
    assert CHROMIUM is not None
    (their_read, write), (read, their_write) = os.pipe(), os.pipe()
    # As files 3 and 4, whatever their numbers are here.
    command = f'exec "$@" 3<&{their_read} 4>&{their_write}'
    options = ("--headless=new", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe")
    # Containers let no process make the namespaces that the sandbox takes; what it shows is ours.
    options += ("--no-sandbox", f"--user-data-dir={profile}")
    process = subprocess.Popen(
        ["bash", "-c", command, "bash", CHROMIUM, *options],
        pass_fds=(their_read, their_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(their_read)
    os.close(their_write)
    try:
        tab = Tab(read, write)
        target = tab.call("Target.createTarget", url="about:blank")["targetId"]
        tab.session = tab.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            tab.call(f"{domain}.enable")
        yield tab
    finally:
        process.kill()
        process.wait()
        os.close(read)
        os.close(write)
