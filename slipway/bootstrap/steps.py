"""One step: look, make if it is missing or differs, look again. A run is its steps, one after another.

Every step decides by what it finds in the account, so a run that was cut short anywhere is finished by the
next one.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from slipway.aws import AwsError, BotoCoreError, ClientError, error_code
from slipway.bootstrap.plan import OWNER, OWNER_TAG, STACK_TAG, BootstrapPlan
from slipway.errors import SlipwayError

_T = TypeVar("_T")
_LOOKS = 10
_PAUSE_SECONDS = 2.0


class Action(StrEnum):
    """What a step does, from what it finding."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"
    ADOPT = "adopt"
    """It belongs to somebody else, fits, and is used without being changed."""


@dataclass(frozen=True)
class Finding:
    """What is there, said as what is to be done about it."""

    action: Action
    detail: str = ""

    @property
    def settled(self) -> bool:
        """Whether nothing has to be done."""
        return self.action in (Action.KEEP, Action.ADOPT)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to make. `look` changes nothing; `make` gets what `look` finding."""

    id: str
    title: str
    look: Callable[[], Finding]
    make: Callable[[Finding], None]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A step and what it finding at first."""

    id: str
    title: str
    action: Action
    detail: str = ""


class NotOwnedError(SlipwayError):
    """Something of that name is there and is not bootstrap's."""


def survey(steps: Sequence[Step], stack: str) -> list[Outcome]:
    """What each step would do; nothing is changed."""
    return [_outcome(step, _guarded(step, stack, step.look)) for step in steps]


def perform(steps: Sequence[Step], stack: str, report: Callable[[Outcome], None]) -> list[Outcome]:
    """Do the steps in order; `report` hears of each when it is done.

    Raises:
        SlipwayError: a call failed, something was refused, or what was made does not show afterwards.
    """
    outcomes: list[Outcome] = []
    for step in steps:
        finding = _guarded(step, stack, step.look)
        if not finding.settled:
            _guarded(step, stack, lambda step=step, finding=finding: step.make(finding))
            _verify(step, stack)
        outcomes.append(_outcome(step, finding))
        report(outcomes[-1])
    return outcomes


def _verify(step: Step, stack: str) -> None:
    """Look until it shows: IAM and S3 answer with what was there before for some seconds."""
    finding = _guarded(step, stack, step.look)
    for _ in range(_LOOKS):
        if finding.settled:
            return
        time.sleep(_PAUSE_SECONDS)
        finding = _guarded(step, stack, step.look)
    raise SlipwayError(
        f"{step.title} was made and does not show",
        where=finding.detail or step.id,
        fix=f"look at it there, then run `slipway bootstrap {stack}` again",
    )


def _outcome(step: Step, finding: Finding) -> Outcome:
    return Outcome(id=step.id, title=step.title, action=finding.action, detail=finding.detail)


def _guarded(step: Step, stack: str, call: Callable[[], _T]) -> _T:
    try:
        return call()
    except ClientError as error:
        denied = error_code(error) in {"AccessDenied", "AccessDeniedException", "403"}
        rights = f"slipway bootstrap {stack} --print-policy"
        again = f"run `slipway bootstrap {stack}` again; it goes on where it stopped"
        raise AwsError(
            "AWS refuses",
            error,
            where=step.title,
            fix=f"get the rights that `{rights}` prints" if denied else again,
        ) from error
    except BotoCoreError as error:
        raise AwsError(
            "AWS does not answer",
            error,
            where=step.title,
            fix=f"run `slipway bootstrap {stack}` again; it goes on",
        ) from error


def require_own(
    plan: BootstrapPlan, tags: Mapping[str, str], what: str, *, account_wide: bool = False
) -> bool:
    """Check bootstrap's marks on something that exists.

    Returns:
        Whether it is shared: made by bootstrap for another stack of the same account.

    Raises:
        NotOwnedError: the marks are not there, or are another stack's on what belongs to one stack.
    """
    stack = tags.get(STACK_TAG)
    if tags.get(OWNER_TAG) != OWNER or (stack != plan.stack and not account_wide):
        mark = f"{OWNER_TAG}={OWNER}, {STACK_TAG}={plan.stack}"
        raise NotOwnedError(
            f"{what} is there and is not bootstrap's: it lacks the tags {mark}",
            where=f"account {plan.account}",
            fix="find out whose it is; remove it, or tag it if it is to be taken over",
        )
    return stack != plan.stack


def tag_map(listed: Sequence[Mapping[str, Any]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    """AWS's list of tags as a map; KMS calls its parts TagKey and TagValue."""
    return {str(item[key]): str(item[value]) for item in listed}


def tag_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """The opposite of `tag_map`."""
    return [{key: name, value: text} for name, text in sorted(tags.items())]
