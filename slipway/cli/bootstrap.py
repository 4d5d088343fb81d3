"""`slipway bootstrap`: make what must exist in an account before any Pulumi state can."""

# ruff: noqa: PLC0415 - boto3 and its kin are imported when the command runs: no other command pays for them
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from slipway.cli.contract import ending, terminal
from slipway.cli.options import AS_JSON, ENDPOINT, ROOT, YES, endpoint_of
from slipway.cli.owner import owner
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.bootstrap.github import GithubReport
    from slipway.bootstrap.plan import BootstrapPlan
    from slipway.bootstrap.run import Report
    from slipway.bootstrap.steps import Outcome
    from slipway.github import Client


def register(app: typer.Typer) -> None:
    """Add the command to the `slipway` command."""
    status = "0 done, or nothing to do; 1 an error, or not agreed to."
    app.command(
        epilog=ending(status, "slipway bootstrap staging --dry-run", "slipway bootstrap staging --github")
    )(bootstrap)


def bootstrap(
    stack: Annotated[str, typer.Argument(help="The stack whose account is to be prepared.")],
    *,
    yes: YES = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")
    ] = False,
    as_json: AS_JSON = False,
    print_policy: Annotated[
        bool, typer.Option("--print-policy", help="Print the IAM policy that this needs, and stop.")
    ] = False,
    endpoint: ENDPOINT = None,
    github: Annotated[
        bool,
        typer.Option(
            "--github",
            help="Make what Actions needs on GitHub instead: the environments of the stack's jobs.",
        ),
    ] = False,
    root: ROOT = Path(),
) -> None:
    """Make a stack's state bucket and key, GitHub's provider and the first role, and point the stack at them.

    Run it as an administrator of the stack's account. It shows what it will do and asks; it can be
    interrupted anywhere and run again, and it refuses whatever of its names is not its own. With
    GITHUB_TOKEN it asks GitHub which subject the jobs' tokens carry, without one it asks you. The other half,
    --github, is for an owner of the organisation on GitHub, whose token it takes from GITHUB_TOKEN, GH_TOKEN
    or standard input; it needs nothing of AWS, and --endpoint is then a stand-in of GitHub.
    """
    from slipway.bootstrap.rights import administrator_policy
    from slipway.bootstrap.run import Watcher, load_plan, project
    from slipway.bootstrap.run import bootstrap as run_bootstrap

    endpoint = endpoint_of(root, endpoint, "github" if github else "aws")
    folder = project(root.resolve(), stack, endpoint)
    with terminal(stderr=True).status(f"rendering {stack}"):
        plan = load_plan(folder, stack)
    if print_policy:
        typer.echo(json.dumps(administrator_policy(plan), indent=2))
        return
    if as_json and not (yes or dry_run):
        raise SlipwayError("--json cannot ask", fix="add --yes or --dry-run")
    if github:
        client = owner(root, endpoint, will_ask=not (yes or dry_run))
        _on_github(plan, client, yes=yes, dry_run=dry_run, as_json=as_json)
        if endpoint and not as_json:
            typer.echo("This was a rehearsal, on a stand-in of GitHub.")
        return
    watcher = Watcher(agree=lambda report: yes or _ask(report), done=_quiet if as_json else _say)
    first = [plan]
    report = run_bootstrap(
        folder,
        lambda: first.pop() if first else load_plan(folder, stack),
        watcher,
        endpoint=endpoint,
        dry_run=dry_run,
        github=None if endpoint else _github(),
    )
    if report is None:
        raise SlipwayError("not agreed to; nothing was changed")
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=2))
    else:
        _show(report)


def _on_github(plan: "BootstrapPlan", client: "Client", *, yes: bool, dry_run: bool, as_json: bool) -> None:
    from slipway.bootstrap.github import set_up

    def agree(report: "GithubReport") -> bool:
        if not as_json:
            _github_table(report)
        return yes or typer.confirm("Do this?")

    report = set_up(plan, client, agree=agree, done=_quiet if as_json else _say, dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=2))
    elif dry_run:
        _github_table(report)
    else:
        typer.echo("\nNext, once all stacks have theirs: slipway app create (docs/from-zero.md)")


def _github_table(report: "GithubReport") -> None:
    console = terminal(soft_wrap=True, highlight=False)
    console.print(f"repository {report.plan.role.repository}", markup=False)
    console.print(_rows(report.steps))


def _github() -> "Client | None":
    from slipway.github import connect, token

    given = os.environ.get("GITHUB_TOKEN", "")
    return connect(token(given)) if given else None


def _show(report: "Report") -> None:
    if report.dry_run:
        _table(report)
        return
    if report.rehearsal:
        typer.echo(f"\nThis was a rehearsal: AWS was a stand-in, and {report.file} is a copy.")
        typer.echo("Nothing of yours has changed, and there is nothing to commit. It goes on with:\n")
        for command in report.next:
            typer.echo(f"  {command}")
        return
    changed = "now points at it" if report.file_changed else "pointed at it already"
    typer.echo(f"\nThe state of {report.plan.stack} is in {report.plan.backend}; {report.file} {changed}.")
    typer.echo(f"\nNext: slipway bootstrap {report.plan.stack} --github, as an owner of the organisation.")
    typer.echo("By hand that is, with what comes after it (docs/from-zero.md says who runs what):\n")
    for command in report.next:
        typer.echo(f"  {command}")


def _table(report: "Report") -> None:
    console = terminal(soft_wrap=True, highlight=False)
    console.print(f"account {report.plan.account}, {report.plan.region}, as {report.caller}", markup=False)
    console.print(_rows(report.steps))
    console.print(f"It trusts jobs that are {' or '.join(report.plan.role.subjects)}.", markup=False)


def _rows(steps: "list[Outcome]") -> Table:
    table = Table("", "what", "", box=None, pad_edge=False, show_header=False)
    for step in steps:
        table.add_row(step.action.value, step.title, step.detail)
    return table


def _ask(report: "Report") -> bool:
    from slipway.bootstrap import subject
    from slipway.platform.declaration import SubjectForm

    _table(report)
    if not report.subject_confirmed:
        immutable = subject.trusted(report.plan) is SubjectForm.IMMUTABLE
        typer.echo(f"\nGitHub says which subject these jobs carry:\n  {subject.command(report.plan)}")
        fits = typer.confirm(f"Does it say {str(immutable).lower()}?")
        subject.require(report.plan, immutable=immutable if fits else not immutable)
    return typer.confirm("Do this?")


def _say(outcome: "Outcome") -> None:
    from slipway.bootstrap.steps import Action

    done = {
        Action.CREATE: "created",
        Action.UPDATE: "updated",
        Action.KEEP: "as it was",
        Action.ADOPT: "adopted",
    }
    typer.echo(
        f"{done[outcome.action]:<10} {outcome.title}" + (f" ({outcome.detail})" if outcome.detail else "")
    )


def _quiet(_: "Outcome") -> None:
    return
