"""GitHub's claims, by the examples of its documentation."""

import pytest

from slipway.access.claims import escape, subject, subjects, token_for, token_of
from slipway.errors import SlipwayError
from slipway.platform.declaration import Job, Repository, SubjectForm

APP = Repository(owner="octo-org", name="octo-repo", owner_id=65, id=74)
LEGACY = SubjectForm.LEGACY
IMMUTABLE = SubjectForm.IMMUTABLE


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"environment": "prod"}, "environment:prod"),
        ({"event": "pull_request"}, "pull_request"),
        ({"ref": "refs/heads/demo-branch"}, "ref:refs/heads/demo-branch"),
        ({"ref": "refs/tags/demo-tag"}, "ref:refs/tags/demo-tag"),
        ({"environment": "Production:V1"}, "environment:Production%3AV1"),
        ({"environment": "prod", "event": "pull_request", "ref": "refs/pull/1/merge"}, "environment:prod"),
        ({"event": "pull_request", "ref": "refs/pull/1/merge"}, "pull_request"),
        ({"event": "push", "ref": "refs/heads/main"}, "ref:refs/heads/main"),
    ],
)
def test_the_environment_goes_before_the_pull_request_and_that_before_the_ref(
    context: dict[str, str], expected: str
) -> None:
    assert subject(APP, form=LEGACY, **context) == f"repo:octo-org/octo-repo:{expected}"
    assert subject(APP, form=IMMUTABLE, **context) == f"repo:octo-org@65/octo-repo@74:{expected}"


def test_a_subject_needs_a_context() -> None:
    with pytest.raises(SlipwayError, match="environment"):
        subject(APP, form=LEGACY)


def test_both_forms_are_trusted_only_while_a_repository_moves() -> None:
    def of(form: SubjectForm) -> tuple[str, ...]:
        return subjects(Repository(owner="o", name="r", owner_id=1, id=2, subject=form), "e")

    assert of(IMMUTABLE) == ("repo:o@1/r@2:environment:e",)
    assert of(LEGACY) == ("repo:o/r:environment:e",)
    assert of(SubjectForm.BOTH) == (*of(IMMUTABLE), *of(LEGACY))


def test_a_token_carries_what_github_documents() -> None:
    token = token_of(APP, event="push", ref="refs/tags/v1", environment="prod", workflow="deploy", run_id=9)
    claims = token.claims()
    assert claims["aud"] == "sts.amazonaws.com"
    assert claims["iss"] == "https://token.actions.githubusercontent.com"
    assert claims["repository"] == "octo-org/octo-repo"
    assert claims["repository_id"] == "74"
    assert claims["repository_owner_id"] == "65"
    assert claims["ref_type"] == "tag"
    assert claims["environment"] == "prod"
    assert claims["event_name"] == "push"
    assert claims["job_workflow_ref"] == "octo-org/octo-repo/.github/workflows/deploy.yml@refs/tags/v1"
    assert "head_ref" not in claims


def test_a_job_gets_no_token_for_an_event_it_does_not_declare() -> None:
    job = Job(name="deploy", repository=APP, environment="prod", events=("push",))
    assert token_for(job, "push", "refs/heads/main").environment == "prod"
    with pytest.raises(SlipwayError, match="schedule"):
        token_for(job, "schedule", "refs/heads/main")


def test_no_colon_survives_in_a_value() -> None:
    assert escape("a:b:c") == "a%3Ab%3Ac"
