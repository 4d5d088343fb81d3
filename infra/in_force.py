"""Reads what the account holds of an earlier run, before this one registers anything."""

from typing import cast

import pulumi
import pulumi_aws as aws

from infra import naming


def published(stack: str, key: str, provider: aws.Provider) -> str | None:
    """The value that the stack published under a key when it last came up; None where there is none.

    An offline preview reads nothing and gets None as well.
    """
    name = naming.output_parameter(stack, key)
    try:
        # Not `aws.ssm.get_parameter`: that cannot be handed an answer which is unknown, as it is offline.
        found = pulumi.runtime.invoke(
            "aws:ssm/getParameter:getParameter", {"name": name}, opts=pulumi.InvokeOptions(provider=provider)
        ).value
    except Exception as error:
        if "ParameterNotFound" in str(error) or "couldn't find resource" in str(error):
            return None
        raise
    value = cast(dict[str, object], found).get("value") if isinstance(found, dict) else None
    return value if isinstance(value, str) else None
