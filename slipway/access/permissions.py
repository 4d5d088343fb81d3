"""Permission policies: each grant becomes exact actions on exact resources."""

from dataclasses import dataclass
from typing import Literal

from slipway.access import (
    fleet_permissions,
    network_permissions,
    plan_store_permissions,
    stack_permissions,
)
from slipway.access.statements import Condition, Document, Statement, allow, deny, document, use_key
from slipway.access.trust import rendered
from slipway.errors import SlipwayError
from slipway.platform.declaration import (
    ApplyStack,
    AssumeRoles,
    ChangeFleet,
    DescribeCluster,
    Grant,
    JoinNetwork,
    ManageNamespace,
    MarkImages,
    MigrateDatabase,
    PlanStack,
    PullImages,
    PushImages,
    ReadFleet,
    ReadNetwork,
    ReadParameters,
    ReadState,
    RoleDeclaration,
    UsePlanStore,
    UseState,
)

INLINE_POLICIES_LIMIT = 10_240
"""Characters without white space of all inline policies of one role together (reference_iam-quotas)."""

MANAGED_POLICY_LIMIT = 6_144
"""Characters without white space of one managed policy (IAM User Guide, reference_iam-quotas)."""

MANAGED_POLICIES_LIMIT = 10
"""Managed policies on one role before the quota is raised (IAM User Guide, reference_iam-quotas)."""

_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_PUSH = (
    # Amazon ECR User Guide, image-push-iam; the download of layers is for a build's cache.
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)


MARK_IMAGES = ("ecr:BatchGetImage", "ecr:PutImage")
"""What another tag for an image takes (Amazon ECR User Guide, image-retag); no layer can be uploaded."""


@dataclass(frozen=True, kw_only=True)
class NamedPolicy:
    """A policy of a role, and whether it is to be put inside the role or beside it."""

    name: str
    kind: Literal["inline", "managed"]
    document: Document


def permission_policy(role: RoleDeclaration) -> Document:
    """All that a role may do, as one document, whatever its size."""
    return document(_statements(role))


def permission_policies(role: RoleDeclaration) -> tuple[NamedPolicy, ...]:
    """The same as IAM takes it: one inline policy, or several managed ones where that would be too large.

    A managed policy goes under the role's own path with this name; an apply role is denied its own by both.

    Raises:
        SlipwayError: ten managed policies would not hold it.
    """
    statements = _statements(role)
    if not statements:
        return ()
    whole = document(statements)
    if len(rendered(whole)) <= INLINE_POLICIES_LIMIT:
        return (NamedPolicy(name=role.name, kind="inline", document=whole),)
    parts: list[list[Statement]] = [[]]
    for statement in statements:
        if len(rendered(document([*parts[-1], statement]))) > MANAGED_POLICY_LIMIT:
            parts.append([])
        parts[-1].append(statement)
    too_large = any(len(rendered(document(part))) > MANAGED_POLICY_LIMIT for part in parts)
    if too_large or len(parts) > MANAGED_POLICIES_LIMIT:
        raise SlipwayError(
            f"what role {role.name} may do does not fit {MANAGED_POLICIES_LIMIT} managed policies",
            where=role.arn,
            fix="split the job, or name fewer resources in its grants",
        )
    return tuple(
        NamedPolicy(
            name=f"{stack_permissions.own_policy_prefix(role.name)}{number}",
            kind="managed",
            document=document(part),
        )
        for number, part in enumerate(parts, start=1)
    )


def _statements(role: RoleDeclaration) -> list[Statement]:
    statements: list[Statement] = []
    for grant in role.all_grants:
        for statement in statements_of(grant):
            if statement not in statements:
                statements.append(statement)
    taken: dict[str, int] = {}
    for index, statement in enumerate(statements):
        sid: str = statement["Sid"]
        taken[sid] = taken.get(sid, 0) + 1
        if taken[sid] > 1:
            # A Sid is unique within its policy (IAM User Guide, reference_policies_elements_sid).
            statements[index] = {**statement, "Sid": f"{sid}{taken[sid]}"}
    return statements


