"""Puts what a role's policies allow into a few words, computed from the statements and not by trying some."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from slipway.access.condition_words import in_words
from slipway.access.extents import Rule, Texts
from slipway.access.patterns import Pattern, glob, plain, short, written
from slipway.access.powers import Grant, Powers
from slipway.access.statements import READING_VERBS
from slipway.access.world import Role


@dataclass(frozen=True, order=True)
class Capability:
    """A kind of actions and the resources they are allowed on, in short.

    Attributes:
        label: the kind of actions.
        resources: what they are allowed on.
        certain: nothing is in doubt.
        conditional: conditions apply, of the statement that allows it, the boundary's or a Deny's.
        denied: what Deny statements take away of it.
        when: the conditions, in words; those of a Deny with the word `unless`.
    """

    label: str
    resources: tuple[str, ...] = ()
    certain: bool = True
    conditional: bool = False
    denied: tuple[str, ...] = ()
    when: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`label: resource, resource except action if key is value`."""
        text = f"{self.label}: {', '.join(self.resources)}" if self.resources else self.label
        text += f" except {', '.join(self.denied)}" if self.denied else ""
        if self.conditional:
            text += f" {_joined(self.when)}" if self.when else " (conditions apply)"
        return text if self.certain else f"{text} (possibly)"

    @property
    def one_by_one(self) -> "tuple[Capability, ...]":
        """The same, one for each resource."""
        return tuple(replace(self, resources=(name,)) for name in self.resources) or (self,)


def _joined(when: tuple[str, ...]) -> str:
    tests = [text for text in when if not text.startswith(UNLESS)]
    others = [text for text in when if text.startswith(UNLESS)]
    return ", ".join([*(["if " + " and ".join(tests)] if tests else []), *others])


