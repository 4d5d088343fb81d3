"""Where moto 5.2.5 answers differently from AWS in ways the platform meets, and how that is mended.

Each fix is applied when its service is first used, and its file says what moto does without it. The tests run
each against the installed moto, so that a fix whose reason has gone fails there.

moto's classes carry no usable types, so what is patched in these files is typed as Any on purpose.
"""

import functools
from collections.abc import Callable, Mapping

from slipway.localcloud.moto_fixes import (
    apigateway,
    autoscaling,
    dynamodb,
    ec2,
    eks,
    iam,
    kms,
    lambda_,
    s3,
    scheduler,
    sqs,
)

FIXES: Mapping[str, Callable[[], None]] = {
    "apigateway": apigateway.mend,
    "autoscaling": autoscaling.mend,
    "awslambda": lambda_.mend,
    "dynamodb": dynamodb.mend,
    "ec2": ec2.mend,
    "eks": eks.mend,
    "iam": iam.mend,
    "kms": kms.mend,
    "s3": s3.mend,
    "scheduler": scheduler.mend,
    "sqs": sqs.mend,
}
"""By the name that moto's server gives a service, which is its module's."""


@functools.cache
def apply(service: str) -> None:
    """Mend `service` (a moto module name); does nothing for a service without a fix, or the second time."""
    fix = FIXES.get(service)
    if fix is not None:
        fix()
