"""What nobody could make again is protected in prod, and what is replaced every month is not."""

from collections.abc import Mapping

from slipway.engine.recording import Rendered

KEPT = {
    "automation": {
        "aws:dynamodb/table:Table",  # by its own deletion protection, so that the provider refuses, too
        "aws:ecr/repository:Repository",
        "aws:kms/key:Key",
    },
    "prod": {"aws:kms/key:Key", "eks:index:Cluster"},
}
NEVER = {"aws:eks/nodeGroup:NodeGroup", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"}


def test_what_holds_data_or_access_is_kept(rendered: Mapping[str, Rendered]) -> None:
    for stack, kept in KEPT.items():
        registrations = rendered[stack].registrations
        protected = {item.type for item in registrations if item.protect}
        by_itself = {item.type for item in registrations if item.inputs.get("deletionProtectionEnabled")}
        assert kept <= protected | by_itself, stack
        assert not protected & NEVER, stack


def test_a_repository_of_previews_may_go(rendered: Mapping[str, Rendered]) -> None:
    repositories = [
        item for item in rendered["automation"].registrations if item.type.endswith(":Repository")
    ]
    assert {item.protect for item in repositories if "preview" in item.name} == {False}
    assert {item.protect for item in repositories if "preview" not in item.name} == {True}
