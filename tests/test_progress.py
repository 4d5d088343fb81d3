"""What the log of a run says, where nobody watches a live line."""

import io

import pytest
from rich.console import Console

from slipway.cli.progress import progress
from slipway.engine.interface import CHANGED, GONE, Op, Step

URN = "urn:pulumi:local::slipway::aws:iam/role:Role::build"


@pytest.mark.parametrize(
    ("op", "note", "line"),
    [
        ("create", "", "+  build  aws:iam/role:Role (0.5 s)"),
        ("delete", "", "-  build  aws:iam/role:Role (0.5 s)"),
        ("delete", GONE, "!  build  aws:iam/role:Role: it is gone (0.5 s)"),
        ("update", CHANGED, "!  build  aws:iam/role:Role: it was changed (0.5 s)"),
    ],
)
def test_what_was_found_does_not_read_as_if_it_were_done(op: Op, note: str, line: str) -> None:
    written = io.StringIO()
    with progress(Console(file=written), changes=True) as shown:
        shown.finished(Step(op, URN, "aws:iam/role:Role", "build", note=note), 0.5)
    assert written.getvalue().rstrip() == line
