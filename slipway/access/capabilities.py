"""Puts what a role's policies allow into a few words, and only what an evaluation of them all confirms."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from slipway.access.conditions import strings
from slipway.access.evaluate import Mode, Request, context_of, decide_identity
from slipway.access.patterns import glob, has_wildcard
from slipway.access.statements import Statement, is_reading
from slipway.access.world import Role


@dataclass(frozen=True, order=True)
class Capability:
    """A kind of actions and the resources they are allowed on, in short; `certain` if nothing is in doubt."""

    label: str
    resources: tuple[str, ...] = ()
    certain: bool = True

    def __str__(self) -> str:
        """`label: resource, resource`."""
        text = f"{self.label}: {', '.join(self.resources)}" if self.resources else self.label
        return text if self.certain else f"{text} (possibly)"


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
"""Words for actions. The first action of each stands for it where a policy has a wildcard; an action named
here outright goes before reading, and reading before the wildcards."""

READING = "read settings"


def capabilities(role: Role) -> tuple[Capability, ...]:
    """What a role can do: every allowed action and resource for which one request goes through."""
    escapes = _escapes(role)
    found: dict[tuple[str, bool], set[str]] = {}
    for statement in role.statements:
        if statement.get("Effect") != "Allow":
            continue
        context = {**escapes, **satisfying(statement)}
        for action, label in _actions(statement):
            for resource in strings(statement.get("Resource", "*")) or ("*",):
                verdict = _try(role, action, resource, context)
                if verdict is not None:
                    found.setdefault((label, verdict), set()).add(short(resource))
    listed = [
        Capability(label, tuple(sorted(resources)), certain)
        for (label, certain), resources in found.items()
        if certain or (label, True) not in found or resources - found[label, True]
    ]
    listed += [
        Capability("whatever this policy allows", (short(name),), certain=False) for name in role.opaque
    ]
    listed += [Capability("in Kubernetes", (entry,)) for entry in role.kubernetes]
    return tuple(sorted(listed))


def satisfying(statement: Statement) -> dict[str, str]:
    """A context in which the statement's own conditions hold, as far as they can be met by one value each."""
    return dict(_values(statement, negative=False))


def short(resource: str) -> str:
    """An ARN without what every ARN repeats: `ecr repository/app`, `s3 bucket/prefix/*`."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return resource
    account = f" in {parts[4]}" if parts[2] == "iam" else ""
    return f"{parts[2]} {parts[5]}{account}"


def example(pattern: str) -> str:
    """One text that a pattern with wildcards stands for."""
    return pattern.replace("*", "x").replace("?", "x")


def _try(role: Role, action: str, resource: str, context: Mapping[str, str]) -> bool | None:
    """Whether it is allowed for certain (True), only if doubts are allowed (False), or not at all (None)."""
    request = Request(action, example(resource) if resource != "*" else "*", context_of(context))
    if decide_identity(role.identity, role.boundary, request, Mode.REACH).allowed:
        return True
    return False if decide_identity(role.identity, role.boundary, request, Mode.ATTACK).allowed else None


def _actions(statement: Statement) -> Iterable[tuple[str, str]]:
    if "NotAction" in statement:
        patterns: tuple[str, ...] = ("*",)
    else:
        patterns = strings(statement.get("Action")) or ()
    for pattern in patterns:
        if not has_wildcard(pattern):
            yield pattern, _label(pattern)
            continue
        matcher = glob(pattern.lower())
        expanded = [(actions[0], label) for label, actions in GROUPS if matcher.fullmatch(actions[0].lower())]
        yield from expanded
        if is_reading(pattern):
            yield example(pattern), READING
        elif not expanded:
            yield example(pattern), f"other actions: {pattern}"


def _label(action: str) -> str:
    for label, patterns in GROUPS:
        if action in patterns:
            return label
    if is_reading(action):
        return READING
    for label, patterns in GROUPS:
        if any(glob(pattern).fullmatch(action) for pattern in patterns):
            return label
    return f"other actions: {action}"


def _escapes(role: Role) -> dict[str, str]:
    """Values that keep the role's own Deny statements from applying, where they can be kept off so."""
    denials = [statement for statement in role.statements if statement.get("Effect") == "Deny"]
    pairs = (
        pair
        for statement in [*role.boundary_statements, *denials]
        for pair in _values(statement, negative=True)
    )
    return dict(pairs)


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
