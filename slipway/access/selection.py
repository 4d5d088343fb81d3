"""The part of an access matrix that a question is about: a service, a role, a repository, an action."""

import fnmatch
from collections.abc import Collection
from dataclasses import dataclass

from slipway.access.capabilities import Capability, capabilities, of_action
from slipway.access.matrix import Matrix, matrix
from slipway.access.world import Role, World


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked; what is left empty holds for everything.

    Attributes:
        names: names of roles, such as those of one service.
        role: a role's name or ARN, or a pattern of either with `*`.
        repository: `owner/name`, in any case, as GitHub has it.
        action: an IAM action or a pattern of some, such as `ecr:PutImage` or `iam:*`.
    """

    names: Collection[str] | None = None
    role: str = ""
    repository: str = ""
    action: str = ""


def answer(world: World, question: Question) -> Matrix:
    """The rows that answer a question; for an action, with what each role may do by it and nothing else.

    What a role can do is computed of those alone that are asked about: of the apply roles it takes longest.
    """
    able: dict[str, tuple[Capability, ...]] = {}

    def able_to(role: Role) -> tuple[Capability, ...]:
        if not _is_of(role.arn, question):
            return ()
        able[role.arn] = of_action(role, question.action) if question.action else capabilities(role)
        return able[role.arn]

    whole = matrix(world, able_to)
    told = {arn for arn, what in able.items() if what or not question.action}
    from_here = [row for row in whole.rows if _is_from(row.who, question.repository)]
    return Matrix(
        rows=tuple(row for row in from_here if row.role in told),
        unreached=tuple(arn for arn in whole.unreached if arn in told and not question.repository),
        problems=whole.problems,
    )


def _is_of(arn: str, question: Question) -> bool:
    name = arn.rpartition("/")[2]
    if question.names is not None and name not in question.names:
        return False
    return not question.role or any(fnmatch.fnmatchcase(text, question.role) for text in (name, arn))


def _is_from(who: str, repository: str) -> bool:
    """Whether an asker is a repository, its runner class, or a subject of it, by the names in the row.

    Whoever it is, if no repository is named.
    """
    words = who.lower().replace("(", " ").replace(")", " ").replace(",", " ").split()
    return not repository or repository.lower() in words