UNLESS = "unless "
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("push images", ("ecr:PutImage", "ecr:*LayerUpload", "ecr:UploadLayerPart")),
    ("pull images", ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")),
    ("log in to the registry", ("ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability")),
    ("change image repositories", ("ecr:SetRepositoryPolicy", "ecr:*")),
    ("grant access to clusters", ("eks:CreateAccessEntry", "eks:*AccessEntry", "eks:*AccessPolicy")),
    ("reach clusters", ("eks:DescribeCluster", "eks:AccessKubernetesApi")),
    ("change clusters", ("eks:UpdateClusterConfig", "eks:*")),
    ("read parameters", ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath")),
    ("run commands on instances", ("ssm:SendCommand", "ssm:StartSession")),
    ("write parameters", ("ssm:PutParameter", "ssm:*")),
    ("read secrets", ("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue")),
    ("write secrets", ("secretsmanager:PutSecretValue", "secretsmanager:*")),
    ("read objects", ("s3:GetObject", "s3:GetObjectVersion")),
    ("write objects", ("s3:PutObject", "s3:PutObject*", "s3:DeleteObject*", "s3:RestoreObject")),
    ("list objects", ("s3:ListBucket", "s3:ListBucketVersions")),
    ("change buckets", ("s3:PutBucketPolicy", "s3:*")),
    ("decrypt", ("kms:Decrypt",)),
    ("encrypt", ("kms:Encrypt", "kms:GenerateDataKey*")),
    ("change keys", ("kms:PutKeyPolicy", "kms:*")),
    ("assume roles", ("sts:AssumeRole",)),
    ("create roles", ("iam:CreateRole", "iam:CreateServiceLinkedRole")),
    ("pass roles", ("iam:PassRole",)),
    ("change boundaries", ("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary")),
    ("change who may assume roles", ("iam:UpdateAssumeRolePolicy",)),
    ("change what roles may do", ("iam:PutRolePolicy", "iam:*RolePolicy", "iam:*Role", "iam:UpdateRole*")),
    ("change policies", ("iam:CreatePolicyVersion", "iam:*Policy*")),
    ("change identity providers", ("iam:CreateOpenIDConnectProvider", "iam:*OpenIDConnectProvider*")),
    ("change instance profiles", ("iam:AddRoleToInstanceProfile", "iam:*InstanceProfile*")),
    ("change users", ("iam:CreateAccessKey", "iam:*")),
    ("run instances", ("ec2:RunInstances",)),
    ("change the network", ("ec2:CreateVpc", "ec2:*", "route53:AssociateVPCWithHostedZone")),
    ("change log groups", ("logs:CreateLogGroup", "logs:*")),
)
"""Words for actions. An action named here outright goes before reading, and reading before the wildcards."""


READING = "read settings"
OTHER = "other actions: "
"""How the label of an action begins that no word above stands for; the action follows."""

_NAMED = {name.lower(): label for label, names in GROUPS for name in names if "*" not in name}
_WILD = tuple((label, written(name.lower())) for label, names in GROUPS for name in names if "*" in name)
_EXACT = tuple(written(name) for name in _NAMED)
_READING = tuple(written(f"*:{verb.lower()}*") for verb in READING_VERBS)

_Key = tuple[str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class _Said:
    """A role by what its policies say: equal for one and the same before a change and after it."""

    text: str
    role: Role = field(compare=False)


def capabilities(role: Role) -> tuple[Capability, ...]:
    """What a role can do: all that statements and boundary allow and no Deny takes away for certain."""
    read = [policy.is_read for policy in (*role.identity, *((role.boundary,) if role.boundary else ()))]
    own = (role.arn, role.account, role.statements, role.boundary_statements, read, bool(role.boundary))
    return _capabilities(_Said(json.dumps((*own, role.opaque, role.kubernetes), default=repr), role))


@lru_cache(maxsize=1_024)
def _capabilities(said: _Said) -> tuple[Capability, ...]:
    role = said.role
    found: dict[_Key, list[Capability]] = {}
    for grant in Powers.of(role).grants():
        for label, actions in _labelled(grant):
            one = _capability(label, grant, actions)
            # Allowed twice, it is as certain and as free as the better of both.
            others = found.setdefault((label, one.resources, one.denied), [])
            others.append(one)
            best = min(map(_freedom, others))
            others[:] = _freest([each for each in dict.fromkeys(others) if _freedom(each) == best])
    merged: dict[Capability, set[str]] = {}
    for (label, resources, denied), several in found.items():
        if not denied or (label, resources, ()) not in found:
            for one in several:
                merged.setdefault(replace(one, resources=()), set()).update(resources)
    listed = [replace(one, resources=tuple(sorted(resources))) for one, resources in merged.items()]
    listed += [Capability(label, (name,), certain=False) for label, name in map(_opaque, role.opaque)]
    listed += [Capability("in Kubernetes", (entry,)) for entry in role.kubernetes]
    return tuple(sorted(listed))


def _freedom(one: Capability) -> tuple[bool, bool]:
    """Less for what is less in doubt, and for what hangs on less."""
    return not one.certain, one.conditional


def _freest(several: list[Capability]) -> list[Capability]:
    """Without those that hang on all that another one hangs on, and on more."""
    return [one for one in several if not any(set(other.when) < set(one.when) for other in several)]


def of_action(role: Role, action: str) -> tuple[Capability, ...]:
    """On what a role may do one action, or those of a pattern; nothing where it may do none of them.

    Args:
        role: any role of a world.
        action: `service:Action`, in which `*` stands for anything.
    """
    wanted = written(action.lower())
    found: dict[Capability, set[str]] = {}
    for grant in Powers.of(role).grants():
        for _, part in _some(action, grant.actions, wanted):
            one = _capability(action, grant, part)
            found.setdefault(replace(one, resources=()), set()).update(one.resources)
    return tuple(sorted(replace(one, resources=tuple(sorted(names))) for one, names in found.items()))


def _opaque(policy: str) -> tuple[str, str]:
    """A policy whose text is not to be had here, in words: a managed one by its ARN, else by its URN."""
    if policy.startswith("arn:aws:iam::aws:policy/"):
        return "what AWS's own policy allows", policy.rpartition("/")[2]
    if policy.startswith("urn:"):
        return "what an unreadable policy allows", policy.rpartition("::")[2]
    return "what a policy outside of these stacks allows", short(policy)


def _labelled(grant: Grant) -> Iterator[tuple[str, Texts]]:
    """The kinds of actions in a grant, each with those of them that are in it."""
    actions = grant.actions
    if (text := _only(actions)) is not None:
        yield _label(text) or f"{OTHER}{grant.by.written_action(actions.wanted)}", actions
        return
    for name, label in _NAMED.items():
        yield from _some(label, actions, written(name))
    actions = Texts(actions.wanted, actions.without + _EXACT)
    for pattern in _READING:
        yield from _some(READING, actions, pattern)
    actions = Texts(actions.wanted, actions.without + _READING)
    for label, pattern in _WILD:
        yield from _some(label, actions, pattern)
        actions = Texts(actions.wanted, (*actions.without, pattern))
    if actions.sample is not None:
        yield f"{OTHER}{grant.by.written_action(actions.wanted)}", actions


def _only(actions: Texts) -> str | None:
    """The one action that the texts can be, if they are written without a wildcard."""
    text = plain(actions.wanted[0])
    return None if "*" in text or "?" in text else text


@lru_cache
def _label(action: str) -> str | None:
    """The kind of one action, in lower case."""
    if action in _NAMED:
        return _NAMED[action]
    if any(glob(pattern).fullmatch(action) for pattern in _READING):
        return READING
    return next((label for label, pattern in _WILD if glob(pattern).fullmatch(action)), None)


def _some(label: str, actions: Texts, pattern: Pattern) -> Iterator[tuple[str, Texts]]:
    part = Texts((*actions.wanted, pattern), actions.without)
    if part.sample is not None:
        yield label, part


def _capability(label: str, grant: Grant, actions: Texts) -> Capability:
    told = Texts(actions.wanted)
    denied = [rule for rule in grant.denied if rule.actions.touches(told)]
    held = [rule for rule in grant.held if rule.actions.touches(told)]
    return Capability(
        label,
        (_resource(grant),),
        grant.certain and all(rule.is_certain for rule in (*denied, *held)),
        grant.conditional or bool(held),
        tuple(sorted({text for rule in denied for text in _taken(rule, told, grant.resources)})),
        tuple(dict.fromkeys([*grant.when, *map(_unless, held)])),
    )


def _unless(rule: Rule) -> str:
    where = "" if rule.condition is None else " and ".join(in_words(rule.condition))
    return f"{UNLESS}{where or ', '.join(map(short, rule.resource_texts))}"


def _resource(grant: Grant) -> str:
    """The narrowest of the patterns that the resources must all match, and what they must not."""
    patterns = grant.resources.wanted
    narrowest = next(
        (one for one in patterns if all(Texts((one,), (other,)).sample is None for other in patterns)),
        patterns[0],
    )
    text = short(grant.by.written_resource(narrowest))
    others = [short(plain(pattern)) for pattern in grant.resources.without]
    return f"{text} but not {', '.join(others)}" if others else text


def _taken(rule: Rule, actions: Texts, resources: Texts) -> Iterator[str]:
    """What a Deny without conditions takes away, in short."""
    where = "" if rule.resources.covers(resources) else f"on {_places(rule, resources)}"
    if rule.actions.covers(actions):
        yield where
    elif rule.actions.inverse:
        yield f"all but {', '.join(rule.action_texts)} {where}".rstrip()
    else:
        for text, pattern in zip(rule.action_texts, rule.actions.patterns, strict=True):
            if Texts((*actions.wanted, pattern)).sample is not None:
                yield f"{text} {where}".rstrip()


def _places(rule: Rule, resources: Texts) -> str:
    if rule.resources.inverse:
        return f"all but {', '.join(map(short, rule.resource_texts))}"
    return ", ".join(
        short(text)
        for text, pattern in zip(rule.resource_texts, rule.resources.patterns, strict=True)
        if Texts((*resources.wanted, pattern)).sample is not None
    )
