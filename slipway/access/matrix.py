"""The access matrix: who reaches which role, by which way, and what that lets them do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from slipway.access.capabilities import Capability, capabilities
from slipway.access.contexts import Context, contexts, known_subjects, satisfying
from slipway.access.doors import OUTSIDE, admits, is_chosen, principals
from slipway.access.evaluate import Mode, Request, chain_request, decide_access, trust_request
from slipway.access.powers import Powers
from slipway.access.statements import Statement
from slipway.access.world import Role, World

PAST_REVIEW = "past its reviewers"


@dataclass(frozen=True, order=True, kw_only=True)
class Row:
    """One asker and one role that they reach, themselves or by way of other roles (`via`, in order)."""

    who: str
    environment: str
    refs: tuple[str, ...]
    events: tuple[str, ...]
    role: str
    via: tuple[str, ...]
    certain: bool
    capabilities: tuple[Capability, ...]
    past_review: bool = False
    """The role is one of an environment with reviewers, who are not asked when it is reached this way."""


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """All rows, the roles that nobody in it reaches, and what could not be read for certain."""

    rows: tuple[Row, ...]
    unreached: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, order=True, kw_only=True)
class Access:
    """One difference: someone, a role, and what they can or could do there; `assume it` is the first."""

    who: str
    environment: str
    refs: tuple[str, ...]
    role: str
    what: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MatrixDiff:
    """What a change would newly allow, and what it would no longer allow; callers from outside come first."""

    newly_allowed: tuple[Access, ...]
    no_longer_allowed: tuple[Access, ...]


@dataclass(frozen=True)
class _Found:
    via: tuple[str, ...]
    certain: bool


def matrix(world: World, able_to: Callable[[Role], tuple[Capability, ...]] = capabilities) -> Matrix:
    """Asks every role for every context, follows the chains, and adds what each role can do.

    Args:
        world: the roles and who there is to ask for them.
        able_to: what a role can do, as far as somebody wants to know it; asked once for each role.
    """
    everyone = list(contexts(world))
    listed = known_subjects(world, everyone)
    able = {arn: able_to(role) for arn, role in world.roles.items()}
    hops = _hops(world)
    refs: dict[_Key, tuple[list[str], set[str]]] = {}
    for context in everyone:
        if context.who.startswith("subject ") and all(token.sub in listed for token in context.tokens):
            continue
        for arn, found in _reached(world, context, hops).items():
            key = (context.who, context.environment, arn, found.via, found.certain)
            labels, events = refs.setdefault(key, ([], set()))
            if context.ref not in labels:
                labels.append(context.ref)
            events.update(context.events)
    reviewed = _reviewed_roles(world, refs)
    rows = tuple(
        sorted(
            Row(
                who=who,
                environment=environment,
                refs=tuple(labels),
                events=tuple(sorted(events)),
                role=arn,
                via=via,
                certain=certain,
                capabilities=able[arn],
                past_review=arn in reviewed and bool(via),
            )
            for (who, environment, arn, via, certain), (labels, events) in refs.items()
        )
    )
    reached = {row.role for row in rows}
    unreached = tuple(sorted(arn for arn in world.roles if arn not in reached))
    return Matrix(rows=rows, unreached=unreached, problems=tuple(sorted(world.problems)))


_Key = tuple[str, str, str, tuple[str, ...], bool]


def _reviewed_roles(world: World, found: Iterable[_Key]) -> set[str]:
    """Roles that a token reaches by itself out of an environment with reviewers."""
    reviewed = {
        (environment.repository.slug, environment.name.lower())
        for environment in world.environments
        if environment.is_reviewed
    }
    return {
        arn for who, environment, arn, via, _ in found if not via and (who, environment.lower()) in reviewed
    }


def diff(base: Matrix, head: Matrix) -> MatrixDiff:
    """What `head` allows that `base` did not, and the other way round."""
    before, after = _atoms(base), _atoms(head)
    return MatrixDiff(newly_allowed=_grouped(after - before), no_longer_allowed=_grouped(before - after))


def _reached(world: World, context: Context, hops: dict[str, dict[str, bool]]) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for arn, role in world.roles.items():
        verdict = _admits(world, context, role)
        if verdict is not None:
            found[arn] = _Found(via=(), certain=verdict)
    if context.door is not None:
        found[context.door.role] = _Found(via=(), certain=context.door.certain)
    queue = list(found)
    if context.role_arn:
        # The runner's own role is where its jobs stand, so it is a row of its own and the start of the chain.
        found[context.role_arn] = _Found(via=(), certain=True)
        queue.append(context.role_arn)
    while queue:
        arn = queue.pop(0)
        for target, certain in hops.get(arn, {}).items():
            if target not in found:
                found[target] = _Found(via=(*found[arn].via, arn), certain=found[arn].certain and certain)
                queue.append(target)
    return {arn: value for arn, value in found.items() if arn in world.roles}


def _admits(world: World, context: Context, role: Role) -> bool | None:
    """True for certain, False if only doubts let it in, None if not at all."""
    requests = list(_requests(world, context, role))
    if any(role.trust.decide(request, Mode.REACH).allowed for request in requests):
        return True
    return False if any(role.trust.decide(request, Mode.ATTACK).allowed for request in requests) else None


def _requests(world: World, context: Context, role: Role) -> Iterable[Request]:
    if not context.tokens:
        return
    # Whoever calls chooses the session's name, so one that the role asks for is tried, too.
    wanted = {name for each in _wanted(role) for name in each.get("sts:rolesessionname", ())}
    for name in sorted({*context.session_names, *wanted}):
        for token in context.tokens:
            request = trust_request(token, name, account=role.account, role_arn=role.arn)
            clients = world.providers.get(request.principal.id if request.principal else "")
            # A provider outside these stacks may exist all the same; only a known one is held to its clients.
            if clients is None or token.aud in clients:
                yield request


def _wanted(role: Role) -> list[dict[str, tuple[str, ...]]]:
    """For each statement that trusts somebody, what a caller can fill in to meet its conditions."""
    return [
        {key: (value,) for key, value in satisfying(statement).items() if is_chosen(key)}
        for statement in role.trust_statements
        if statement.get("Effect") == "Allow"
    ]


def _hops(world: World) -> dict[str, dict[str, bool]]:
    """For each role, the roles that it may assume itself, and whether that is certain."""
    hops: dict[str, dict[str, bool]] = {}
    wanted = {arn: _wanted(role) for arn, role in world.roles.items()}
    for source in world.roles.values():
        for target in world.roles.values():
            admitting = [one for one in target.trust_statements if admits(one, source.arn)]
            # A policy that can be read and admits nobody of that name need not be asked.
            if source is not target and (admitting or not target.trust.is_read):
                certain = _hop(source, target, wanted[target.arn])
                if certain is None and _may_hop(source, target, admitting):
                    certain = False
                if certain is not None:
                    hops.setdefault(source.arn, {})[target.arn] = certain
    return hops


def _hop(source: Role, target: Role, wanted: list[dict[str, tuple[str, ...]]]) -> bool | None:
    """Whether one role may assume another: for certain, only if doubts let it, or not as far as was tried."""
    plain = chain_request(source.arn, target.arn, "gha-ci-1")
    requests = [plain, *(replace(plain, context={**plain.context, **values}) for values in wanted)]
    for mode in (Mode.REACH, Mode.ATTACK):
        for request in requests:
            decision = decide_access(
                request,
                identity=source.identity,
                boundary=source.boundary,
                resource_policy=target.trust,
                resource_account=target.account,
                mode=mode,
            )
            if decision.allowed:
                return mode is Mode.REACH
    return None


def _may_hop(source: Role, target: Role, admitting: list[Statement]) -> bool:
    """Whether it may on conditions that nobody here can tell: a tag, an address, an organisation."""
    named = any(("AWS", source.arn) in principals(one) for one in admitting)
    # Within one account a trust policy that names a role needs nothing of that role's own.
    return bool(admitting) and (
        Powers.of(source).may("sts:AssumeRole", target.arn) or (named and source.account == target.account)
    )


_Atom = tuple[str, str, str, str, str]


def _atoms(of: Matrix) -> set[_Atom]:
    atoms: set[_Atom] = set()
    for row in of.rows:
        what = ["assume it" if row.certain else "assume it (possibly)"]
        what += [f"assume it {PAST_REVIEW}"] if row.past_review else []
        what += [str(one) for capability in row.capabilities for one in capability.one_by_one]
        atoms |= {(row.who, row.environment, ref, row.role, text) for ref in row.refs for text in what}
    return atoms


def _grouped(atoms: set[_Atom]) -> tuple[Access, ...]:
    refs: dict[tuple[str, str, str, str], list[str]] = {}
    for who, environment, ref, role, what in sorted(atoms):
        refs.setdefault((who, environment, role, what), []).append(ref)
    whats: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
    for (who, environment, role, what), labels in refs.items():
        whats.setdefault((who, environment, role, tuple(labels)), []).append(what)
    found = [
        Access(
            who=who,
            environment=environment,
            refs=labels,
            role=role,
            what=tuple(sorted(texts, key=lambda text: (not text.startswith("assume it"), text))),
        )
        for (who, environment, role, labels), texts in whats.items()
    ]
    return tuple(sorted(found, key=lambda access: (not access.who.startswith(OUTSIDE), access)))
