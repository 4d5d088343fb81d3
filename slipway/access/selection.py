"""The part of an access matrix that a question is about: a service, a role, a repository, an action."""

import fnmatch
from collections.abc import Collection
from dataclasses import dataclass, replace

from slipway.access.capabilities import of_action
from slipway.access.matrix import Matrix
from slipway.access.world import World


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

    @property
    def is_open(self) -> bool:
        """Whether it asks for nothing in particular."""
        return self.names is None and not (self.role or self.repository or self.action)


def selected(whole: Matrix, world: World, question: Question) -> Matrix:
    """The rows that answer a question; for an action, with what each role may do by it and nothing else."""
    if question.is_open:
        return whole
    able = {arn: of_action(role, question.action) for arn, role in world.roles.items() if question.action}
    rows = [
        replace(row, capabilities=able[row.role]) if question.action else row
        for row in whole.rows
        if _is_of(row.role, question)
        and (not question.repository or _is_from(row.who, question.repository))
        and (not question.action or able.get(row.role))
    ]
    unreached = tuple(
        arn
        for arn in whole.unreached
        if _is_of(arn, question) and not question.repository and (not question.action or able.get(arn))
    )
    return Matrix(rows=tuple(rows), unreached=unreached, problems=whole.problems)


def _is_of(arn: str, question: Question) -> bool:
    name = arn.rpartition("/")[2]
    if question.names is not None and name not in question.names:
        return False
    return not question.role or any(fnmatch.fnmatchcase(text, question.role) for text in (name, arn))


def _is_from(who: str, repository: str) -> bool:
    """Whether an asker is a repository, its runner class, or a subject of it, by the names in the row."""
    words = who.lower().replace("(", " ").replace(")", " ").replace(",", " ").split()
    return repository.lower() in words
