"""Instances by the thousand, as a runner fleet has them.

moto cannot launch from a launch template's second version: it keeps that one's user data in another form.
And to find one instance or one image it copies and compares all that ever were, several times for a launch.
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
from collections.abc import Iterator
from typing import Any


def patch() -> None:
    from moto.ec2.models.amis import AmiBackend
    from moto.ec2.models.instances import InstanceBackend
    from moto.ec2.models.launch_templates import LaunchTemplate
    from moto.ec2.utils import parse_user_data

    template: Any = LaunchTemplate
    create = template.create_version

    def create_version(this: Any, data: dict[str, Any], description: str) -> Any:
        given = data.get("UserData")
        if type(given) is str:  # Base64EncodedString, which launching wants, is a subclass
            data = {**data, "UserData": parse_user_data(given)}
        return create(this, data, description)

    template.create_version = create_version
    _find_fast(InstanceBackend, AmiBackend)


def _find_fast(instances: Any, images: Any) -> None:
    get_instance, get_several = instances.get_instance, instances.get_multi_instances_by_id
    describe_images = images.describe_images

    def one(this: Any, instance_id: str) -> Any:
        instance = next((each for each in _instances(this) if each.id == instance_id), None)
        return instance or get_instance(this, instance_id)

    def several(this: Any, instance_ids: list[str], filters: Any = None) -> list[Any]:
        wanted = set(instance_ids)
        listed = [] if filters else [each for each in _instances(this) if each.id in wanted]
        return listed if len(listed) == len(wanted) else get_several(this, instance_ids, filters)

    def described(this: Any, *given: Any, **named: Any) -> list[Any]:
        match (given, named):
            case ((), {"filters": {"image-id": str(image), **others}, **more}) if not others and not more:
                return [this.amis[image]] if image in this.amis else []
            case _:
                return describe_images(this, *given, **named)

    instances.get_instance, instances.get_multi_instances_by_id = one, several
    images.describe_images = described


def _instances(this: Any) -> Iterator[Any]:
    for reservation in [*this.reservations.values()]:
        yield from reservation.instances
