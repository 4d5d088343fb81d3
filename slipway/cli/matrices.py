"""The access matrix of a project's stacks, rendered offline, and what has changed in it since a revision."""

import difflib
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from slipway.access.matrix import Matrix, MatrixDiff, diff, matrix
from slipway.access.selection import Question, answer
from slipway.access.world import RunnerClass, StackRegistrations, World
from slipway.engine import offline, rendered_before
from slipway.engine.offline import Preview
from slipway.engine.project import load_stack, stacks
from slipway.engine.recording import Rendered
from slipway.engine.revisions import Revision
from slipway.errors import SlipwayError
from slipway.platform import naming, reading
from slipway.platform.declaration import Repository, SubjectForm
from slipway.platform.stack import Stack


def real_stacks(root: Path, names: Sequence[str] | None) -> list[str]:
    """The stacks to look at: those that are named, or all that there are; `local` never.

    Raises:
        SlipwayError: there is no stack of one of the names, or none is left.
    """
    chosen = [name for name in names or stacks(root) if name != Stack.LOCAL]
    if not chosen:
        raise SlipwayError(
            "no real stack to look at",
            where=str(root),
            fix="name one with --stack; `local` lives on the embedded cloud, where nobody is kept out",
        )
    for name in chosen:
        load_stack(root, name)
    return chosen


def matrix_of(root: Path, names: Sequence[str], question: Question | None = None) -> Matrix:
    """Who reaches what in these stacks together, as far as a question asks for it.

    Raises:
        SlipwayError: the program failed, or says nothing about access.
    """
    return answer(world_of(_rendered(root, root, names)), question or Question())


def _rendered(keeper: Path, root: Path, names: Sequence[str]) -> list[Rendered]:
    """Stacks of which nobody asks whether a secret changed, so that an answer of before will do."""

    def render(folder: Path, which: Sequence[str]) -> list[Rendered]:
        return offline.render_stacks(folder, which, secrets.token_hex(16))

    return rendered_before.rendered(keeper, root, names, render)


def roles_of_service(root: Path, stack: str, name: str) -> frozenset[str]:
    """Names of the roles of a service's environments, in whatever stack, and of its runners' chain.

    Args:
        root: the project's folder.
        stack: any stack; all of them read the services' files.
        name: the service's.

    Raises:
        SlipwayError: no such service, or settings that cannot be read.
    """
    services = reading.load(root, stack).services
    if name not in services:
        near = difflib.get_close_matches(name, services, n=1)
        fix = f"did you mean '{near[0]}'?" if near else f"the services are: {', '.join(services) or 'none'}"
        raise SlipwayError(f"there is no service {name!r}", where=str(root / "services"), fix=fix)
    roles = {naming.environment_role(name, environment) for environment in services[name].environments}
    return frozenset(roles | {naming.cicd_role(name)})


def difference(root: Path, names: Sequence[str] | None, base: Revision) -> MatrixDiff:
    """What has changed since a revision, for `names` or every real stack.

    Where no file has, nothing has, and no program is run to see it: not even whether it works.

    Raises:
        SlipwayError: see `real_stacks` and `matrix_of`, for the folder as it is and as it was.
    """
    head_names = real_stacks(root, names)
    if base.unchanged():
        return MatrixDiff(newly_allowed=(), no_longer_allowed=())
    with base.worktree() as folder, ThreadPoolExecutor(1) as executor:
        head = executor.submit(_rendered, root, root, head_names)
        known = [name for name in stacks(folder) if name != Stack.LOCAL]
        base_names = [name for name in known if not names or name in names]
        before = matrix(world_of(_rendered(root, folder, base_names)))
        return diff(before, matrix(world_of(head.result())))


def difference_of(previews: Sequence[Preview]) -> MatrixDiff | None:
    """What a change that was previewed newly allows; None where a program says nothing about access."""
    now = [each.now for each in previews]
    if not all(_says(each) for each in now):
        return None
    before = [each.before for each in previews if each.before is not None and _says(each.before)]
    return diff(matrix(world_of(before)), matrix(world_of(now)))


def _says(stack: Rendered) -> bool:
    return bool(stack.outputs.get("access"))


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
