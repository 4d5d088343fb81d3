"""Draws dashboard.png and comment.png anew of made-up stacks, by chromium: python docs/images/pictures.py

The dashboard is the page that `slipway dashboard` writes. The comment is the Markdown that `slipway comment`
writes, in a stylesheet of this file: what GitHub makes of it looks a little different.
"""

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from slipway.engine.interface import Op  # noqa: E402 - found only once the project is on the path
from slipway.stacks.comment.page import page as comment  # noqa: E402
from slipway.stacks.dashboard.board import (  # noqa: E402
    Board,
    Done,
    Holder,
    OpenPlan,
    StackFacts,
    Workflow,
    WorkflowRun,
)
from slipway.stacks.dashboard.page import page as dashboard  # noqa: E402
from slipway.stacks.log import Event  # noqa: E402
from slipway.stacks.looks import Look  # noqa: E402
from slipway.stacks.summary import Access, Property, Risk, Step, Summary  # noqa: E402

NOW = 1_796_030_000.0
HOUR = 3_600.0
COMMITS = ("8c1f0d3a5b7e", "51e9ab20c4d6", "e07d4419f2b8")
REPOSITORY = "https://github.com/acme/platform"
STYLE = """
body { margin: 0; padding: 24px 32px; background: #fff; color: #1f2328; width: 860px;
  font: 14px/1.5 system-ui, sans-serif; }
table { border-collapse: collapse; margin: 8px 0; } th, td { border: 1px solid #d1d9e0; padding: 5px 12px; }
code { background: #eff1f3; border-radius: 6px; padding: 2px 5px; font: 12px ui-monospace, monospace; }
h3 { font-size: 20px; margin: 0 0 8px; } h4 { margin: 16px 0 6px; font-size: 15px; }
a { color: #0969da; } ul { margin: 6px 0; padding-left: 26px; } pre { display: none; } sub { color: #59636e; }
"""


def main() -> None:
    """Draw both beside this file."""
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "dashboard.html").write_text(dashboard(board()), encoding="utf-8")
        shown = MarkdownIt("commonmark", {"html": True}).render(comment(summaries()))
        shown = shown.replace("<details>", "<details open>", 1)
        text = f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style>{shown}'
        (place / "comment.html").write_text(text, encoding="utf-8")
        draw(place / "dashboard.html", here / "dashboard.png", 1100, 1000)
        draw(place / "comment.html", here / "comment.png", 924, 620)


def draw(page: Path, picture: Path, width: int, height: int) -> None:
    """Take a picture of a page in a window of a size."""
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    size = f"--window-size={width},{height}"
    subprocess.run(
        ["chromium", *options, size, f"--screenshot={picture}", page.as_uri()],
        check=True,
        capture_output=True,
    )


def board() -> Board:
    """Stacks as on a day on which something is to be looked at."""
    drifted = {"network/prod": {"update": 2}}
    stacks = [
        stack("shop/prod", "failed", 1.0, run=9_141, note="CommandError"),
        stack("network/prod", "applied", 26.0, run=9_102),
        stack("payments/prod", "applied", 30.0, run=9_098, current=False),
        stack("payments/staging", "begun", 0.1, run=9_144, holder=True),
        stack("shop/staging", "applied", 2.0, run=9_140, plans=True),
        *(stack(f"{name}/staging", "applied", 27.0, run=9_101) for name in ("network", "queue", "search")),
    ]
    looked = [replace(facts, look=look(facts, drifted.get(facts.name, {}))) for facts in stacks]
    names = {
        "Infra apply": ("failure", "success", "success"),
        "Infra drift": ("failure", "success", "success"),
    }
    return Board(
        made=NOW,
        repository=REPOSITORY,
        commit=COMMITS[0] * 3 + "8c1f",
        stacks=tuple(looked),
        workflows=tuple(Workflow(name=name, runs=tuple(map(run, each))) for name, each in names.items()),
    )


def stack(
    name: str,
    event: Event,
    hours: float,
    *,
    run: int,
    note: str = "",
    current: bool = True,
    holder: bool = False,
    plans: bool = False,
) -> StackFacts:
    """A stack to which something was done so many hours ago."""
    project, _, own = name.partition("/")
    commit = COMMITS[run % 3] * 3 + "8c1f"
    last = Done(
        event=event,
        operation="up",
        run=f"{run}-1",
        actor="ada",
        commit=commit,
        at=NOW - hours * HOUR,
        note=note,
    )
    before = Done(
        event="applied", operation="up", run=f"{run - 60}-1", actor="grace", commit=commit, at=NOW - 49 * HOUR
    )
    waiting = OpenPlan(
        run="9143-1",
        link=f"{REPOSITORY}/actions/runs/9143",
        commit=COMMITS[0] * 3 + "8c1f",
        created="2026-11-30T08:52:00Z",
        operation="up",
        counts={"replace": 1, "create": 3},
    )
    return StackFacts(
        project=project,
        stack=own,
        declared=True,
        last=last,
        applied=last if event == "applied" else before,
        current=current,
        plans=(waiting,) if plans else (),
        holder=Holder(owner=f"acme/platform/runs/{run}/attempts/1", expires=NOW + 90) if holder else None,
    )


def look(facts: StackFacts, counts: dict[str, int]) -> Look:
    """The last look for drift at a stack."""
    return Look(
        project=facts.project,
        stack=facts.stack,
        at=NOW - 5 * HOUR,
        run="9120-1",
        commit=COMMITS[1],
        ok=True,
        counts=counts,
    )


def run(outcome: str) -> WorkflowRun:
    """A run of a workflow."""
    return WorkflowRun(id=9_141, outcome=outcome, branch="main", event="push", at="2026-11-30T08:12:00Z")


def summaries() -> list[Summary]:
    """Two plans: one replaces what keeps data and widens access, one only adds."""
    database, role = "aws:rds/instance:Instance", "aws:iam/role:Role"
    steps = (
        step(
            "replace",
            database,
            "orders",
            Property("engineVersion", "update", '"15.4"', '"16.1"', forces_replace=True),
        ),
        step("update", role, "shop-prod-deploy", Property("maxSessionDuration", "update", "3600", "7200")),
        step(
            "create",
            "aws:sqs/queue:Queue",
            "orders-dead-letter",
            Property("name", "add", None, '"orders-dlq"'),
        ),
    )
    role_arn = "arn:aws:iam::333333333333:role/shop"
    access = Access(True, "acme/shop", "production", ("main",), role_arn, ("ecr:PutImage",))
    urn = steps[0].urn
    risks = (
        Risk("data-replaced", "engineVersion forces it", urn),
        Risk("access-widened", "acme/shop in production may ecr:PutImage"),
    )
    told: dict[str, Any] = {
        "run": f"{REPOSITORY}/actions/runs/9143",
        "commit": COMMITS[0] * 3 + "8c1f",
        "created": "2026-11-30T08:52:00Z",
    }
    return [
        Summary(
            "shop", "prod", "up", "pulumi", steps=steps, unchanged=41, risks=risks, access=(access,), **told
        ),
        Summary("shop", "staging", "up", "pulumi", steps=steps[2:], unchanged=44, **told),
    ]


def step(op: Op, type_: str, name: str, *properties: Property) -> Step:
    """A step of the stack shop/prod."""
    return Step(op, f"urn:pulumi:prod::shop::{type_}::{name}", type_, name, properties=properties)


if __name__ == "__main__":
    main()
