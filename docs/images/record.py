"""Draws docs/images/up.svg anew from a real `slipway up local`: python docs/images/record.py"""

import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
SLIPWAY = Path(sys.executable).parent / "slipway"
WIDTH = "104"
"""Columns, so that no line of it is broken."""


def main() -> None:
    """Run it on a copy of the project's files, and write the picture beside this file."""
    sys.path.insert(0, str(ROOT))
    from tests.program.conftest import clone  # noqa: PLC0415 - found only once the project is on the path

    with tempfile.TemporaryDirectory() as folder:
        project = clone(Path(folder) / "slipway")
        project.ok("cloud", "start")
        try:
            said = subprocess.run(
                [str(SLIPWAY), "up", "local", "--yes", "--engine", "embedded"],
                cwd=project.root,
                capture_output=True,
                text=True,
                check=True,
                env={"COLUMNS": WIDTH, "PATH": "", "FORCE_COLOR": "1", "TERM": "xterm-256color"},
            )
        finally:
            project.run("cloud", "stop")
    console = Console(record=True, width=int(WIDTH), file=io.StringIO())
    console.print("[bold]$ make up[/bold]")
    console.print(Text.from_ansi(said.stdout))
    # Before that line there are only those of its progress.
    console.print(Text.from_ansi(said.stderr.strip().splitlines()[-1]))
    picture = console.export_svg(title="make up")
    # The fonts that rich names lie on somebody else's server; a picture in a repository asks nobody.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    (Path(__file__).parent / "up.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
