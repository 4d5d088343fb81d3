"""What could be read of a stack's files, for the rules that concern more than one value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.platform.documents import Document
from slipway.platform.environments import is_held
from slipway.platform.mistakes import Mistake, Place
from slipway.platform.services import EnvironmentSettings, ServiceSettings
from slipway.platform.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Settings as far as they could be read, and where they stand."""

    settings: Settings
    """With an example in place of a block that could not be read at all."""
    unreadable: frozenset[str]
    """`organization` and `platform` where they are examples, and the services' files that say nothing."""
    mistakes: tuple[Mistake, ...]
    """What was found while reading."""
    places: Mapping[str, Place]
    """Where each of the project's keys stands."""
    values: Mapping[str, object]
    """What each of them holds, unread."""
    documents: Mapping[str, Document]
    service_names: tuple[str, ...]
    root: Path
    """The project's folder, for the files that services name."""

    @property
    def knows_the_organization(self) -> bool:
        """Whether the shared block could be read."""
        return "organization" not in self.unreadable

    @property
    def knows_the_platform(self) -> bool:
        """Whether the stack's own block could be read."""
        return "platform" not in self.unreadable

    @property
    def organization(self) -> Place:
        """Where what is shared stands."""
        return self.places["organization"]

    @property
    def platform(self) -> Place:
        """Where the stack's own block stands."""
        return self.places["platform"]

    def service(self, name: str) -> Place:
        """The top of a service's file."""
        return Place(f"services/{name}.yaml")

    def is_wrong(self, place: Place) -> bool:
        """Whether a mistake was found in a value, so that what was read of it says nothing about others."""
        return any(place.touches(mistake.place) for mistake in self.mistakes)

    def held(self) -> Iterator[tuple[str, ServiceSettings, str, EnvironmentSettings, Place]]:
        """Every environment that this stack holds: its service, name, block and place."""
        for name, service in self.settings.services.items():
            for environment, block in service.environments.items():
                if is_held(self.settings, environment, block):
                    yield name, service, environment, block, self.service(name) / "environments" / environment
