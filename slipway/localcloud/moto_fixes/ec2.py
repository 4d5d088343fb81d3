"""Instances by the thousand, as a runner fleet has them.

moto cannot launch from a launch template's second version: it keeps that one's user data in another form.
It deletes a subnet or security group although an interface that somebody made stands in it. And to find one
instance or one image it copies and compares all that ever were, several times for a launch.
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
    _hold_interfaces()


def _hold_interfaces() -> None:
    """DependencyViolation, as EC2 answers (EC2 API Reference, DeleteSubnet and DeleteSecurityGroup).

    Only for interfaces by CreateNetworkInterface, as the network plug-in makes them: moto does not take away
    all of those that it made itself for an endpoint or a gateway.
    """
    from moto.ec2.exceptions import DependencyViolationError
    from moto.ec2.models import EC2Backend
    from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

    calls: Any = ElasticNetworkInterfaces
    backend: Any = EC2Backend
    create, delete_subnet, delete_group = (
        calls.create_network_interface,
        backend.delete_subnet,
        backend.delete_security_group,
    )

    def create_network_interface(response: Any) -> Any:
        made = create(response)
        made.result["NetworkInterface"].made_by_call = True
        return made

    def called(this: Any) -> Iterator[Any]:
        return (one for one in [*this.enis.values()] if getattr(one, "made_by_call", False))

    def subnet(this: Any, subnet_id: str) -> Any:
        if any(one.subnet.id == subnet_id for one in called(this)):
            raise DependencyViolationError(
                f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
            )
        return delete_subnet(this, subnet_id)

    def group(this: Any, name: str | None = None, group_id: str | None = None) -> Any:
        if any(held.id == group_id for one in called(this) for held in one.group_set):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        return delete_group(this, name, group_id)

    calls.create_network_interface = create_network_interface
    backend.delete_subnet, backend.delete_security_group = subnet, group


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
