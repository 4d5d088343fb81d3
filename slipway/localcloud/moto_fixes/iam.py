"""moto creates a role with any text as its trust policy, and of any size; AWS checks both."""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
from typing import Any

ROLE_TRUST_POLICY_CHARACTERS = 2048
"""AWS's default quota for a role's trust policy, white space not counted.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def patch() -> None:
    from moto.iam.exceptions import LimitExceededException
    from moto.iam.models import IAMBackend
    from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

    create_role: Any = IAMBackend.create_role
    update_policy: Any = IAMBackend.update_assume_role_policy

    def check(document: str) -> None:
        IAMTrustPolicyDocumentValidator(document).validate()
        if len("".join(document.split())) > ROLE_TRUST_POLICY_CHARACTERS:
            msg = f"Cannot exceed quota for ACLSizePerRole: {ROLE_TRUST_POLICY_CHARACTERS}"
            raise LimitExceededException(msg)

    def checked_create(
        backend: Any, role_name: str, assume_role_policy_document: str, *args: Any, **kwargs: Any
    ) -> Any:
        check(assume_role_policy_document)
        return create_role(backend, role_name, assume_role_policy_document, *args, **kwargs)

    def checked_update(backend: Any, role_name: str, policy_document: str) -> None:
        check(policy_document)
        update_policy(backend, role_name, policy_document)

    patched: Any = IAMBackend
    patched.create_role = checked_create
    patched.update_assume_role_policy = checked_update
