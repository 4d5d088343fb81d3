"""What a job of infrastructure delivery may do in the plan store, from the table of its areas."""

from collections.abc import Iterable

from slipway.access.statements import Statement, allow, deny, use_key
from slipway.errors import SlipwayError
from slipway.platform.declaration import UsePlanStore
from slipway.platform.plan_store import AREAS, PLANS, PROJECT_CONTEXT, STACK_CONTEXT, Area, put_by, read_by


def statements(grant: UsePlanStore) -> tuple[Statement, ...]:
    """Put and read exactly the areas of the grant's actors, and never delete anything.

    Of what is sealed only the own stack's: by its keys, and by what its data keys were sealed with.

    Raises:
        SlipwayError: a project or stack that would name more than one.
    """
    for name in (grant.project, grant.stack):
        if not name or set("*?/") & set(name):
            raise SlipwayError(f"{name!r} does not name one project or stack", where=grant.bucket)
    bucket = f"arn:aws:s3:::{grant.bucket}"
    puts, reads = put_by(grant.actors), read_by(grant.actors)
    made = [
        *_objects("PutInPlanStore", "s3:PutObject", bucket, (_own(area, grant) for area in puts)),
        *_objects("ReadPlanStore", "s3:GetObject", bucket, (_readable(area, grant) for area in reads)),
    ]
    if reads:
        prefixes = [f"{_readable(area, grant)}/*" for area in reads]
        made.append(
            allow("ListPlanStore", ["s3:ListBucket"], [bucket], {"StringLike": {"s3:prefix": prefixes}})
        )
    context = {
        "StringEquals": {
            f"kms:EncryptionContext:{PROJECT_CONTEXT}": grant.project,
            f"kms:EncryptionContext:{STACK_CONTEXT}": grant.stack,
        }
    }
    if PLANS in puts:
        made.append(use_key("SealPlans", ["kms:GenerateDataKey"], grant.key_arn, context))
    if PLANS in reads:
        made.append(use_key("OpenPlans", ["kms:Decrypt"], grant.key_arn, context))
    others_puts = [f"{bucket}/{area.name}/*" for area in AREAS if area not in puts]
    others_reads = [f"{bucket}/{area.name}/*" for area in AREAS if area not in reads]
    return (
        *made,
        deny("NeverPutInPlanStore", ["s3:PutObject*"], others_puts),
        *([deny("NeverReadPlanStore", ["s3:GetObject*"], others_reads)] if others_reads else []),
        deny("NeverDeleteFromPlanStore", ["s3:DeleteObject*", "s3:RestoreObject"], [f"{bucket}/*"]),
    )


def _objects(sid: str, action: str, bucket: str, prefixes: Iterable[str]) -> list[Statement]:
    resources = [f"{bucket}/{prefix}/*" for prefix in prefixes]
    return [allow(sid, [action], resources)] if resources else []


def _own(area: Area, grant: UsePlanStore) -> str:
    return area.of(grant.project, grant.stack)


def _readable(area: Area, grant: UsePlanStore) -> str:
    return area.read_of(grant.project, grant.stack)