def statements_of(grant: Grant) -> tuple[Statement, ...]:  # noqa: C901, PLR0911, PLR0912 - a line each
    """The statements of one grant."""
    match grant:
        case PushImages():
            return _images("PushImages", _PUSH, grant)
        case PullImages():
            return _images("PullImages", _PULL, grant)
        case MarkImages():
            return (allow("MarkImages", MARK_IMAGES, _repositories(grant)),)
        case DescribeCluster():
            arn = f"arn:aws:eks:{grant.region}:{grant.account}:cluster/{grant.cluster}"
            return (allow("DescribeCluster", ["eks:DescribeCluster"], [arn]),)
        case ReadParameters():
            return _parameters(grant)
        case UseState():
            return _state(grant, write=True)
        case ReadState():
            return _state(grant, write=False)
        case UsePlanStore():
            return plan_store_permissions.statements(grant)
        case AssumeRoles():
            return (allow("AssumeRoles", ["sts:AssumeRole"], grant.arns),)
        case PlanStack():
            return stack_permissions.plan(grant)
        case ApplyStack():
            return stack_permissions.apply(grant)
        case ReadFleet():
            return fleet_permissions.read(grant)
        case JoinNetwork():
            return network_permissions.join(grant)
        case ReadNetwork():
            return network_permissions.read()
        case ManageNamespace() | MigrateDatabase():
            return ()  # Kubernetes RBAC says so, IAM nothing
        case ChangeFleet():
            return fleet_permissions.change(grant)


def _images(sid: str, actions: tuple[str, ...], grant: PushImages | PullImages) -> tuple[Statement, ...]:
    return (
        allow("RegistryToken", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(sid, actions, _repositories(grant)),
    )


def _repositories(grant: PushImages | PullImages | MarkImages) -> list[str]:
    return [f"arn:aws:ecr:{grant.region}:{grant.account}:repository/{name}" for name in grant.repositories]


def _parameters(grant: ReadParameters) -> tuple[Statement, ...]:
    # A name with a leading slash already carries the one that follows `parameter` in its ARN.
    prefix = f"arn:aws:ssm:{grant.region}:{grant.account}:parameter/"
    arns = [prefix + name.removeprefix("/") for name in grant.names]
    return (allow("ReadParameters", ["ssm:GetParameter", "ssm:GetParameters"], arns),)


def _state(grant: UseState | ReadState, *, write: bool) -> tuple[Statement, ...]:
    bucket, objects, prefix = _s3(grant.bucket, grant.prefix)
    object_actions = ["s3:GetObject"]
    key_actions = ["kms:Decrypt", "kms:DescribeKey"]
    if write:
        object_actions += ["s3:DeleteObject", "s3:PutObject"]
        key_actions += ["kms:Encrypt", "kms:GenerateDataKey"]
    verb = "Use" if write else "Read"
    statements = [
        allow(f"{verb}State", object_actions, [objects]),
        allow("ListState", ["s3:ListBucket"], [bucket], {"StringLike": {"s3:prefix": f"{prefix}/*"}}),
        use_key(f"{verb}StateKey", key_actions, grant.key_arn),
    ]
    aliases = [arn for arn in (grant.key_arn, grant.bucket_key_arn) if ":alias/" in arn]
    if aliases:
        # Whoever could move the alias could open any key by it (KMS Developer Guide, alias-authorization).
        moves = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
        statements.append(deny("NeverMoveStateAlias", moves, aliases))
    if grant.bucket_key_arn:
        actions = ["kms:Decrypt", "kms:GenerateDataKey"] if write else ["kms:Decrypt"]
        statements.append(
            use_key(
                f"{verb}BucketKey",
                actions,
                grant.bucket_key_arn,
                _through_s3(grant.bucket_key_arn, bucket, objects),
            )
        )
    return tuple(statements)


def _s3(bucket: str, prefix: str) -> tuple[str, str, str]:
    """The ARNs of a bucket and of the objects under a prefix, and the prefix without its slashes.

    Raises:
        SlipwayError: no prefix, which would open the whole bucket.
    """
    plain = prefix.strip("/")
    if not plain or "*" in plain or "?" in plain:
        raise SlipwayError(f"{prefix!r} does not name one prefix of bucket {bucket}", where=bucket)
    return f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/{plain}/*", plain


def _through_s3(key_arn: str, bucket: str, objects: str) -> Condition:
    """Only by way of S3, and only for these objects.

    S3's encryption context is the object's ARN, or the bucket's where it uses bucket keys
    (S3 User Guide, UsingKMSEncryption, "Encryption context").
    """
    region = key_arn.split(":")[3]
    return {
        "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, objects]},
    }
