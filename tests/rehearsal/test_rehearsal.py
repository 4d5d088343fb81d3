"""The whole loop on an embedded cloud: every job is done, whatever is lost, and no promise is broken."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.localcloud import runtime
from slipway.rehearsal.play import Rehearsal
from slipway.rehearsal.report import Report
from slipway.rehearsal.settings import Settings
from slipway.runners.explain import explain
from slipway.runners.fleet import Fleet
from tests.runners.cli import deployed


@pytest.fixture
def local(tmp_path: Path) -> Iterator[tuple[Fleet, Path]]:
    cloud = runtime.start(tmp_path)
    try:
        yield deployed.deploy(tmp_path, cloud, maximum=4), tmp_path
    finally:
        runtime.stop(tmp_path)


def play(fleet: Fleet, root: Path, **settings: object) -> Report:
    return Rehearsal(fleet, root, Settings(**{"jobs": 20, "tick_s": 1, **settings}), lambda _: None).run()  # pyright: ignore[reportArgumentType]


@pytest.mark.slow
def test_every_promise_holds_with_a_fifth_lost_a_fifth_doubled_and_any_order(
    local: tuple[Fleet, Path],
) -> None:
    fleet, root = local
    waited = play(fleet, root, jobs=6, approvals=0.5, silence_s=3, seed=3)
    report = play(fleet, root, jobs=14, drop=0.2, duplicate=0.2, reorder=True)
    for played in (waited, report):
        broken = [words for words, held in played.promises() if not held]
        assert not broken, played.to_json()
    assert waited.approvals
    assert report.foreign_jobs
    assert report.search is not None
    # A search that has looked at nothing finds nothing. Here is no bucket and no parameter, and the queue
    # is empty in the end.
    unseen = {store for store, count in report.search.looked_at.items() if not count}
    assert unseen <= {"objects", "parameters", "messages"}
    assert explain(fleet, 1) == []
