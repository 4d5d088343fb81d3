"""The samples that a run draws of large figures: the same for the same seed, and all of it in a long run."""

import pytest

from tests import sampling
from tests.sampling import drawn, seed, size


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> sampling.Run:
    run = sampling.Run(seed=20261129)
    monkeypatch.setattr(sampling, "RUN", run)
    return run


def test_a_seed_draws_the_same_each_time_and_another_one_differs(run: sampling.Run) -> None:
    figure = range(0, 100_000, 500)
    first = drawn(figure, 10)
    assert first == drawn(figure, 10) == sorted(set(first))
    assert (len(first), size(100_000, 5_000), seed(7)) == (10, 5_000, 20261129)
    run.seed += 1
    assert drawn(figure, 10) != first
    assert seed(7) == 20261130


def test_a_long_run_has_all_of_it_whatever_the_seed(run: sampling.Run) -> None:
    run.long = True
    assert drawn(range(100), 10) == list(range(100))
    assert (size(100_000, 5_000), seed(7)) == (100_000, 7)


def test_what_is_small_is_whole(run: sampling.Run) -> None:
    assert drawn("abc", 10) == ["a", "b", "c"]
    assert size(5, 10) == 5


def test_the_run_says_how_to_repeat_it(run: sampling.Run) -> None:
    assert "--seed 20261129" in str(run)
    run.long = True
    assert "--seed" not in str(run)


def test_this_run_was_told(pytestconfig: pytest.Config) -> None:
    assert (sampling.RUN.long, sampling.RUN.seed) == (pytestconfig.option.long, pytestconfig.option.seed)
