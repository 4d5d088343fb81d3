"""The lifecycle policy, run by a model of ECR's own evaluation over generated repositories.

The model follows the Amazon ECR User Guide (LifecyclePolicies): rules by priority; an image that matches the
tagging requirements of one rule cannot be expired by a later one; counting takes the newest first and counts
images that an earlier rule matched; an image that a manifest list refers to stays while the list stays.
"""

import fnmatch
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.registry.lifecycle import lifecycle_policy, preview_lifecycle_policy
from slipway.errors import SlipwayError
from tests.sampling import size


@dataclass(frozen=True)
class Image:
    digest: int
    age_days: int
    tags: tuple[str, ...]


def matches(selection: dict[str, Any], image: Image) -> bool:
    status = selection["tagStatus"]
    if status == "untagged":
        return not image.tags
    if status == "any":
        return True
    return all(
        any(fnmatch.fnmatchcase(tag, pattern) for tag in image.tags)
        for pattern in selection["tagPatternList"]
    )


def expired(policy: dict[str, Any], images: list[Image]) -> set[Image]:
    gone: set[Image] = set()
    claimed: set[Image] = set()
    for rule in sorted(policy["rules"], key=lambda rule: rule["rulePriority"]):
        selection = rule["selection"]
        found = sorted((one for one in images if matches(selection, one)), key=lambda one: one.age_days)
        if selection["countType"] == "imageCountMoreThan":
            over = set(found[selection["countNumber"] :])
        else:
            over = {one for one in found if one.age_days > selection["countNumber"]}
        gone |= over - claimed
        claimed |= set(found)
    return gone


def shielded(image: Image) -> bool:
    return any(tag.startswith(("v", "deployed-")) for tag in image.tags)


tags = st.one_of(
    st.integers(0, 99).map(lambda n: f"v1.{n}.0"),
    st.sampled_from(["deployed-prod", "deployed-staging", "latest", "av1", "pre-deployed-x"]),
    st.integers(0, 10**6).map(lambda n: f"{n:040x}"),
)
repositories = st.lists(st.tuples(st.integers(0, 5000), st.lists(tags, max_size=3)), max_size=60).map(
    lambda found: [Image(n, age, tuple(names)) for n, (age, names) in enumerate(found)]
)


@settings(max_examples=size(300, 100))
@given(repositories, st.integers(1, 30), st.integers(1, 60))
def test_no_released_or_deployed_image_ever_expires(
    images: list[Image], max_images: int, untagged_days: int
) -> None:
    policy = lifecycle_policy(max_images=max_images, untagged_days=untagged_days)
    assert not {one for one in expired(policy, images) if shielded(one)}


@settings(max_examples=size(300, 100))
@given(repositories, st.integers(1, 30), st.integers(1, 60))
def test_the_rest_expires_by_age_or_number_and_not_before(
    images: list[Image], max_images: int, untagged_days: int
) -> None:
    gone = expired(lifecycle_policy(max_images=max_images, untagged_days=untagged_days), images)
    newest = sorted(images, key=lambda one: one.age_days)
    for one in images:
        if not one.tags:
            assert (one in gone) == (one.age_days > untagged_days)
        elif not shielded(one):
            assert (one in gone) == (newest.index(one) >= max_images)


@given(repositories, st.integers(1, 60))
def test_every_preview_expires(images: list[Image], days: int) -> None:
    gone = expired(preview_lifecycle_policy(days=days), images)
    assert gone == {one for one in images if one.age_days > days}


@given(repositories, st.integers(1, 30), st.integers(1, 60))
def test_no_version_of_a_chart_expires(images: list[Image], max_images: int, untagged_days: int) -> None:
    policy = lifecycle_policy(max_images=max_images, untagged_days=untagged_days, released="*")
    assert expired(policy, images) == {one for one in images if not one.tags and one.age_days > untagged_days}


def test_every_rule_is_one_that_ecr_takes() -> None:
    rules = lifecycle_policy(max_images=200, untagged_days=7)["rules"]
    priorities = [rule["rulePriority"] for rule in rules]
    assert len(set(priorities)) == len(priorities)
    statuses = [rule["selection"]["tagStatus"] for rule in sorted(rules, key=lambda r: r["rulePriority"])]
    assert statuses.count("untagged") == 1
    assert statuses.index("any") == len(statuses) - 1
    for rule in rules:
        selection = rule["selection"]
        assert (selection["tagStatus"] == "tagged") == ("tagPatternList" in selection)
        assert (selection["countType"] == "sinceImagePushed") == (selection.get("countUnit") == "days")


@pytest.mark.parametrize("numbers", [(0, 7), (200, 0), (-1, 7)])
def test_a_policy_that_would_keep_nothing_is_refused(numbers: tuple[int, int]) -> None:
    with pytest.raises(SlipwayError, match="give at least 1"):
        lifecycle_policy(max_images=numbers[0], untagged_days=numbers[1])
