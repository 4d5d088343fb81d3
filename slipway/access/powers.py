"""What a role is allowed, statement by statement, within its boundary and less what is denied."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from slipway.access.condition_words import in_words
from slipway.access.extents import Domains, Rule, Texts, rule_of
from slipway.access.patterns import written
from slipway.access.world import Role


@dataclass(frozen=True)
class Grant:
    """Actions on resources that one statement allows and one of the boundary does not refuse.

    Attributes:
        by: the statement.
        conditional: it hangs on conditions that the role alone does not settle.
        when: those of the statement and of the boundary's, in words.
        certain: nothing about it is in doubt.
        denied: the Deny statements that take some of it away.
        held: those that do so on a condition.
    """

    by: Rule
    actions: Texts
    resources: Texts
    conditional: bool
    certain: bool
    when: tuple[str, ...] = ()
    denied: tuple[Rule, ...] = ()
    held: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Powers:
    """Everything that a role is allowed."""

    own: Domains
    allows: tuple[Rule, ...]
    denies: tuple[Rule, ...]
    limits: tuple[Rule, ...] | None
    """The boundary's Allow statements; None where there is no boundary, or none whose text is to be had."""
    certain: bool = True
    """Whether every statement could be read."""

    @classmethod
    def of(cls, role: Role) -> "Powers":
        """A role's, by its policies and its boundary."""
        own = [rule for statement in role.statements if (rule := rule_of(statement))]
        limit = [rule for statement in role.boundary_statements if (rule := rule_of(statement))]
        has_limit = role.boundary is not None and role.boundary.is_read
        return cls(
            own={
                "aws:principalarn": frozenset({role.arn}),
                "aws:principalaccount": frozenset({role.account}),
                "aws:principaltype": frozenset({"AssumedRole"}),
            },
            allows=tuple(rule for rule in own if rule.allows),
            denies=tuple(rule for rule in (*own, *limit) if not rule.allows),
            limits=tuple(rule for rule in limit if rule.allows) if has_limit else None,
            certain=all(policy.is_read for policy in role.identity) and (has_limit or not role.boundary),
        )

    def grants(self) -> Iterator[Grant]:
        """Every part of it. A part that no statement denies for certain is there, however narrow."""
        for rule in self.allows:
            yield from self._of(rule, rule.actions.parts, rule.resources.parts)

    def may(self, action: str, resource: str, known: Domains | None = None) -> bool:
        """Whether an action, or one of a pattern, may go through on a resource, or on one of a pattern.

        `known` says what condition keys can be; of others everything is taken to be possible.
        """
        if known:
            return replace(self, own={**self.own, **known}).may(action, resource)
        actions, resources = Texts((written(action.lower()),)), Texts((written(resource),))
        return any(
            True
            for rule in self.allows
            for _ in self._of(rule, actions.within(rule.actions), resources.within(rule.resources))
        )

    def _of(self, rule: Rule, actions: Sequence[Texts], resources: Sequence[Texts]) -> Iterator[Grant]:
        """What is left of some actions on some resources that a statement allows."""
        domains = rule.narrowed(self.own)
        holds = rule.condition_holds(self.own)
        if _impossible(domains) or holds is False:
            return
        denies = [deny for deny in self.denies if _concerns(deny, actions, resources)]
        limits = None
        if self.limits is not None:
            limits = [limit for limit in self.limits if _concerns(limit, actions, resources)]
        for action in actions:
            for resource in resources:
                grant = Grant(
                    by=rule,
                    actions=action,
                    resources=resource,
                    conditional=holds is not True or rule.resources.is_open,
                    certain=self.certain and rule.is_certain,
                    when=() if holds is True else in_words(rule.condition),
                )
                for part, left in _limited(grant, limits, domains):
                    yield from _less(part, denies, left)


def _limited(
    grant: Grant, limits: Sequence[Rule] | None, domains: Domains
) -> Iterator[tuple[Grant, Domains]]:
    """What a boundary's Allow statements leave of a grant, and of what the condition keys may be."""
    if limits is None:
        yield grant, domains
        return
    for limit in limits:
        narrowed, holds = limit.narrowed(domains), limit.condition_holds(domains)
        if _impossible(narrowed) or holds is False:
            continue
        for actions in grant.actions.within(limit.actions):
            for resources in grant.resources.within(limit.resources):
                part = replace(
                    grant,
                    actions=actions,
                    resources=resources,
                    conditional=grant.conditional or holds is not True or limit.resources.is_open,
                    certain=grant.certain and limit.is_certain,
                    when=grant.when if holds is True else (*grant.when, *in_words(limit.condition)),
                )
                yield part, narrowed


def _less(grant: Grant, denies: Sequence[Rule], domains: Domains) -> Iterator[Grant]:
    """What the Deny statements leave of a grant."""
    parts = [grant]
    for rule in denies:
        holds = rule.condition_holds(domains)
        if holds is not False:
            parts = [left for part in parts for left in _left_by(rule, part, is_settled=holds is True)]
    yield from parts


def _concerns(rule: Rule, actions: Sequence[Texts], resources: Sequence[Texts]) -> bool:
    return any(map(rule.actions.touches, actions)) and any(map(rule.resources.touches, resources))


def _left_by(rule: Rule, part: Grant, *, is_settled: bool) -> Iterator[Grant]:
    """What a Deny leaves of a part."""
    if not (rule.actions.touches(part.actions) and rule.resources.touches(part.resources)):
        yield part
    elif is_settled and rule.is_certain and rule.resources.covers(part.resources):
        for rest in part.actions.outside(rule.actions):
            yield replace(part, actions=rest, denied=(*part.denied, rule))
    elif not is_settled or rule.resources.is_open:
        yield replace(part, held=(*part.held, rule))
    else:
        yield replace(part, denied=(*part.denied, rule))


def _impossible(domains: Domains) -> bool:
    return any(not values for values in domains.values())
