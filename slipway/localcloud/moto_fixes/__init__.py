"""Where moto 5.2.5 answers differently from AWS in ways the platform meets, and how that is patched.

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
    logs,
    s3,
    scheduler,
    sqs,
    ssm,
)

FIXES: Mapping[str, Callable[[], None]] = {
    "apigateway": apigateway.patch,
    "autoscaling": autoscaling.patch,
    "awslambda": lambda_.patch,
    "dynamodb": dynamodb.patch,
    "ec2": ec2.patch,
    "eks": eks.patch,
    "iam": iam.patch,
    "kms": kms.patch,
    "logs": logs.patch,
    "s3": s3.patch,
    "scheduler": scheduler.patch,
    "sqs": sqs.patch,
    "ssm": ssm.patch,
}
"""By the name that moto's server gives a service, which is its module's."""


@functools.cache
def apply(service: str) -> None:
    """Patch `service` (a moto module name); does nothing for a service without a fix, or the second time."""
    fix = FIXES.get(service)
    if fix is not None:
        fix()
