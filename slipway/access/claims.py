"""What GitHub says about a job in its OIDC token.

Source of every rule here: https://docs.github.com/en/actions/reference/security/oidc (read 2026-11).
"""

from dataclasses import dataclass, fields
from typing import Literal

from slipway.errors import SlipwayError
from slipway.platform.declaration import Job, Repository, SubjectForm

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def escape(value: str) -> str:
    """A value as it stands inside `sub`: GitHub writes its colons as %3A, so that none can add a field."""
    return value.replace(":", "%3A")


def subject(
    repository: Repository,
    *,
    form: Literal[SubjectForm.IMMUTABLE, SubjectForm.LEGACY],
    environment: str = "",
    event: str = "",
    ref: str = "",
) -> str:
    """The `sub` claim of a job's token.

    The environment goes before the pull request, and that before the ref. Repositories made, renamed or moved
    since 15 July 2026 have the immutable form, which carries the owner's and the repository's numeric ids.

    Raises:
        SlipwayError: nothing to build the context from.
    """
    if form is SubjectForm.IMMUTABLE:
        prefix = f"repo:{repository.owner}@{repository.owner_id}/{repository.name}@{repository.id}"
    else:
        prefix = f"repo:{repository.slug}"
    if environment:
        return f"{prefix}:environment:{escape(environment)}"
    if event == "pull_request":
        return f"{prefix}:pull_request"
    if ref:
        return f"{prefix}:ref:{escape(ref)}"
    raise SlipwayError("a subject needs an environment, a pull request or a ref", where=repository.slug)


def subjects(repository: Repository, environment: str) -> tuple[str, ...]:
    """Every `sub` that a trust policy must name for one environment: one, or two while the form changes."""
    forms: dict[SubjectForm, tuple[Literal[SubjectForm.IMMUTABLE, SubjectForm.LEGACY], ...]] = {
        SubjectForm.IMMUTABLE: (SubjectForm.IMMUTABLE,),
        SubjectForm.LEGACY: (SubjectForm.LEGACY,),
        SubjectForm.BOTH: (SubjectForm.IMMUTABLE, SubjectForm.LEGACY),
    }
    return tuple(
        subject(repository, form=form, environment=environment) for form in forms[repository.subject]
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """The claims of one GitHub Actions OIDC token; an empty string is a claim that the token lacks."""

    sub: str
    aud: str = AUDIENCE
    iss: str = f"https://{ISSUER}"
    repository: str
    repository_id: str
    repository_owner: str
    repository_owner_id: str
    repository_visibility: str = "private"
    ref: str = ""
    ref_type: str = ""
    environment: str = ""
    event_name: str = ""
    workflow: str = ""
    workflow_ref: str = ""
    job_workflow_ref: str = ""
    actor: str = "octocat"
    actor_id: str = "583231"
    run_id: str = "1"
    run_number: str = "1"
    run_attempt: str = "1"
    runner_environment: str = "github-hosted"
    head_ref: str = ""
    base_ref: str = ""
    enterprise_id: str = ""

    def claims(self) -> dict[str, str]:
        """The claims that are there, by name."""
        named = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in named if value}


def token_of(
    repository: Repository,
    *,
    event: str,
    ref: str,
    environment: str = "",
    workflow: str = "ci",
    run_id: int = 1,
    form: Literal[SubjectForm.IMMUTABLE, SubjectForm.LEGACY] | None = None,
) -> Token:
    """The token of any job of a repository, whether declared or not, in the given form of `sub`."""
    if form is None:
        form = SubjectForm.LEGACY if repository.subject is SubjectForm.LEGACY else SubjectForm.IMMUTABLE
    file = f"{repository.slug}/.github/workflows/{workflow}.yml@{ref}"
    return Token(
        sub=subject(repository, form=form, environment=environment, event=event, ref=ref),
        repository=repository.slug,
        repository_id=str(repository.id),
        repository_owner=repository.owner,
        repository_owner_id=str(repository.owner_id),
        repository_visibility=repository.visibility,
        ref=ref,
        ref_type="tag" if ref.startswith("refs/tags/") else "branch",
        environment=environment,
        event_name=event,
        workflow=workflow,
        workflow_ref=file,
        job_workflow_ref=file,
        run_id=str(run_id),
    )


def token_for(
    job: Job,
    event: str,
    ref: str,
    *,
    run_id: int = 1,
    form: Literal[SubjectForm.IMMUTABLE, SubjectForm.LEGACY] | None = None,
) -> Token:
    """The token that a declared job gets for one of its events on a ref such as `refs/heads/main`.

    Raises:
        SlipwayError: the job does not declare the event.
    """
    if event not in job.events:
        raise SlipwayError(f"job {job.name} does not run on {event}", where=job.repository.slug)
    return token_of(
        job.repository,
        event=event,
        ref=ref,
        environment=job.environment,
        workflow=job.name,
        run_id=run_id,
        form=form,
    )
