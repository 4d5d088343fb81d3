"""Which of 10,000 stacks a change concerns, asked again as in a clone that was asked before."""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECTS, STACKS, LIBRARIES = 500, 20, 40
LIMIT = 1.0
RUNS = 5
_SLIPWAY = Path(sys.executable).parent / "slipway"
_ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def tree(root: Path) -> None:
    """Write projects in Python, TypeScript and YAML, each with its stacks; in five, one needs another."""
    for number in range(LIBRARIES):
        below = f"from common.part_{number + 1} import value\n" if number + 1 < LIBRARIES else "value = 1\n"
        _write(root / f"libs/common/part_{number}.py", below)
    for number in range(PROJECTS):
        name = f"project-{number:03}"
        folder = root / f"stacks/team-{number % 25}/{name}"
        runtime = ("python", "nodejs", "yaml", "python", "python")[number % 5]
        _write(folder / "Pulumi.yaml", f"name: {name}\nruntime: {runtime}\n")
        if runtime == "python":
            _write(
                folder / "__main__.py",
                f"import pulumi\n\nfrom common.part_{number % LIBRARIES} import value\nimport local\n\n"
                f"up = pulumi.StackReference(f'acme/project-{number // 2:03}/{{pulumi.get_stack()}}')\n"
                "pulumi.export('all', [value, local.value, pulumi.Config().require('size')])\n",
            )
            _write(folder / "local.py", f"value = '{name}'\n")
        elif runtime == "nodejs":
            _write(
                folder / "index.ts", f'import {{ local }} from "./local";\nconsole.log(local, "{name}");\n'
            )
            _write(folder / "local.ts", f'export const local = "{name}";\n')
            _write(folder / "package.json", json.dumps({"name": name}))
        for stack in range(STACKS):
            _write(
                folder / f"Pulumi.s{stack:02}.yaml",
                f"config:\n  aws:region: eu-west-{stack % 3}\n  {name}:size: {number + stack}\n",
            )


def measure() -> bool:
    """Print the time of the whole command beside its limit; whether it is kept."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        tree(root)
        who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.com")
        for arguments in (("init", "-q", "-b", "main"), ("add", "--all"), ("commit", "-qm", "all")):
            subprocess.run(["git", *who, *arguments], cwd=root, check=True)
        changes = {
            "a shared module": (root / "libs/common/part_0.py", "more = 2\n"),
            "a program": (root / "stacks/team-0/project-000/local.py", "more = 2\n"),
            "a stack's file": (root / "stacks/team-1/project-001/Pulumi.s00.yaml", "  aws:profile: x\n"),
        }
        cold = _asked(root)[0]
        print(f"  {PROJECTS * STACKS} stacks, never asked before: {cold:.2f} s", flush=True)
        kept = True
        for what, (file, text) in changes.items():
            before = file.read_text()
            file.write_text(before + text)
            _asked(root)
            used = _cpu()
            answers = [_asked(root) for _ in range(RUNS)]
            used = (_cpu() - used) / RUNS
            file.write_text(before)
            middle = statistics.median(seconds for seconds, _ in answers)
            kept = kept and middle <= LIMIT
            print(
                f"  {what}: {middle:.2f} s (at most {LIMIT:.0f}), {used:.2f} of the processor; "
                f"{answers[0][1]} affected",
                flush=True,
            )
    return kept


def _cpu() -> float:
    """Seconds of the processor that processes which ended have used: on a busy machine less than passed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _asked(root: Path) -> tuple[float, int]:
    """The seconds that the command took, with the start of its process, and how many it named."""
    command = [_SLIPWAY, "affected", "--json", "--root", root]
    began = time.perf_counter()
    done = subprocess.run(command, env=_ENVIRONMENT, cwd=root, check=True, capture_output=True)
    return time.perf_counter() - began, len(json.loads(done.stdout)["affected"])
