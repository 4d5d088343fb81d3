"""The apply role trusts what its jobs' tokens say, in the form that GitHub gives that repository."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.run import Watcher, bootstrap
from slipway.bootstrap.subject import command, confirmed, require, trusted
from slipway.errors import SlipwayError
from slipway.github import Client, GithubError
from slipway.platform.declaration import SubjectForm
from tests.bootstrap import samples

LEGACY = "repo:acme/platform:environment:infra-prod-apply"
IMMUTABLE = "repo:acme@9001/platform@70000:environment:infra-prod-apply"
FORMS = {"immutable": (IMMUTABLE,), "legacy": (LEGACY,), "both": (IMMUTABLE, LEGACY)}
every_form = pytest.mark.parametrize("form", FORMS)


def plan(form: str) -> BootstrapPlan:
    made = samples.plan()
    return replace(made, role=replace(made.role, subjects=FORMS[form]))


class Told(Client):
    """GitHub, which says this of every repository's subject."""

    def __init__(self, answer: dict[str, Any] | None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def get(self, place: str) -> object:
        self.asked.append(place)
        if self.answer is None:
            raise GithubError("Resource not accessible", status=403)
        return self.answer


@every_form
def test_the_form_is_read_off_the_trust(form: str) -> None:
    assert trusted(plan(form)) == SubjectForm(form)
    assert samples.plan().role.subjects == (IMMUTABLE,)


@every_form
@pytest.mark.parametrize("immutable", [True, False])
def test_a_form_that_the_tokens_do_not_carry_is_refused(form: str, immutable: bool) -> None:
    github = Told({"use_default": True, "use_immutable_subject": immutable})
    if form in ("both", "immutable" if immutable else "legacy"):
        assert confirmed(plan(form), github)
    else:
        with pytest.raises(SlipwayError, match="no job could assume it") as refused:
            confirmed(plan(form), github)
        assert "Pulumi.yaml" in refused.value.where
        assert f"subject: {'immutable' if immutable else 'legacy'}" in refused.value.fix
    assert github.asked == ["/repos/acme/platform/actions/oidc/customization/sub"]
    assert github.asked[0][1:] in command(plan(form))


def test_an_answer_without_the_field_is_the_older_form() -> None:
    assert confirmed(plan("legacy"), Told({"use_default": True}))
    with pytest.raises(SlipwayError):
        confirmed(plan("immutable"), Told({"use_default": True}))


def test_a_subject_of_its_own_making_is_refused() -> None:
    with pytest.raises(SlipwayError, match="of its own making"):
        confirmed(plan("both"), Told({"use_default": False, "include_claim_keys": ["actor"]}))


@pytest.mark.parametrize("github", [None, Told(None)], ids=["no token", "a token that may not ask"])
def test_what_github_does_not_tell_is_uncertain(github: Client | None) -> None:
    assert not confirmed(plan("immutable"), github)
    assert not confirmed(plan("legacy"), github)
    assert confirmed(plan("both"), github)
    require(plan("both"), immutable=False)


def test_nothing_is_made_for_jobs_that_could_not_assume_it(folder: Path, endpoint: str) -> None:
    watcher = Watcher(agree=lambda _: pytest.fail("asked"), done=lambda _: pytest.fail("done"))
    github = Told({"use_default": True, "use_immutable_subject": False})
    with pytest.raises(SlipwayError, match="no job could assume it"):
        bootstrap(folder, samples.plan, watcher, endpoint=endpoint, github=github)
