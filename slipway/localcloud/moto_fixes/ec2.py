"""moto cannot launch from a template's second version: it keeps that one's user data in another form."""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
from typing import Any


def mend() -> None:
    from moto.ec2.models.launch_templates import LaunchTemplate
    from moto.ec2.utils import parse_user_data

    template: Any = LaunchTemplate
    create = template.create_version

    def create_version(found: Any, data: dict[str, Any], description: str) -> Any:
        given = data.get("UserData")
        if type(given) is str:  # Base64EncodedString, which launching wants, is a subclass
            data = {**data, "UserData": parse_user_data(given)}
        return create(found, data, description)

    template.create_version = create_version
