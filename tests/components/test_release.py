"""AppRelease: which images may run, and what Helm is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.release.app_release import AppRelease, AppReleaseArgs
from components.release.values import ImageReference, release_values
from slipway.errors import SlipwayError
from tests.components.recording import Recording, run

REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = "sha256:" + "ab" * 32
SERVER = ImageReference(repository=f"{REGISTRY}/skill-pool/server", digest=DIGEST)
WEB = ImageReference(repository=f"{REGISTRY}/skill-pool/web", tag="v0.2.0")


def arguments(**changes: Any) -> AppReleaseArgs:
    values: dict[str, Any] = {
        "release_name": "skill-pool",
        "namespace": "skill-pool-prod",
        "chart": "oci://registry/charts/skill-pool",
        "version": "0.2.0",
        "images": {"server": SERVER, "web": WEB},
        "values": {"replicas": 3, "image": {"server": {"pullPolicy": "Always"}}},
        **changes,
    }
    return AppReleaseArgs(**values)


def declare(**changes: Any) -> Recording:
    def program() -> None:
        AppRelease("skill-pool", arguments(**changes))

    return run(program)


def test_helm_waits_migrates_and_keeps_a_failure_to_be_looked_at() -> None:
    release = declare().one("kubernetes:helm.sh/v3:Release")
    assert release.name == "skill-pool-release"
    told = {key: value for key, value in release.inputs.items() if key not in {"values", "compat"}}
    assert told == {
        "name": "skill-pool",
        "namespace": "skill-pool-prod",
        "chart": "oci://registry/charts/skill-pool",
        "version": "0.2.0",
        "atomic": False,
        "cleanupOnFail": False,
        "createNamespace": False,
        "disableCRDHooks": False,
        "disableWebhooks": False,
        "forceUpdate": False,
        "maxHistory": 10,
        "skipAwait": False,
        "timeout": 600,
        "waitForJobs": True,
    }


def test_images_are_pinned_beside_the_services_own_values() -> None:
    assert declare().one("Release").inputs["values"] == {
        "replicas": 3,
        "image": {
            "server": {"pullPolicy": "Always", "repository": SERVER.repository, "digest": DIGEST},
            "web": {"repository": WEB.repository, "tag": "v0.2.0"},
        },
    }


def test_a_chart_may_come_from_a_repository() -> None:
    release = declare(chart="skill-pool", repository_url="https://charts.example.com").one("Release")
    assert release.inputs["repositoryOpts"] == {"repo": "https://charts.example.com"}


def test_its_outputs_are_registered() -> None:
    outputs = declare().one("AppRelease").outputs
    assert outputs is not None
    assert (outputs["releaseName"], outputs["namespace"]) == ("skill-pool", "skill-pool-prod")


@pytest.mark.parametrize(
    "tag",
    [
        "latest",
        "",
        "main",
        "master",
        "v1",
        "v1.2",
        "stable",
        "prod",
        "deployed-prod",
        "LATEST",
        "1",
        "v1.2.3.4",
    ],
)
def test_a_tag_that_can_move_is_refused(tag: str) -> None:
    with pytest.raises(SlipwayError, match="can move"):
        ImageReference(repository="skill-pool/server", tag=tag)


@pytest.mark.parametrize("tag", ["v0.2.0", "1.10.3", "v1.0.0-rc.1", "0" * 40, "sha-0a1b2c3"])
def test_a_tag_that_names_one_build_is_taken(tag: str) -> None:
    assert ImageReference(repository="skill-pool/server", tag=tag).values["tag"] == tag


@given(st.text(max_size=20))
def test_no_text_without_a_number_is_a_tag(tag: str) -> None:
    if not any(character in "0123456789" for character in tag):
        with pytest.raises(SlipwayError):
            ImageReference(repository="skill-pool/server", tag=tag)


@pytest.mark.parametrize(
    "pin", [{}, {"digest": DIGEST, "tag": "v1.0.0"}, {"digest": "sha256:ab"}, {"digest": DIGEST + "\n"}]
)
def test_an_image_has_exactly_one_good_pin(pin: dict[str, str]) -> None:
    with pytest.raises(SlipwayError):
        ImageReference(repository="skill-pool/server", **pin)


@pytest.mark.parametrize("repository", ["", "skill-pool/server:latest", f"x@{DIGEST}", "Skill/Pool", "a//b"])
def test_a_repository_is_a_name_alone(repository: str) -> None:
    with pytest.raises(SlipwayError, match="without tag and digest"):
        ImageReference(repository=repository, digest=DIGEST)


@pytest.mark.parametrize(
    "values",
    [
        {"image": {"server": {"tag": "latest"}}},
        {"image": {"server": {"repository": "evil/server"}}},
        {"image": {"other": {"digest": DIGEST}}},
        {"image": "skill-pool/server:latest"},
        {"image": {"server": "latest"}},
    ],
)
def test_values_may_not_say_which_image_runs(values: dict[str, Any]) -> None:
    with pytest.raises(SlipwayError):
        release_values({"server": SERVER}, values)


def test_what_is_given_is_not_changed() -> None:
    values: dict[str, Any] = {"image": {"server": {"pullPolicy": "Always"}}}
    release_values({"server": SERVER}, values)
    assert values == {"image": {"server": {"pullPolicy": "Always"}}}


@pytest.mark.parametrize(
    "change",
    [
        {"release_name": "Skill_Pool"},
        {"release_name": "x" * 54},
        {"namespace": "feature/widgets"},
        {"namespace": "x" * 64},
        {"images": {}},
        {"timeout_seconds": 0},
        {"timeout_seconds": 3601},
        {"revisions_kept": 0},
        {"revisions_kept": 1},
        {"values": {"image": {"web": {"tag": "latest"}}}},
    ],
)
def test_what_cannot_be_released_is_refused_before_anything_is_registered(change: dict[str, Any]) -> None:
    with pytest.raises(SlipwayError):
        arguments(**change)
