"""`slipway access`: who can reach what, computed from the rendered policies of every stack."""

from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from slipway.access.matrix import Matrix, diff, matrix
from slipway.access.render import (
    diff_to_json,
    diff_to_markdown,
    diff_to_text,
    to_json,
    to_markdown,
    to_text,
)
from slipway.access.world import RunnerClass, StackRegistrations, World
from slipway.cli.options import ROOT
from slipway.engine.offline import render_apart, worktree
from slipway.engine.project import stacks
from slipway.engine.recording import Rendered
from slipway.errors import SlipwayError
from slipway.platform.declaration import Repository, SubjectForm

Format = Literal["text", "markdown", "json"]
_MATRIX = {"text": to_text, "markdown": to_markdown, "json": to_json}
_DIFF = {"text": diff_to_text, "markdown": diff_to_markdown, "json": diff_to_json}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Exit status: 0 printed; 1 an error.")(access)


def access(
    stack: Annotated[
        list[str] | None,
        typer.Option(help="A stack to look at, repeatable; by default every real one together."),
    ] = None,
    diff_base: Annotated[
        str | None, typer.Option("--diff", metavar="BASE", help="Show only what differs from this revision.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = "text",
    root: ROOT = Path(),
) -> None:
    """Print who can reach which role and what that lets them do: every job context against every role.

    Computed from the policy documents that the program renders, without any credential.
    """
    head = _matrix(root, stack)
    if diff_base is None:
        typer.echo(_MATRIX[form](head))
        return
    with worktree(root.resolve(), diff_base) as folder:
        base = _matrix(folder, [name for name in stack or stacks(folder) if name in stacks(folder)])
    typer.echo(_DIFF[form](diff(base, head)))


def _matrix(root: Path, names: list[str] | None) -> Matrix:
    chosen = names or [name for name in stacks(root) if name != "local"]
    rendered = [render_apart(root.resolve(), name, "") for name in chosen if name != "local"]
    if not rendered:
        raise SlipwayError(
            "no real stack to look at",
            where=str(root),
            fix="name one with --stack; `local` lives on the embedded cloud, where nobody is kept out",
        )
    return matrix(world_of(rendered))


def world_of(rendered: list[Rendered]) -> World:
    """Everything that several rendered stacks say about access, together."""
    repositories: dict[str, Repository] = {}
    classes: dict[str, RunnerClass] = {}
    parts: list[StackRegistrations] = []
    for stack in rendered:
        contract = cast(dict[str, Any], stack.outputs.get("access") or {})
        if not contract:
            raise SlipwayError(
                "the program exports no output 'access'",
                where=f"stack {stack.stack}",
                fix="see infra/outputs.py",
            )
        for block in contract["repositories"]:
            repository = _repository(block)
            repositories[repository.slug] = repository
        for block in contract["runnerClasses"]:
            classes[block["name"]] = RunnerClass(
                name=block["name"], role_arn=block["role_arn"], repositories=tuple(block["repositories"])
            )
        parts.append(
            StackRegistrations(
                stack=stack.stack, account=contract["account"], registrations=stack.registrations
            )
        )
    return World.from_stacks(parts, repositories=repositories.values(), runner_classes=classes.values())


def _repository(block: dict[str, Any]) -> Repository:
    return Repository(
        owner=block["owner"],
        name=block["name"],
        # Pulumi's wire format has one kind of number, so an id comes back as 70001.0.
        owner_id=int(block["owner_id"]),
        id=int(block["id"]),
        visibility=block["visibility"],
        subject=SubjectForm(block["subject"]),
    )
