"""moto takes a parameter of any size in any tier, and an advanced one back to the standard tier.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
from typing import Any

_LARGEST = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
"""In bytes."""


def patch() -> None:
    from moto.ssm.exceptions import ValidationException
    from moto.ssm.models import SimpleSystemManagerBackend

    backend: Any = SimpleSystemManagerBackend
    put = backend.put_parameter

    def put_parameter(
        this: Any,
        name: str,
        description: str,
        value: str,
        *others: Any,
        tier: str | None = None,
        **given: Any,
    ) -> Any:
        held: list[Any] = this._parameters[name]
        before = held[-1].tier if held else None
        after = tier or before or "Standard"
        if before == "Advanced" and after == "Standard":
            raise ValidationException(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
                "advanced-parameter tier to the standard-parameter tier."
            )
        if len((value or "").encode()) > _LARGEST[after]:
            raise ValidationException(
                f"{after} tier parameters support a maximum parameter value of {_LARGEST[after]} characters."
            )
        return put(this, name, description, value, *others, tier=tier, **given)

    backend.put_parameter = put_parameter
