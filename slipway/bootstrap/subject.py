"""Whether the apply role trusts what its jobs' tokens will say.

Repositories made, renamed or transferred since 15 July 2026 say who they are with their numbers, and so do
older ones that opted in; all others say their name only. Nobody can assume a role that trusts the other form.
https://docs.github.com/en/rest/actions/oidc
"""

from typing import cast

from slipway.bootstrap.plan import BootstrapPlan
from slipway.errors import SlipwayError
from slipway.github import Client, GithubError, path
from slipway.platform.declaration import SubjectForm

_WHERE = "Pulumi.yaml: slipway:organization.github.subject"
_USUAL: tuple[object, ...] = (None, [], ["repo", "context"])  # the claims of GitHub's own template


def trusted(plan: BootstrapPlan) -> SubjectForm:
    """The form of subject that the role trusts."""
    forms = {"@" in one.partition(":environment:")[0] for one in plan.role.subjects}
    if len(forms) > 1:
        return SubjectForm.BOTH
    return SubjectForm.IMMUTABLE if True in forms else SubjectForm.LEGACY


def command(plan: BootstrapPlan) -> str:
    """The command by which GitHub tells the form: true for the immutable one."""
    return f"gh api {_place(plan)[1:]} --jq .use_immutable_subject"


def confirmed(plan: BootstrapPlan, github: Client | None) -> bool:
    """Whether it is certain that the role trusts its jobs: it trusts both forms, or GitHub says so.

    Args:
        plan: with the role.
        github: None, or a client that may not ask, leave it uncertain.

    Raises:
        SlipwayError: GitHub says that the tokens carry another subject.
    """
    if github is None:
        return trusted(plan) is SubjectForm.BOTH
    try:
        told = cast("dict[str, object]", github.get(_place(plan)))
    except GithubError:
        return trusted(plan) is SubjectForm.BOTH
    if told.get("use_default") is False and told.get("include_claim_keys") not in _USUAL:
        raise SlipwayError(
            f"{plan.role.repository} has a subject of its own making, which no role here trusts",
            where=_place(plan)[1:],
            fix=f"gh api --method PUT {_place(plan)[1:]} -F use_default=true",
        )
    require(plan, immutable=told.get("use_immutable_subject") is True)
    return True


def require(plan: BootstrapPlan, *, immutable: bool) -> None:
    """Raise SlipwayError unless the role trusts tokens of this form."""
    form = SubjectForm.IMMUTABLE if immutable else SubjectForm.LEGACY
    if trusted(plan) not in (form, SubjectForm.BOTH):
        raise SlipwayError(
            f"the tokens of {plan.role.repository} carry the {form} subject, and {plan.role.name} would "
            f"trust {plan.role.subjects[0]} alone: no job could assume it",
            where=_WHERE,
            fix=f"write `subject: {form}` there and run this again",
        )


def _place(plan: BootstrapPlan) -> str:
    return path("repos", *plan.role.repository.split("/"), "actions", "oidc", "customization", "sub")
