"""`slipway stacks init`: what a repository needs to deliver its stacks without using the platform."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
import json
from pathlib import Path
from typing import Annotated

import typer

from slipway.cli.contract import ending
from slipway.cli.options import AS_JSON, ROOT
from slipway.errors import SlipwayError

_STATUS = "0 written, or there already; 1 an error, and nothing was written."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=ending(
            _STATUS,
            "slipway stacks init --account 111111111111 --region eu-west-1 --bucket acme-plans "
            "--repository acme/infra --repository-id 70003 --owner-id 5",
        )
    )(init)


def init(
    *,
    account: Annotated[str, typer.Option(help="The AWS account with the store of plans, 12 digits.")],
    region: Annotated[str, typer.Option(help="The region of the store.")],
    bucket: Annotated[str, typer.Option(help="The bucket of the store.")],
    repository_id: Annotated[int, typer.Option(help="gh api repos/OWNER/NAME --jq .id")],
    owner_id: Annotated[int, typer.Option(help="gh api repos/OWNER/NAME --jq .owner.id")],
    repository: Annotated[
        str, typer.Option(metavar="OWNER/NAME", help="On GitHub; by default what `origin` names.")
    ] = "",
    package: Annotated[
        str, typer.Option(help="What pip installs to have this command; by default this version.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace files that have other contents.")] = False,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Write slipway.yaml, the workflows, and the policies of the roles that plan and that apply.

    For any repository of Pulumi projects, in any language. Nothing is asked of AWS or GitHub, and nothing is
    replaced without --force. Run it again after a stack came or went. An own slipway.yaml stays as it is.
    """
    from importlib import metadata

    from slipway.adoption import repository as places
    from slipway.adoption.roles import Ground, policies
    from slipway.adoption.workflows import PULUMI, workflows
    from slipway.platform.declaration import Repository
    from slipway.stacks.settings import FILE

    found = places.look(root)
    owner, _, name = (repository or places.origin(found.top)).partition("/")
    if not name:
        raise SlipwayError(
            "it is not clear which repository on GitHub this is", fix="--repository OWNER/NAME"
        )
    ground = Ground(
        repository=Repository(owner=owner, name=name, owner_id=owner_id, id=repository_id),
        account=account,
        region=region,
        bucket=bucket,
    )
    store = f"s3://{bucket}"
    if found.store not in ("", store):
        raise SlipwayError(
            f"slipway.yaml says that plans are in {found.store}, and not in {store}",
            where=FILE,
            fix="give that bucket by --bucket, or change `store`",
        )
    files = {
        **({} if found.has_settings else {FILE: f"store: {store}\n"}),
        **{
            f"{places.WORKFLOWS}/{file}": text
            for file, text in workflows(
                found.stacks, package or f"slipway=={metadata.version('slipway')}", PULUMI
            ).items()
        },
        **{f"{places.ROLES}/{file}": text for file, text in policies(found.stacks, ground).items()},
    }
    told = places.write(found.top, files, force=force)
    if as_json:
        states = [{"path": path, "state": state.value} for path, state in told.items()]
        typer.echo(json.dumps({"store": found.store or store, "files": states}, indent=2))
        return
    for path, state in told.items():
        typer.echo(f"{state.value:<9}  {path}")
    if found.has_settings and not found.store:
        typer.echo(f"Add to {FILE}: `store: {store}`", err=True)
    typer.echo(
        'What to do with them: docs/infrastructure-delivery.md, "In a repository of your own".', err=True
    )
