"""500 changes to a generated repository of 200 stacks: none that it concerns is missed, few others told."""

import random
from pathlib import Path

from slipway.stacks.affected import affected
from tests import sampling
from tests.stacks import generated, oracle
from tests.stacks.clones import InMemory

CHANGES, SAMPLE = 500, 24
PRECISION, OF_A_SAMPLE = 0.95, 0.8
"""Of all changes together; a few of a sample may be of the kinds that it is lowest for."""


def test_no_change_is_missed_and_few_stacks_are_named_for_nothing(tmp_path: Path) -> None:
    seed = sampling.seed(CHANGES)
    chance = random.Random(seed)  # noqa: S311 - a repeatable one is meant
    files = generated.repository(seed)
    clone, truth = InMemory(), oracle.Repository(tmp_path)
    before, previews = clone.evidence(files), truth.previews(files)
    assert before.keys() == previews.keys()
    assert len(previews) == 200
    named = right = 0
    for number in range(sampling.size(CHANGES, SAMPLE)):
        kind, changed = generated.mutated(files, chance)
        after = truth.previews(changed)
        concerned = {name for name in previews.keys() | after.keys() if previews.get(name) != after.get(name)}
        found = {one.stack for one in affected(before, clone.evidence(changed))}
        missed = concerned - found
        assert not missed, f"change {number}, {kind}: missed {sorted(missed)}"
        named, right = named + len(found), right + len(found & concerned)
    least = PRECISION if sampling.RUN.long else OF_A_SAMPLE
    assert right >= least * named, f"{right} of {named}"
