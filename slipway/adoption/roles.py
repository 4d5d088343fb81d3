"""The policies of the two roles of an environment, the one that plans and the one that applies: pure.

What a program's own resources need is not in them: whoever makes the roles adds it, and to that of plans only
what reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from slipway.access.permissions import INLINE_POLICIES_LIMIT
from slipway.access.plan_store_permissions import statements
from slipway.access.statements import Statement, document
from slipway.access.trust import rendered, trust_policy
from slipway.adoption.workflows import Delivered
from slipway.errors import SlipwayError
from slipway.platform import aws_names, naming
from slipway.platform.declaration import Job, Repository, RoleDeclaration, UsePlanStore
from slipway.platform.plan_store import Actor

_ACTORS: Final[Mapping[str, tuple[Actor, ...]]] = {"-plan": ("plan", "drift"), "": ("apply",)}
"""What the jobs of an environment do in the plan store, by the ending of its name."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where a repository's plans lie, and which repository that is.

    Raises:
        SlipwayError: a name that AWS would refuse.
    """

    repository: Repository
    account: str
    region: str
    bucket: str

    def __post_init__(self) -> None:
        aws_names.check_account(self.account, "--account")
        aws_names.check_region(self.region, "--region")
        aws_names.check_bucket(self.bucket, "--bucket")

    @property
    def key_arn(self) -> str:
        """The key that seals plans, by its alias."""
        return naming.alias_arn(self.account, self.region, naming.plan_key_alias())


def policies(stacks: Sequence[Delivered], ground: Ground) -> dict[str, str]:
    """By file name, of each environment's role who may assume it (`.trust.json`) and what it may do.

    Raises:
        SlipwayError: an environment has more stacks than one role's policies have room for.
    """
    files: dict[str, str] = {}
    for environment in sorted({each.environment for each in stacks}):
        own = [each.id for each in stacks if each.environment == environment]
        for ending, actors in _ACTORS.items():
            name = f"{environment}{ending}"
            files[f"{name}.trust.json"] = _text(_trust(name, ground))
            files[f"{name}.policy.json"] = _text(_policy(own, actors, ground, name))
    return files


def _trust(environment: str, ground: Ground) -> dict[str, Any]:
    job = Job(
        name=environment,
        repository=ground.repository,
        environment=environment,
        events=("push", "workflow_dispatch"),
        branches=("main",),
    )
    return trust_policy(
        RoleDeclaration(
            name="delivery",
            account=ground.account,
            region=ground.region,
            jobs=(job,),
            boundary_arn=naming.boundary_arn(ground.account),
        )
    )


def _policy(stacks: Iterable[str], actors: tuple[Actor, ...], ground: Ground, name: str) -> dict[str, Any]:
    made: list[Statement] = []
    for number, id_ in enumerate(stacks):
        project, _, stack = id_.partition("/")
        grant = UsePlanStore(actors, ground.bucket, project, stack, ground.key_arn)
        for each in statements(grant):
            if all({**each, "Sid": ""} != {**other, "Sid": ""} for other in made):
                made.append({**each, "Sid": f"{each['Sid']}{number or ''}"})
    policy = document(made)
    if (size := len(rendered(policy))) > INLINE_POLICIES_LIMIT:
        raise SlipwayError(
            f"the policy of the role for {name} has {size} characters; IAM takes {INLINE_POLICIES_LIMIT}",
            where=f"environment {name}",
            fix="give some of its stacks an `environment` of their own in slipway.yaml",
        )
    return policy


def _text(policy: dict[str, Any]) -> str:
    return json.dumps(policy, indent=2) + "\n"
