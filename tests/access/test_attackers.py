"""Nobody but the declared jobs gets in, tried by volume."""

import copy
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from slipway.access.claims import AUDIENCE, ISSUER, Token, subjects, token_for, token_of
from slipway.access.evaluate import (
    STS_CLAIMS,
    Mode,
    Policy,
    evaluate_trust,
    trust_request,
)
from slipway.access.trust import rendered, session_name, trust_policy
from slipway.platform.declaration import Repository, RoleDeclaration, SubjectForm
from tests.sampling import seed, size

ATTACKERS = size(120_000, 12_000)
FORMS = (SubjectForm.IMMUTABLE, SubjectForm.LEGACY)
SESSION = "gha-deploy-7"

NAMES = (
    lambda name, n: f"{name}-evil{n}",
    lambda name, n: f"evil{n}-{name}",
    lambda name, n: f"{name}.{n}",
    lambda name, n: f"{name}_{n}",
    lambda name, n: f"{name}{n}",
    lambda name, n: f"{name[:-1] or 'x'}{n}",
    lambda name, n: name.upper(),
    lambda name, n: f"{name}-environment-production-{n}",
)
OWNERS = (
    lambda owner, n: f"{owner}-{n}",
    lambda owner, n: f"{owner}{n}",
    lambda owner, n: f"x{n}-{owner}",
    lambda owner, n: owner.upper(),
    lambda owner, n: owner[:-1] + str(n % 10),
)
ENVIRONMENTS = (
    lambda name, n: name.upper(),
    lambda name, n: name.capitalize(),
    lambda name, n: f"{name}-{n}",
    lambda name, n: f"{name}:{n}",
    lambda name, n: f"{n}:environment:{name}",
    lambda name, n: f"{n}{name}",
    lambda name, n: name[:-1],
    lambda name, n: f"{name} ",
    lambda name, n: f"pull_request:{name}",
    lambda name, n: "*",
    lambda name, n: f"{name}*",
    lambda name, n: "",
)
REFS = (
    "refs/heads/main",
    "refs/tags/main",
    "refs/tags/v1.0.0",
    "refs/heads/v1.0.0",
    "refs/tags/refs/heads/main",
    "refs/heads/environment:production",
    "refs/tags/environment:build",
    "refs/pull/1/merge",
)


def _fork(job: "Try") -> Token:
    return job.token(_stranger(job.repository, job.n, owner=job.rng.choice(OWNERS)))


def _similar_name(job: "Try") -> Token:
    return job.token(_stranger(job.repository, job.n, name=job.rng.choice(NAMES)))


def _recycled_name(job: "Try") -> Token:
    return job.token(replace(job.repository, id=10_000 + job.n))


def _renamed(job: "Try") -> Token:
    return job.token(replace(job.repository, name=job.rng.choice(NAMES)(job.repository.name, job.n)))


def _other_environment(job: "Try") -> Token:
    return job.token(job.repository, environment=job.rng.choice(ENVIRONMENTS)(job.environment, job.n))


def _other_form(job: "Try") -> Token:
    """Which form a repository has is GitHub's doing, so the other one is not its own."""
    match job.repository.subject:
        case SubjectForm.BOTH:
            other = replace(job.repository, owner_id=job.repository.owner_id + job.n)
            return job.token(other, form=SubjectForm.IMMUTABLE)
        case SubjectForm.IMMUTABLE:
            return job.token(job.repository, form=SubjectForm.LEGACY)
        case SubjectForm.LEGACY:
            return job.token(job.repository, form=SubjectForm.IMMUTABLE)


def _no_environment(job: "Try") -> Token:
    return job.token(job.repository, environment="", ref=f"{job.ref}-{job.n}")


def _audience(job: "Try") -> Token:
    wrong = (f"https://github.com/acme{job.n}", f"{AUDIENCE}{job.n}", "STS.amazonaws.com")
    return replace(job.token(job.repository), aud=job.rng.choice(wrong))


def _issuer(job: "Try") -> Token:
    wrong = (f"https://{ISSUER}/acme", f"https://ghes{job.n}.example.com")
    return replace(job.token(job.repository), iss=job.rng.choice(wrong))


KINDS = (
    _fork,
    _similar_name,
    _recycled_name,
    _renamed,
    _other_environment,
    _other_form,
    _no_environment,
    _audience,
    _issuer,
)


@dataclass(frozen=True)
class Try:
    """One attempt: whose job it imitates, and the dice."""

    n: int
    rng: random.Random
    repository: Repository
    environment: str
    ref: str
    form: Any

    def token(self, repository: Repository, **changes: Any) -> Token:
        event = (
            "pull_request"
            if self.ref.startswith("refs/pull")
            else self.rng.choice(("push", "workflow_dispatch"))
        )
        given = {"environment": self.environment, "form": self.form, "ref": self.ref, **changes}
        return token_of(repository, event=event, workflow=f"w{self.n % 50}", run_id=self.n, **given)


