"""Everybody who might ask for a role: the jobs that GitHub would run, outsiders, runners and AWS itself."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from slipway.access.claims import AUDIENCE, ISSUER, Token, token_of
from slipway.access.conditions import strings
from slipway.access.doors import Door, doors, principals
from slipway.access.evaluate import STS_CLAIMS
from slipway.access.refs import DEFAULT_BRANCH, every_kind, samples
from slipway.access.statements import Statement
from slipway.access.trust import session_name
from slipway.access.world import World
from slipway.platform.declaration import Repository, SubjectForm

Form = Literal[SubjectForm.IMMUTABLE, SubjectForm.LEGACY]


@dataclass(frozen=True, kw_only=True)
class Context:
    """One asker: a job with its tokens (one for each form of `sub` that it may get), a role, or a caller.

    A pull request from a fork is not among them: GitHub gives its jobs no id-token, whatever they ask for
    (GitHub Docs, "Events that trigger workflows", pull_request events for forked repositories).
    """

    who: str
    environment: str = ""
    ref: str = ""
    events: tuple[str, ...] = ()
    tokens: tuple[Token, ...] = ()
    role_arn: str = ""
    door: Door | None = None
    session_names: tuple[str, ...] = (session_name("ci", 1),)


def contexts(world: World) -> Iterator[Context]:
    """Every context of a world, those that should reach nothing included."""
    yield from _jobs(world)
    yield from _outsiders(world)
    yield from _unlisted(world)
    for runner in world.runner_classes:
        repositories = ", ".join(runner.repositories) or "any repository"
        yield Context(who=f"runner class {runner.name} ({repositories})", role_arn=runner.role_arn)


def forms(repository: Repository) -> tuple[Form, ...]:
    """The forms of `sub` that a repository's tokens may have."""
    match repository.subject:
        case SubjectForm.BOTH:
            return (SubjectForm.IMMUTABLE, SubjectForm.LEGACY)
        case SubjectForm.LEGACY:
            return (SubjectForm.LEGACY,)
        case SubjectForm.IMMUTABLE:
            return (SubjectForm.IMMUTABLE,)


def _jobs(world: World) -> Iterator[Context]:
    for environment in world.environments:
        repository = environment.repository
        for sample in samples(environment):
            yield _job(repository, environment.name, sample.label, sample.ref, sample.events)
    for repository in world.repositories:
        for sample in every_kind():
            yield _job(repository, "", sample.label, sample.ref, sample.events)


def _job(repository: Repository, environment: str, label: str, ref: str, events: tuple[str, ...]) -> Context:
    tokens = tuple(
        token_of(repository, event=event, ref=ref, environment=environment, form=form)
        for event in events
        for form in forms(repository)
    )
    return Context(who=repository.slug, environment=environment, ref=label, events=events, tokens=tokens)


def _outsiders(world: World) -> Iterator[Context]:
    names: dict[Repository, set[str]] = {repository: {""} for repository in world.repositories}
    for environment in world.environments:
        names[environment.repository].add(environment.name)
    for repository, environments in names.items():
        others = {
            f"another repository of {repository.owner}": replace(
                repository, name=f"{repository.name}-other", id=repository.id + 1
            ),
            f"{repository.name} of another owner": replace(
                repository,
                owner=f"{repository.owner[:36]}-2",
                owner_id=repository.owner_id + 1,
                id=repository.id + 1,
            ),
            f"a new repository under the name {repository.slug}": replace(repository, id=repository.id + 1),
        }
        for who, other in others.items():
            for environment in sorted(environments):
                both = replace(other, subject=SubjectForm.BOTH)
                ref = f"refs/heads/{DEFAULT_BRANCH}"
                job = _job(both, environment, "any", ref, ("pull_request", "push"))
                yield replace(job, who=who)


def _unlisted(world: World) -> Iterator[Context]:
    """Whoever a trust statement would let in, read back from its own conditions."""
    for role in world.roles.values():
        for statement in role.trust_statements:
            federated = any(kind == "Federated" for kind, _ in principals(statement))
            if statement.get("Effect") == "Allow" and federated:
                yield from _token_for(satisfying(statement), statement)
    for door in doors(world):
        yield Context(who=door.who, ref=door.conditions, door=door)


def _token_for(wanted: Mapping[str, str], statement: Mapping[str, Any]) -> Iterator[Context]:
    claims = {claim: wanted.get(f"{ISSUER}:{claim}", "") for claim in STS_CLAIMS}
    given = claims.pop("repository") or "anybody/anything"
    token = Token(
        sub="repo:anybody/anything:ref:refs/heads/main",
        aud=wanted.get(f"{ISSUER}:aud", AUDIENCE),
        repository=given,
        repository_id=claims.pop("repository_id") or "1",
        repository_owner=given.partition("/")[0],
        repository_owner_id="1",
        **{claim: value for claim, value in claims.items() if value},
    )
    names = (session_name("ci", 1), wanted.get("sts:rolesessionname", "anything"))
    for pattern in _subject_patterns(statement) or ("any subject",):
        sub = example(pattern) if pattern != "any subject" else token.sub
        yield Context(
            who=f"subject {pattern}", ref="any", tokens=(replace(token, sub=sub),), session_names=names
        )


def _subject_patterns(statement: Mapping[str, Any]) -> tuple[str, ...]:
    found: list[str] = []
    block = statement.get("Condition")
    for keys in cast("dict[str, Any]", block if isinstance(block, dict) else {}).values():
        for key, values in cast("dict[str, Any]", keys if isinstance(keys, dict) else {}).items():
            if key.lower() == f"{ISSUER}:sub":
                found += strings(values) or ()
    return tuple(found)


def known_subjects(world: World, found: Iterable[Context]) -> frozenset[str]:
    """The subjects of the jobs that GitHub would run for the declared repositories."""
    slugs = {repository.slug for repository in world.repositories}
    return frozenset(token.sub for context in found if context.who in slugs for token in context.tokens)


def satisfying(statement: Statement) -> dict[str, str]:
    """A context in which the statement's own conditions hold, as far as they can be met by one value each."""
    return dict(_values(statement, negative=False))


def example(pattern: str) -> str:
    """One text that a pattern with wildcards stands for."""
    return pattern.replace("*", "x").replace("?", "x")


def _values(statement: Statement, *, negative: bool) -> Iterable[tuple[str, str]]:
    block = statement.get("Condition")
    if not isinstance(block, dict):
        return
    for operator, keys in cast("dict[str, Any]", block).items():
        is_negative = "Not" in operator
        if is_negative is not negative or not isinstance(keys, dict):
            continue
        for key, values in cast("dict[str, Any]", keys).items():
            texts = strings(values)
            if not texts or (operator == "Null" and texts[0] == "true"):
                continue
            yield key.lower(), example(texts[0])
