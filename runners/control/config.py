"""The fleet's settings, as the platform's program wrote them into the table's `config` item."""

import functools
import json
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class RunnerClass:
    """One kind of runner: who may use it, how many there may be, and how long they may take (minutes)."""

    name: str
    group: str
    runner_group_id: int
    labels: tuple[str, ...]
    repositories: frozenset[str]
    """Slugs in lower case: GitHub ignores their case."""
    minimum: int
    maximum: int
    spares: int
    public: bool
    forks: bool
    spot: bool
    rerun_interrupted: bool
    max_minutes: int
    idle_minutes: int
    boot_minutes: int
    role: str
    log_group: str
    cicd: bool
    image_created: str
    """ISO time of the image; empty: there is none yet, so no instance can start."""
    runner_version: str

    @property
    def label_set(self) -> frozenset[str]:
        """The labels as GitHub compares them: without case."""
        return frozenset(label.lower() for label in self.labels)

    @property
    def limit(self) -> int:
        """How many instances there may be now."""
        return self.maximum if self.image_created else 0


@dataclass(frozen=True)
class Fleet:
    """All settings of one fleet."""

    name: str
    organization: str
    app_id: int
    installation_id: int
    minimum_runner_version: str
    classes: dict[str, RunnerClass]

    def of_role(self, role: str) -> RunnerClass | None:
        """The class whose instances carry this role, by the role's name."""
        return next((runner for runner in self.classes.values() if runner.role == role), None)


@functools.lru_cache(maxsize=4)
def parse_fleet(body: str) -> Fleet:
    """Read the `body` of the `config` item. Raises KeyError or ValueError if it is not what we wrote."""
    settings: Json = json.loads(body)
    return Fleet(
        name=settings["fleet"],
        organization=settings["organization"],
        app_id=int(settings["app_id"]),
        installation_id=int(settings["installation_id"]),
        minimum_runner_version=settings.get("minimum_runner_version", ""),
        classes={name: _parse_class(name, block) for name, block in settings["classes"].items()},
    )


def _parse_class(name: str, settings: Json) -> RunnerClass:
    image: Json = settings.get("image") or {}
    return RunnerClass(
        name=name,
        group=settings["group"],
        runner_group_id=int(settings["runner_group_id"]),
        labels=tuple(settings["labels"]),
        repositories=frozenset(slug.lower() for slug in settings["repositories"]),
        minimum=int(settings.get("minimum", 0)),
        maximum=int(settings["maximum"]),
        spares=int(settings.get("spares", 0)),
        public=bool(settings.get("public", False)),
        forks=bool(settings.get("forks", False)),
        spot=settings.get("capacity", "spot") == "spot",
        rerun_interrupted=bool(settings.get("rerun_interrupted", False)),
        max_minutes=int(settings.get("max_minutes", 360)),
        idle_minutes=int(settings.get("idle_minutes", 10)),
        boot_minutes=int(settings.get("boot_minutes", 15)),
        role=settings["role"],
        log_group=settings["log_group"],
        cicd=bool(settings.get("cicd", False)),
        image_created=image.get("created", "") if image else "",
        runner_version=image.get("runner_version", ""),
    )
