"""OrganizationSettings, names of variables, and the table of permissions."""

from typing import Any

import pulumi
import pytest

from components.github.organization_settings import (
    PRIVATE_ACTIONS_SECRET,
    OrganizationSettings,
    OrganizationSettingsArgs,
)
from slipway.errors import SlipwayError
from slipway.platform.declaration import Repository
from slipway.platform.github_permissions import PERMISSIONS, app_permissions, required_permissions
from slipway.platform.protection import GithubPlan
from slipway.platform.variable_names import check_name, check_slugs_differ, image_variables, slug
from tests.components.recording import Recording, run


def repository(name: str, id_: int, visibility: Any = "private") -> Repository:
    return Repository(owner="acme", name=name, owner_id=1, id=id_, visibility=visibility)


def declare(**changes: Any) -> Recording:
    args: dict[str, Any] = {
        "organization": "acme",
        "plan": GithubPlan.TEAM,
        "repositories": (repository("b", 9), repository("a", 3)),
        "private_actions_token": "hush",
        **changes,
    }

    def program() -> None:
        token = args["private_actions_token"]
        # An output belongs to the loop of the program that makes it.
        secret = None if token is None else pulumi.Output.secret(token)
        OrganizationSettings("acme", OrganizationSettingsArgs(**{**args, "private_actions_token": secret}))

    return run(program)


def test_the_default_token_is_read_only() -> None:
    assert declare().one("ActionsOrganizationWorkflowPermissions").inputs == {
        "organizationSlug": "acme",
        "defaultWorkflowPermissions": "read",
        "canApprovePullRequestReviews": False,
    }


def test_runners_and_the_credential_are_for_the_selected_repositories_alone() -> None:
    recording = declare()
    assert recording.one("ActionsRunnerGroup").inputs == {
        "name": "slipway",
        "visibility": "selected",
        "selectedRepositoryIds": [3, 9],
        "allowsPublicRepositories": False,
    }
    secret = recording.one("ActionsOrganizationSecret")
    assert secret.inputs["secretName"] == "PRIVATE_ACTIONS_TOKEN"
    assert (secret.inputs["visibility"], secret.inputs["selectedRepositoryIds"]) == ("selected", [3, 9])
    assert "value" in secret.secrets


def test_without_a_credential_there_is_no_secret() -> None:
    assert not declare(private_actions_token=None).of("ActionsOrganizationSecret")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"repositories": (repository("p", 1, "public"),)}, "could run on our runners"),
        ({"plan": GithubPlan.FREE}, "cannot read the organisation's secrets"),
        ({"organization": "other"}, "does not belong to other"),
    ],
)
def test_what_would_open_the_organisation_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SlipwayError, match=message):
        declare(**changes)


def test_the_secret_has_a_name_that_github_takes() -> None:
    check_name(PRIVATE_ACTIONS_SECRET)
    with pytest.raises(SlipwayError, match="keeps the prefix GITHUB_"):
        check_name("GITHUB_PRIVATE_ACTIONS_PAT")


@pytest.mark.parametrize("name", ["", "1X", "A-B", "lower", "A B", "A" * 256])
def test_names_github_refuses_are_refused(name: str) -> None:
    with pytest.raises(SlipwayError):
        check_name(name)


def test_images_that_would_share_a_variable_are_refused() -> None:
    assert image_variables({"web": "x/web", "api-v2": "x/api"}) == {
        "ECR_REPO_WEB": "x/web",
        "ECR_REPO_API_V2": "x/api",
    }
    with pytest.raises(SlipwayError, match="share the variable ECR_REPO_API_V2"):
        image_variables({"api-v2": "a", "api.v2": "b"})


def test_logical_names_of_alike_patterns_differ_or_are_refused() -> None:
    assert slug("refs/pull/*/merge") == "refs-pull-any-merge"
    check_slugs_differ(["release/*", "release/**/*"], "here")
    with pytest.raises(SlipwayError, match="too alike"):
        check_slugs_differ(["release/x", "release-x"], "here")


def test_permissions_are_merged_and_an_unknown_resource_is_refused() -> None:
    assert app_permissions(
        [
            "github:index/repositoryEnvironment:RepositoryEnvironment",
            "github:index/repositoryRuleset:RepositoryRuleset",
        ]
    ) == {"metadata": "read", "actions": "read", "administration": "write"}
    assert len({(one.level, one.key) for one in required_permissions()}) == len(required_permissions())
    assert "contents" not in app_permissions()
    with pytest.raises(SlipwayError, match="no GitHub App permission is recorded"):
        required_permissions(["github:index/repositoryFile:RepositoryFile"])


def test_the_table_names_types_that_the_sdk_has() -> None:
    import pulumi_github  # noqa: PLC0415

    for token in PERMISSIONS:
        name = token.rsplit(":", 1)[-1]
        python_name = {
            "getRepository": "get_repository",
            "getUser": "get_user",
            "getTeam": "get_team",
            "getIssueLabels": "get_issue_labels",
            "getRestApi": "get_rest_api",
        }
        assert hasattr(pulumi_github, python_name.get(name, name)), token
