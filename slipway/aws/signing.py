"""Signatures of requests to APIs of our own, which no client of boto3 knows."""

from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials


def signed_headers(url: str, body: str, credentials: dict[str, Any], *, region: str) -> dict[str, str]:
    """Headers of a JSON POST to an API behind API Gateway, signed by Signature Version 4.

    Args:
        url: the whole address.
        body: what is sent.
        credentials: `AccessKeyId`, `SecretAccessKey` and `Token`, as the metadata service gives them.
        region: the API's.
    """
    request = botocore.awsrequest.AWSRequest(  # pyright: ignore[reportUnknownMemberType]
        "POST", url, {"Content-Type": "application/json"}, body
    )
    keys = botocore.credentials.Credentials(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["Token"]
    )
    signer: Any = botocore.auth.SigV4Auth(keys, "execute-api", region)
    signer.add_auth(request)
    return dict(request.headers.items())
