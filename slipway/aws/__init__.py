"""The one way to AWS: a session that takes nothing from its surroundings but the caller's credentials.

    session = connect("eu-west-1")                                            # the real AWS, as the caller
    session = connect("eu-west-1", endpoint=cloud.aws, account="123456789012")  # a stand-in, as nobody

Nothing else in `slipway/` imports boto3, whose clients have no types; `tests/test_imports.py` holds that.
"""

from slipway.aws.errors import AWS_ERRORS, AwsError, BotoCoreError, ClientError, error_code
from slipway.aws.session import (
    AwsSession,
    caller_account,
    caller_in,
    connect,
    stand_in_config,
    stand_in_session,
)

__all__ = [
    "AWS_ERRORS",
    "AwsError",
    "AwsSession",
    "BotoCoreError",
    "ClientError",
    "caller_account",
    "caller_in",
    "connect",
    "error_code",
    "stand_in_config",
    "stand_in_session",
]
