"""moto makes a schedule group over one of the same name, and answers 500 for the end of one that is gone."""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
from typing import Any


def patch() -> None:
    from moto.core.exceptions import JsonRESTError
    from moto.scheduler.models import EventBridgeSchedulerBackend

    backend: Any = EventBridgeSchedulerBackend
    create, delete = backend.create_schedule_group, backend.delete_schedule_group

    def create_schedule_group(this: Any, name: str, tags: list[dict[str, str]]) -> Any:
        if name in this.schedule_groups:
            # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html
            raise JsonRESTError("ConflictException", f"Schedule group {name} already exists.")
        return create(this, name, tags)

    def delete_schedule_group(this: Any, name: str) -> None:
        this.get_schedule_group(name)
        delete(this, name)

    backend.create_schedule_group = create_schedule_group
    backend.delete_schedule_group = delete_schedule_group
