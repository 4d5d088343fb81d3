"""What AWS refused, as one class that keeps AWS's own code."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway.errors import ServiceError

AWS_ERRORS = (BotoCoreError, ClientError)
"""Everything that a boto3 client raises: an answer that is an error, or none."""


def error_code(error: Exception) -> str:
    """AWS's code for the reason (`NoSuchKey`), or the HTTP status where it sent no body; else empty."""
    response: Any = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


class AwsError(ServiceError):
    """AWS refused, or did not answer; `code` is its own.

    Its text ends with botocore's, which names the call and AWS's reason and never what was sent.
    """

    def __init__(self, what: str, error: Exception, *, where: str = "", fix: str = "") -> None:
        super().__init__(f"{what}: {error}", service="AWS", code=error_code(error), where=where, fix=fix)
