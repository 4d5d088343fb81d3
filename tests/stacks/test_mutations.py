"""500 changes to a generated repository of 200 stacks: none that it concerns is missed, few others told."""

import hashlib
import random
from pathlib import Path

from slipway.stacks.affected import affected
from slipway.stacks.evidence import Evidence
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.reading import read
from slipway.stacks.trees import Tree
from tests import sampling
from tests.stacks import generated, oracle

CHANGES, SAMPLE = 500, 24
PRECISION, OF_A_SAMPLE = 0.95, 0.8
"""Of all changes together; a few of a sample may be of the kinds that it is lowest for."""


class Clone:
    """Contents by id, in memory."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self.knowledge = Knowledge(self._contents.__getitem__)

    def evidence(self, files: generated.Files) -> dict[str, Evidence]:
        blobs = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
        self._contents |= {blobs[path]: text.encode() for path, text in files.items()}
        return dict(read(Tree("it", "", blobs), self.knowledge).evidence)


def test_no_change_is_missed_and_few_stacks_are_named_for_nothing(tmp_path: Path) -> None:
    seed = sampling.seed(CHANGES)
    chance = random.Random(seed)  # noqa: S311 - a repeatable one is meant
    files = generated.repository(seed)
    clone, truth = Clone(), oracle.Repository(tmp_path)
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
