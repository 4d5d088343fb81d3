"""An instance in a folder: the real boot script and programs, with stubs where only root could act.

The stubs note their arguments. `systemd-run` does what it is asked to, as far as that needs no rights: it
runs the command in a session of its own, in a clean environment, and kills all of it at the limit.
"""

import hashlib
import io
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.runners.boot.services import JITCONFIG, REGION, Services

BOOT = Path(__file__).parents[3] / "runners/boot"

# In one write, since two of them may be called at once.
NOTE = 'printf -v line \'%s\\x1f\' "${{0##*/}}" "$@"; printf \'%s\\n\' "$line" >>{calls}\n'
STUBS = {
    "nft": "exit ${{NFT_STATUS:-0}}",
    "shutdown": "",
    "runuser": 'shift 3; exec "$@"',
    "sleep": "exec /bin/sleep 0.02",
    "curl": 'exec {curl} "$@"',
    "python3": 'exec {python} -S "$@"',
    "systemctl": '[[ $1 != stop || ! -e {unit} ]] || kill -KILL -- "-$(<{unit})" 2>/dev/null',
    "systemd-run": 'exec {python} -IS {programs}/../systemd_run.py {unit} "$@"',
}
SYSTEMD_RUN = """\
import os, signal, subprocess, sys
told, unit_file, arguments = {"property": [], "setenv": []}, sys.argv[1], sys.argv[2:]
while arguments[0].startswith("--"):
    name = arguments.pop(0)[2:]
    if name not in ("collect", "wait", "pipe", "quiet"):
        told.setdefault(name, []).append(arguments.pop(0))
properties = dict(one.split("=", 1) for one in told["property"])
environment = dict(one.split("=", 1) for one in told["setenv"]) | {"PATH": "/usr/bin:/bin"}
place = properties["WorkingDirectory"]
unit = subprocess.Popen(arguments, env=environment, cwd=place, start_new_session=True)
with open(unit_file, "w") as file:
    file.write(str(unit.pid))
try:
    status = unit.wait(int(properties["RuntimeMaxSec"]))
except subprocess.TimeoutExpired:
    status = 1
try:
    os.killpg(unit.pid, signal.SIGKILL)
except ProcessLookupError:
    pass
unit.wait()
sys.exit(status if status >= 0 else 1)
"""
RUN = """\
#!/bin/bash
printf '%s' "$ACTIONS_RUNNER_INPUT_JITCONFIG" | sha256sum >configuration.sha256
for argument in "$@"; do echo "$argument"; done >arguments
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' >processes
env | sed 's/=.*//' | sort >environment
echo "Running job: build"
{behaviour}
"""


@dataclass
class Machine:
    """One instance, before and while it boots."""

    root: Path
    services: Services
    behaviour: str = "echo 'Job build completed with result: Succeeded'"
    settings: dict[str, str] = field(default_factory=dict[str, str])
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def prepare(self) -> None:
        """Write everything that the image and the user data bring."""
        for name in ("bin", "home/actions-runner", "tmp"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        shutil.copytree(BOOT, self.root / "programs", ignore=shutil.ignore_patterns("__pycache__"))
        places = {
            "calls": str(self.root / "calls"),
            "unit": str(self.root / "unit"),
            "curl": shutil.which("curl") or "curl",
            "python": sys.executable,
            "programs": str(self.root / "programs"),
        }
        (self.root / "systemd_run.py").write_text(SYSTEMD_RUN)
        for name, does in STUBS.items():
            path = self.root / "bin" / name
            path.write_text("#!/bin/bash\n" + (NOTE + does).format(**places) + "\n")
            path.chmod(0o755)
        archive = self._archive()
        image = {
            "RUNNER_ARCHIVE": str(archive),
            "RUNNER_SHA256": hashlib.sha256(archive.read_bytes()).hexdigest(),
            "RUNNER_USER": pwd.getpwuid(os.geteuid()).pw_name,
            "RUNNER_HOME": str(self.root / "home"),
            "RUN_DIR": str(self.root / "run"),
            "CICD_SOCKET": str(self.root / "s"),
            "METADATA_URL": self.services.url,
            "STS_URL": self.services.url,
            "GRACE_S": "0",
        }
        told = {
            "FLEET": "automation",
            "CLASS": "linux",
            "REGION": REGION,
            "CLAIM_URL": f"{self.services.url}/claim",
            "FINISH_URL": f"{self.services.url}/finish",
        }
        self._settings("image.conf", image)
        self._settings("runner.conf", {**told, **self.settings})

    def _settings(self, name: str, values: dict[str, str]) -> None:
        lines = [f"{key}={value}" for key, value in values.items() if value]
        (self.root / name).write_text("# settings\n" + "\n".join(lines) + "\n")
        (self.root / name).chmod(0o644)

    def _archive(self) -> Path:
        path, script = self.root / "actions-runner.tar.gz", RUN.format(behaviour=self.behaviour).encode()
        with tarfile.open(path, "w:gz") as archive:
            member = tarfile.TarInfo("./run.sh")
            member.size, member.mode = len(script), 0o755
            archive.addfile(member, io.BytesIO(script))
        return path

    def start(self, mode: str = "run") -> subprocess.Popen[bytes]:
        """Start the boot script as systemd would."""
        environment = {
            "PATH": f"{self.root / 'bin'}:/usr/bin:/bin",
            "TMPDIR": str(self.root / "tmp"),
            **self.environment,
        }
        settings = [str(self.root / name) for name in ("image.conf", "runner.conf")]
        return subprocess.Popen(
            ["bash", str(self.root / "programs/boot.sh"), mode, *settings],
            env=environment,
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def boot(self, mode: str = "run") -> int:
        """Run the boot script to its end; its exit status."""
        process = self.start(mode)
        output = process.communicate(timeout=300)[0]
        (self.root / "console").write_bytes(output)
        return process.returncode

    def calls(self, name: str) -> list[list[str]]:
        """The arguments of every call of a stub."""
        path = self.root / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        every = [line.split("\x1f")[:-1] for line in lines]
        return [call[1:] for call in every if call[0] == name]

    def order(self) -> list[str]:
        """The names of all stubs that were called, in order."""
        return [line.partition("\x1f")[0] for line in (self.root / "calls").read_text().splitlines()]

    def log(self) -> str:
        """The boot script's own log."""
        return (self.root / "run/boot.log").read_text()

    def at_work(self, name: str) -> str:
        """What the fake runner noted."""
        return (self.root / "home/actions-runner" / name).read_text()

    def ran(self) -> bool:
        """Whether the runner was started."""
        return (self.root / "home/actions-runner/arguments").exists()

    def had_configuration(self) -> bool:
        """Whether the runner got exactly the configuration that was claimed."""
        return (
            self.at_work("configuration.sha256").split()[0] == hashlib.sha256(JITCONFIG.encode()).hexdigest()
        )

    def files_with(self, secret: str) -> list[str]:
        """Every file of the machine that a secret is in."""
        return [
            str(path.relative_to(self.root))
            for path in self.root.rglob("*")
            if path.is_file() and secret.encode() in path.read_bytes()
        ]


def until(met: Callable[[], object], seconds: float = 120) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    """Send a signal and wait for the end."""
    process.send_signal(number)
    process.communicate(timeout=300)
    return process.returncode


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
