"""What the program asks to ignore is left alone by the segments of its path, never by its letters."""

from typing import Any

import pytest

from slipway.localcloud.providers.merging import ignored, keep


@pytest.mark.parametrize(
    ("path", "ignore", "expected"),
    [
        ("tags", "tags", True),
        ("tags.team", "tags", True),
        ("tagsAll", "tags", False),
        ("tags", "tags.team", False),
        ('tags["app.kubernetes.io/name"]', 'tags["app.kubernetes.io/name"]', True),
        ('tags["a.b"]', "tags.a", False),
        ("rules[0].port", "rules[0].port", True),
        ("rules[1].port", "rules[0].port", False),
        ("rules[10].port", "rules[1]", False),
        ("rules[1].port", "rules[*].port", True),
        ("spec", "*", True),
    ],
)
def test_a_path_is_ignored_by_its_segments(path: str, ignore: str, *, expected: bool) -> None:
    assert ignored(path, [ignore]) is expected


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("size", {"size": 1}, {"size": 2, "sizes": 2}, {"size": 1, "sizes": 2}),
        ("size", {}, {"size": 2}, {"size": 2}),
        (
            'tags["a.b"]',
            {"tags": {"a.b": 1, "a": 1}},
            {"tags": {"a.b": 2, "a": 2}},
            {"tags": {"a.b": 1, "a": 2}},
        ),
        (
            "rules[1].port",
            {"rules": [{"port": 1}, {"port": 1}]},
            {"rules": [{"port": 2}, {"port": 2}]},
            {"rules": [{"port": 2}, {"port": 1}]},
        ),
        ("rules[3].port", {"rules": [{"port": 1}]}, {"rules": [{"port": 2}]}, {"rules": [{"port": 2}]}),
        (
            "rules[*].port",
            {"rules": [{"port": 1}, {"port": 1}]},
            {"rules": [{"port": 2}, {"port": 2}, {"port": 2}]},
            {"rules": [{"port": 1}, {"port": 1}, {"port": 2}]},
        ),
    ],
)
def test_the_value_at_an_ignored_path_is_kept(path: str, old: Any, new: Any, expected: Any) -> None:
    keep(old, new, path)
    assert new == expected
