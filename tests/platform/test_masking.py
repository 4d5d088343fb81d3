"""Secrets leave a text; names, words and what is public anyhow stay."""

import pytest

from slipway.platform.masking import mask


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("it said correct-horse!", "it said [secret]!"),
        ("https://me:correct-horse@db and correct-horse2", "https://me:[secret]@db and [secret]2"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_a_secret_is_masked_wherever_it_occurs(text: str, shown: str) -> None:
    assert mask(text, ["correct-horse"]) == shown


def test_the_longer_of_two_goes_first() -> None:
    assert mask("correct-horse-battery", ["correct-horse", "correct-horse-battery"]) == "[secret]"


@pytest.mark.parametrize("word", ["", "a", "true", "8080", "admin"])
def test_a_short_value_is_never_masked(word: str) -> None:
    assert mask(f"user {word} may not", [word]) == f"user {word} may not"


@pytest.mark.parametrize("public", ["skill-pool", "arn:aws:ecr:eu-west-1:1:repository/skill-pool/server"])
def test_what_is_said_in_the_open_is_never_masked(public: str) -> None:
    assert mask("no skill-pool here", ["skill-pool"], [public]) == "no skill-pool here"


@pytest.mark.parametrize("public", ["plain-correct-horse", "correct-horse2", "xcorrect-horse"])
def test_a_secret_that_slipped_into_a_public_word_is_one_still(public: str) -> None:
    assert mask("said correct-horse", ["correct-horse"], [public]) == "said [secret]"


def test_two_public_words_make_no_third() -> None:
    assert mask("correct-horse", ["correct-horse"], ["correct", "-horse"]) == "[secret]"
