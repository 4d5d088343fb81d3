"""The proof, on plain data and before anything is applied, that a change leaves somebody in charge.

A declaration is what one version of the program says about who gets in. The version in force is kept by the
stack; the proof compares it with the version to come and names every way in which that one would lock out.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, cast

from slipway.errors import SlipwayError
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_auth import mapped_arn

SOMEBODY_ELSE = "somebody else"
"""The creator of a cluster that this program uses and did not make."""

FORMAT = 1
"""Raised when the meaning of a published declaration changes; another one is refused, not guessed at."""

_PROVEN_ELSEWHERE = ("public_access_cidrs", "reachable_from")
"""Keys of declarations from before slipway/platform/reach.py had a proof of its own for the way in."""


@dataclass(frozen=True, kw_only=True)
class AccessDeclaration:
    """Who gets into a cluster. Roles are ARNs, with their paths where aws-auth allows any."""

    cluster: str
    region: str
    mode: AuthenticationMode
    creator: str
    """The role that made the cluster. pulumi-eks has EKS make it an administrator, once and for good. Of a
    cluster that is not ours it is not known, nor whom its owner lets in."""
    apply_principal: str
    """The role that Pulumi runs as."""
    admin_entries: tuple[str, ...]
    """Roles with an access entry of ours and the policy for cluster administrators."""
    job_entries: tuple[str, ...]
    """CI roles with an access entry of ours."""
    admin_mappings: tuple[str, ...]
    """Roles that aws-auth puts into system:masters."""
    job_mappings: tuple[str, ...]
    """CI roles in aws-auth."""
    node_roles: tuple[str, ...]
    """Roles of the managed node groups, for which EKS itself keeps access entries in modes that have them."""
    node_mappings: tuple[str, ...]
    """Roles that aws-auth lets join as nodes."""

    def administrators(self) -> frozenset[str]:
        """Everybody who has all rights in this mode, Pulumi's principal included; ARNs without paths."""
        found = set[str]() if self.existing else {self.creator}
        if self.mode.has_entries:
            found.update(self.admin_entries)
        if self.mode.has_config_map:
            # An entry outranks the line for the same role (EKS User Guide, "Migrating existing aws-auth").
            overruled = _mapped(self.job_entries) if self.mode.has_entries else frozenset[str]()
            found.update(_mapped(self.admin_mappings) - overruled)
        return _mapped(found)

    def people(self) -> frozenset[str]:
        """Administrators other than Pulumi: its roles trust workflows only, so no person can become them."""
        return self.administrators() - _mapped({self.creator, self.apply_principal})

    def to_plain(self) -> dict[str, Any]:
        """As JSON-able data, sorted, so that the same declaration always reads the same."""
        plain: dict[str, Any] = {"format": FORMAT}
        for field in fields(self):
            value: str | tuple[str, ...] = getattr(self, field.name)
            plain[field.name] = sorted(value) if isinstance(value, tuple) else str(value)
        return plain

    @property
    def existing(self) -> bool:
        """Whether the cluster is somebody else's: its mode and its nodes are, too."""
        return self.creator == SOMEBODY_ELSE

    @classmethod
    def from_plain(cls, plain: object) -> "AccessDeclaration":
        """Read back what `to_plain` wrote.

        Raises:
            SlipwayError: for anything else. Without knowing the version in force there is no proof.
        """
        try:
            return cls._read(plain)
        except (TypeError, ValueError) as error:
            raise SlipwayError(
                f"the published access declaration cannot be read: {error}",
                where="output clusterAccess of the stack",
                fix="restore the stack's last state; do not go on without it",
            ) from error

    @classmethod
    def _read(cls, plain: object) -> "AccessDeclaration":
        if not isinstance(plain, dict):
            raise TypeError(f"it is {type(plain).__name__}, not an object")
        values = dict(cast(dict[str, Any], plain))
        if values.pop("format", None) != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        for key in _PROVEN_ELSEWHERE:
            values.pop(key, None)
        names = {field.name for field in fields(cls)}
        if set(values) != names:
            raise ValueError(f"these keys are missing or unknown: {', '.join(sorted(set(values) ^ names))}")
        return cls(
            cluster=_read_text(values, "cluster"),
            region=_read_text(values, "region"),
            mode=AuthenticationMode(_read_text(values, "mode")),
            creator=_read_text(values, "creator"),
            apply_principal=_read_text(values, "apply_principal"),
            admin_entries=_read_texts(values, "admin_entries"),
            job_entries=_read_texts(values, "job_entries"),
            admin_mappings=_read_texts(values, "admin_mappings"),
            job_mappings=_read_texts(values, "job_mappings"),
            node_roles=_read_texts(values, "node_roles"),
            node_mappings=_read_texts(values, "node_mappings"),
        )


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One way in which a change would lock out, and what to do instead."""

    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.what} ({self.fix})"


def check(old: AccessDeclaration | None, new: AccessDeclaration) -> list[str]:
    """Every reason to refuse the change; none means that it is safe.

    Args:
        old: the declaration in force, None before the cluster exists.
        new: the declaration that would be applied.
    """
    return [str(refusal) for refusal in refusals(old, new)]


def require(old: AccessDeclaration | None, new: AccessDeclaration) -> None:
    """Raise SlipwayError that names every reason to refuse the change and what to do about each."""
    found = refusals(old, new)
    if found:
        raise SlipwayError(
            "this change would lock the cluster: " + "; ".join(reason.what for reason in found),
            where=f"cluster {new.cluster}",
            fix="; ".join(reason.fix for reason in found),
        )


def refusals(old: AccessDeclaration | None, new: AccessDeclaration) -> list[Refusal]:
    """Like `check`, with what is wrong and what to do apart."""
    found = [refusal for rule in _ALONE if (refusal := rule(new)) is not None]
    if old is None:
        first = _foreign_creator(new)
        return found + ([first] if first else [])
    return found + [refusal for rule in _CHANGES if (refusal := rule(old, new)) is not None]


def _no_administrator(new: AccessDeclaration) -> Refusal | None:
    if new.people():
        return None
    return Refusal(
        what="no administrator would be left but Pulumi's own role",
        fix="declare at least one person's role as administrator",
    )


def _pulumi_out(new: AccessDeclaration) -> Refusal | None:
    if mapped_arn(new.apply_principal) in new.administrators():
        return None
    return Refusal(
        what=f"Pulumi's own role {new.apply_principal} would be no administrator",
        fix="make it an administrator first, in a change applied by the present one",
    )


def _no_nodes(new: AccessDeclaration) -> Refusal | None:
    if new.existing:
        return None
    if not new.node_roles:
        return Refusal(what="no node could join: there is no node group", fix="keep at least one node group")
    if not new.mode.has_config_map:
        return None
    unmapped = _mapped(new.node_roles) - _mapped(new.node_mappings)
    return _unmapped_nodes(unmapped) if unmapped else None


def _nodes_as_people(new: AccessDeclaration) -> Refusal | None:
    others = (*new.admin_entries, *new.job_entries, *new.admin_mappings, *new.job_mappings)
    taken = _mapped((*new.node_roles, *new.node_mappings)) & _mapped((*others, new.creator))
    if not taken:
        return None
    names = ", ".join(sorted(taken))
    return Refusal(
        what=f"an entry or line of another kind would keep the nodes of {names} out",
        fix=f"use {names} for nodes only",
    )


def _jobs_without_entry(new: AccessDeclaration) -> Refusal | None:
    if new.mode.has_config_map:
        return None
    left = _mapped((*new.job_mappings, *new.admin_mappings)) - _mapped((*new.job_entries, *new.admin_entries))
    return _missing_entries(left) if left else None


def _foreign_creator(new: AccessDeclaration) -> Refusal | None:
    if new.existing or new.creator == new.apply_principal:
        return None
    return Refusal(
        what=f"{new.apply_principal} would make the cluster, not {new.creator}",
        fix="name the role that applies the stack as the creator",
    )


def _another_cluster(old: AccessDeclaration, new: AccessDeclaration) -> Refusal | None:
    if (old.cluster, old.region) == (new.cluster, new.region):
        return None
    return Refusal(
        what=f"cluster {old.cluster} in {old.region} would be replaced by {new.cluster} in {new.region}",
        fix="keep the name and the region; make a second cluster and move over",
    )


def _another_creator(old: AccessDeclaration, new: AccessDeclaration) -> Refusal | None:
    if old.creator == new.creator:
        return None
    if old.existing or new.existing:
        said = "made by this stack", "somebody else's"
        was, now = said if new.existing else said[::-1]
        return Refusal(
            what=f"cluster {old.cluster} is {was}, and would be {now}: this stack would "
            + ("delete what it let go of" if new.existing else "make another one in its place"),
            fix="keep it as it is; bring the other one up in a stack of its own and move over",
        )
    return Refusal(
        what=f"the cluster was made by {old.creator}, and that cannot become {new.creator}",
        fix="keep the creator; give the other role an entry as administrator",
    )


def _mode_back(old: AccessDeclaration, new: AccessDeclaration) -> Refusal | None:
    if new.existing or new.mode.step >= old.mode.step:
        return None
    return Refusal(
        what=f"the authentication mode cannot go back from {old.mode} to {new.mode}",
        fix=f"keep {old.mode}",
    )


def _mode_skipped(old: AccessDeclaration, new: AccessDeclaration) -> Refusal | None:
    if new.existing or new.mode.step - old.mode.step <= 1:
        return None
    return Refusal(
        what=f"from {old.mode} to {new.mode} there would be a time with neither aws-auth nor entries",
        fix=f"go to {AuthenticationMode.API_AND_CONFIG_MAP} first and apply it",
    )


def _pulumi_not_in_yet(old: AccessDeclaration, new: AccessDeclaration) -> Refusal | None:
    if mapped_arn(new.apply_principal) in old.administrators():
        return None
    return Refusal(
        what=f"{new.apply_principal} would apply this and is no administrator yet",
        fix=f"make it an administrator first, in a change applied by {old.apply_principal}",
    )


def _all_people_swapped(old: AccessDeclaration, new: AccessDeclaration) -> Refusal | None:
    # A name that is mistyped everywhere at once would otherwise be found out when nobody can get in.
    if not new.people() or not old.people() or old.people() & new.people():
        return None
    return Refusal(
        what="every administrator would be replaced at once, by roles that never got in",
        fix=f"keep one of {', '.join(sorted(old.people()))} until the new ones have been used",
    )


def _running_nodes_dropped(old: AccessDeclaration, new: AccessDeclaration) -> Refusal | None:
    # The old groups' nodes run until the new groups are there, and all that time they need their line.
    if not new.mode.has_config_map or not new.node_roles:
        return None
    unmapped = _mapped(old.node_roles) - _mapped(new.node_mappings) - _mapped(new.node_roles)
    return _unmapped_nodes(unmapped) if unmapped else None


def _map_left_too_early(old: AccessDeclaration, new: AccessDeclaration) -> Refusal | None:
    """Whoever aws-auth lets in needs an entry in force before the mode that ignores aws-auth."""
    if new.mode.has_config_map or not old.mode.has_config_map:
        return None
    in_force = _mapped((*old.admin_entries, *old.job_entries)) if old.mode.has_entries else frozenset[str]()
    kept = _mapped((*new.admin_entries, *new.job_entries)) & in_force
    left = _mapped((*old.admin_mappings, *old.job_mappings)) - kept - _mapped({old.creator})
    left |= _mapped(old.node_mappings) - _mapped(new.node_roles)
    return _missing_entries(left) if left else None


def _unmapped_nodes(roles: frozenset[str]) -> Refusal:
    names = ", ".join(sorted(roles))
    return Refusal(
        what=f"nodes of {names} would lose their line in aws-auth", fix=f"keep {names} mapped as nodes"
    )


def _missing_entries(roles: frozenset[str]) -> Refusal:
    names = ", ".join(sorted(roles))
    return Refusal(
        what=f"without aws-auth these have no access entry: {names}",
        fix=f"in {AuthenticationMode.API_AND_CONFIG_MAP}, apply their entries or take them out of aws-auth",
    )


_ALONE: tuple[Callable[[AccessDeclaration], Refusal | None], ...] = (
    _no_administrator,
    _pulumi_out,
    _no_nodes,
    _nodes_as_people,
    _jobs_without_entry,
)
_CHANGES: tuple[Callable[[AccessDeclaration, AccessDeclaration], Refusal | None], ...] = (
    _another_cluster,
    _another_creator,
    _mode_back,
    _mode_skipped,
    _pulumi_not_in_yet,
    _all_people_swapped,
    _running_nodes_dropped,
    _map_left_too_early,
)


def _mapped(roles: "set[str] | frozenset[str] | tuple[str, ...]") -> frozenset[str]:
    return frozenset(mapped_arn(role) for role in roles)


def _read_text(values: dict[str, Any], name: str) -> str:
    value: object = values[name]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{name} holds {value!r}, not text")
    return value


def _read_texts(values: dict[str, Any], name: str) -> tuple[str, ...]:
    value: object = values[name]
    if not isinstance(value, list):
        raise TypeError(f"{name} holds {value!r}, not a list")
    items = cast(list[object], value)
    if not all(isinstance(item, str) and item for item in items):
        raise TypeError(f"{name} holds something that is not text")
    return tuple(cast(list[str], items))
