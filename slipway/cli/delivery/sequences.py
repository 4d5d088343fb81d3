"""`slipway stacks bring-up | tear-down | log | unlock | explain | init`: stacks, beside a plan of one."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
from pathlib import Path
from typing import Annotated

import typer

from slipway.cli.contract import ending
from slipway.cli.delivery import adopting, records
from slipway.cli.delivery.commands import APPLY_STATUS
from slipway.cli.delivery.place import STORE
from slipway.cli.options import AS_JSON, ROOT, YES
from slipway.cli.stacks import ENGINE

app = typer.Typer(
    name="stacks",
    help="Stacks together, and the record of what was done to them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
records.register(app)
adopting.register(app)
_SOME = Annotated[
    list[str] | None,
    typer.Argument(metavar="[STACK...]", help="Stacks as project/stack; all of the repository if none."),
]


@app.command("bring-up", epilog=ending(APPLY_STATUS, "slipway stacks bring-up --yes"))
def bring_up(
    stack: _SOME = None,
    *,
    store: STORE = "",
    engine: ENGINE = "auto",
    yes: YES = False,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Plan and apply stacks one after another: each once all that it needs is applied.

    Run again after a failure, it goes on: what is applied already has nothing to do.
    """
    _through(root, stack or [], store, engine, yes=yes, as_json=as_json, destroy=False)


@app.command("tear-down", epilog=ending(APPLY_STATUS, "slipway stacks tear-down shop/staging --yes"))
def tear_down(
    stack: _SOME = None,
    *,
    store: STORE = "",
    engine: ENGINE = "auto",
    yes: YES = False,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Delete everything in stacks: of each once all that needs it is gone.

    Run again after a failure, it goes on. What is protected keeps its stack, as in `destroy`.
    """
    _through(root, stack or [], store, engine, yes=yes, as_json=as_json, destroy=True)


def _through(
    root: Path, names: list[str], store: str, engine: str, *, yes: bool, as_json: bool, destroy: bool
) -> None:
    from slipway.cli.delivery.several import Ended, command, each, options
    from slipway.stacks.apply_order import apply_order
    from slipway.stacks.target import needs_among

    needs = needs_among(root, names)
    order = apply_order(needs, needs if destroy else ())
    given = options(store=store, engine=engine)
    doing = "tear-down" if destroy else "bring-up"

    def work(name: str) -> Ended:
        planned = command(root, "plan", name, *given, *(["--destroy"] if destroy else []))
        if planned.code:
            return planned
        return command(root, "apply", name, *given, "--run", str(planned.answer["run"]), "--yes")

    question = f"Delete everything in {', '.join(order)}?" if destroy else f"Bring up {', '.join(order)}?"
    each(order, work, doing=doing, as_json=as_json, ask=None if yes else question)