def attackers(
    repositories: tuple[Repository, ...], environments: list[str], first: int
) -> Iterator[tuple[str, Token]]:
    """Tokens that GitHub could sign and that belong to no declared job, and tokens that it never would."""
    rng = random.Random(first)  # noqa: S311 - the same attackers in every run
    for n in itertools.count(1):
        attempt = Try(
            n, rng, rng.choice(repositories), rng.choice(environments), rng.choice(REFS), rng.choice(FORMS)
        )
        kind = KINDS[n % len(KINDS)]
        yield kind.__name__.strip("_").replace("_", " "), kind(attempt)


def _stranger(repository: Repository, n: int, name: Any = None, owner: Any = None) -> Repository:
    return replace(
        repository,
        name=name(repository.name, n) if name else repository.name,
        owner=owner(repository.owner, n) if owner else repository.owner,
        owner_id=repository.owner_id if owner is None else 20_000 + n,
        id=30_000 + n,
    )


def compiled(roles: tuple[RoleDeclaration, ...]) -> list[tuple[str, str, Policy]]:
    return [
        (role.arn, role.account, Policy.parse(rendered(trust_policy(role)), "resource")) for role in roles
    ]


def reached(
    token: Token, trusts: list[tuple[str, str, Policy]], claims: frozenset[str] = STS_CLAIMS
) -> list[str]:
    requests = {
        account: trust_request(token, SESSION, account=account, claims=claims) for _, account, _ in trusts
    }
    return [arn for arn, account, policy in trusts if policy.decide(requests[account], Mode.ATTACK).allowed]


def declared_environments(platform: Any) -> list[str]:
    return sorted({job.environment for role in platform.roles for job in role.jobs})


def test_every_declared_job_reaches_exactly_its_role(platform: Any) -> None:
    trusts = compiled(platform.roles)
    for role in platform.roles:
        for job in role.jobs:
            forms = FORMS if job.repository.subject is SubjectForm.BOTH else (job.repository.subject,)
            for form in forms:
                for event in job.events:
                    token = token_for(job, event, "refs/heads/main", form=form)
                    assert reached(token, trusts) == [role.arn]
                    name = session_name(job.name, 12)
                    assert evaluate_trust(trust_policy(role), token, name, account=role.account).allowed


def test_no_generated_attacker_reaches_any_role(platform: Any) -> None:
    trusts = compiled(platform.roles)
    seen: set[Token] = set()
    for label, token in attackers(platform.repositories, declared_environments(platform), seed(20261121)):
        if token in seen:
            continue
        seen.add(token)
        assert reached(token, trusts) == [], (label, token)
        if len(seen) == ATTACKERS:
            return


def test_the_subject_alone_keeps_every_attacker_out(platform: Any) -> None:
    """As if STS knew no claim but `sub` and `aud`, and as if the trust policies named no other."""
    roles = platform.roles
    trusts = [
        (role.arn, role.account, Policy.parse(_only_subject(trust_policy(role)), "resource"))
        for role in roles
    ]
    own = {sub for role in roles for job in role.jobs for sub in subjects(job.repository, job.environment)}
    tried = 0
    for label, token in attackers(platform.repositories, declared_environments(platform), seed(7)):
        # A recycled name gets the immutable form, because its repository is new; only tokens that no GitHub
        # would sign carry a declared subject of the legacy form with other ids.
        if label == "recycled name" and token.sub in own:
            continue
        tried += 1
        assert reached(token, trusts, claims=frozenset()) == [], (label, token)
        if tried == size(20_000, 5_000):
            return


def test_the_attackers_would_get_through_a_careless_policy(platform: Any) -> None:
    """Each kind of attacker gets past some usual mistake, so each is a real one."""
    careless = (
        "repo:acme/app*",
        "repo:*/app:environment:*",
        "repo:acme*/*:environment:*",
        "repo:acme@10/*",
        "repo:*:environment:*",
        "repo:*",
    )
    trusts: list[tuple[str, str, Policy]] = []
    for pattern in careless:
        statement = copy.deepcopy(trust_policy(platform.role("app-build")))
        statement["Statement"][0]["Condition"] = {"StringLike": {f"{ISSUER}:sub": pattern}}
        trusts.append((pattern, "111111111111", Policy.parse(statement, "resource")))
    got_in: set[str] = set()
    for number, (label, token) in enumerate(attackers(platform.repositories, ["build", "production"], 1)):
        if reached(token, trusts):
            got_in.add(label)
        if number == 2_000:
            break
    # The issuer is part of the provider's ARN and not a condition, so no condition can let it slip.
    assert got_in == {
        "audience",
        "fork",
        "no environment",
        "other environment",
        "other form",
        "recycled name",
        "renamed",
        "similar name",
    }


def _only_subject(document: dict[str, Any]) -> dict[str, Any]:
    kept = copy.deepcopy(document)
    for statement in kept["Statement"]:
        condition = statement["Condition"]
        wanted = {
            key: value
            for key, value in condition.get("StringEquals", {}).items()
            if key.endswith((":sub", ":aud"))
        }
        statement["Condition"] = {"StringEquals": wanted} if wanted else condition
    return kept
