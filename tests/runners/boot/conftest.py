from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runners.boot.machine import Machine
from tests.runners.boot.services import Services, serving


@pytest.fixture
def services() -> Iterator[Services]:
    with serving(Services()) as running:
        yield running


@pytest.fixture
def machine(tmp_path: Path, services: Services) -> Machine:
    return Machine(root=tmp_path, services=services)
