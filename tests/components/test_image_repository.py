"""Image repositories: which tags may move, who may pull, and how previews are kept apart."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.registry.image_repository import ImageRepository, ImageRepositoryArgs
from components.registry.lifecycle import lifecycle_policy, preview_lifecycle_policy
from slipway.access.policies import Policy, Principal, Request
from slipway.errors import SlipwayError
from tests.components.recording import Recording, run
from tests.components.samples import ACCOUNT, KEY, PULLER, image_repository_args, preview_repository_args


def declared(args: ImageRepositoryArgs) -> Recording:
    def program() -> None:
        ImageRepository("server", args)

    return run(program)


def test_only_latest_and_deployed_tags_may_move() -> None:
    repository = declared(image_repository_args()).one("Repository")
    assert repository.inputs["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert repository.inputs["imageTagMutabilityExclusionFilters"] == [
        {"filter": "deployed-*", "filterType": "WILDCARD"},
        {"filter": "latest", "filterType": "WILDCARD"},
    ]
    assert repository.inputs["forceDelete"] is False


@pytest.mark.parametrize("args", [image_repository_args(), preview_repository_args()])
def test_images_are_scanned_and_encrypted_with_the_given_key(args: ImageRepositoryArgs) -> None:
    repository = declared(args).one("Repository")
    assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository.inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]


def test_a_preview_repository_moves_no_tag_and_keeps_nothing() -> None:
    recording = declared(preview_repository_args())
    repository = recording.one("Repository")
    assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
    assert "imageTagMutabilityExclusionFilters" not in repository.inputs
    assert json.loads(recording.one("LifecyclePolicy").inputs["policy"]) == preview_lifecycle_policy(days=30)


def test_the_lifecycle_policy_is_the_one_that_shields_releases() -> None:
    policy = json.loads(declared(image_repository_args()).one("LifecyclePolicy").inputs["policy"])
    assert policy == lifecycle_policy(max_images=200, untagged_days=7)


def test_every_tag_of_a_chart_is_a_release() -> None:
    args = dataclasses.replace(image_repository_args(), name="skill-pool/chart", released="*")
    first = json.loads(declared(args).one("LifecyclePolicy").inputs["policy"])["rules"][0]
    assert first["selection"]["tagPatternList"] == ["*"]


def may(document: str, account: str, action: str) -> bool:
    principal = Principal("AWS", f"arn:aws:iam::{account}:role/node")
    return Policy.parse(document, "resource").decide(Request(action=action, principal=principal)).allowed


def test_workload_accounts_may_pull_and_nothing_else() -> None:
    policy = declared(image_repository_args()).one("RepositoryPolicy").inputs["policy"]
    for action in ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"):
        assert may(policy, PULLER, action)
        assert not may(policy, "333333333333", action)
    for action in (
        "ecr:PutImage",
        "ecr:BatchDeleteImage",
        "ecr:SetRepositoryPolicy",
        "ecr:InitiateLayerUpload",
    ):
        assert not may(policy, PULLER, action)


STAGING, QA = (f"arn:aws:iam::{PULLER}:role/slipway/ci/skill-pool-{name}" for name in ("staging", "qa1"))


@pytest.mark.parametrize("accounts", [(), (ACCOUNT,)])
def test_one_account_for_everything_needs_no_policy(accounts: tuple[str, ...]) -> None:
    args = dataclasses.replace(image_repository_args(), pull_accounts=accounts)
    assert declared(args).of("RepositoryPolicy") == []


def test_outputs() -> None:
    component = declared(image_repository_args()).one("ImageRepository")
    assert component.outputs == {
        "name": "skill-pool/server",
        "arn": f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/skill-pool/server",
        "url": f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/skill-pool/server",
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "Skill/server"}, "ECR repository's name"),
        ({"name": "skill--pool/server"}, "ECR repository's name"),
        ({"name": "a"}, "ECR repository's name"),
        ({"name": "a/" * 127 + "abc"}, "ECR repository's name"),
        ({"name": "skill-pool/"}, "ECR repository's name"),
        ({"preview": True}, "its name says otherwise"),
        ({"name": "skill-pool/preview/server"}, "its name says otherwise"),
        ({"pull_accounts": ("1",)}, "no AWS account"),
        ({"released": "v **"}, "pattern of tags"),
        ({"released": "*1*2*3*4*"}, "pattern of tags"),
    ],
)
def test_what_ecr_would_refuse_is_refused_at_construction(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SlipwayError, match=said):
        dataclasses.replace(image_repository_args(), **changes)


word = st.text("abz019", min_size=1, max_size=8)
part = st.builds(
    lambda first, rest: first + "".join(separator + more for separator, more in rest),
    word,
    st.lists(st.tuples(st.sampled_from("._-"), word), max_size=3),
)


@given(st.lists(part, min_size=1, max_size=4).map("/".join).filter(lambda name: len(name) > 1))
def test_every_name_that_ecr_takes_is_taken(name: str) -> None:
    assert dataclasses.replace(image_repository_args(), name=name).name == name
