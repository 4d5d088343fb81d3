"""Trust policies, condition by condition and by structure."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.access.claims import ISSUER, subject, token_for, token_of
from slipway.access.evaluate import (
    Mode,
    Policy,
    chain_request,
    decide_access,
    evaluate_trust,
    trust_request,
)
from slipway.access.trust import SESSION_NAME_PATTERN, rendered, trust_policy
from slipway.platform.declaration import Job, Repository, RoleDeclaration, SubjectForm
from tests.sampling import size

FORMS = (SubjectForm.IMMUTABLE, SubjectForm.LEGACY)
SESSION = "gha-deploy-7"


def _without(document: dict[str, Any], number: int, operator: str, key: str) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    del changed["Statement"][number]["Condition"][operator][key]
    return changed


CHANGED_CLAIM = {
    f"{ISSUER}:aud": {"aud": "https://github.com/acme"},
    f"{ISSUER}:sub": {"sub": "repo:evil/app:environment:production"},
    f"{ISSUER}:repository_id": {"repository_id": "999999"},
    f"{ISSUER}:environment": {"environment": "other"},
}


def test_each_condition_is_needed_and_holds_by_itself(platform: Any) -> None:
    tried = 0
    for role in platform.roles:
        document = trust_policy(role)
        for number, statement in enumerate(document["Statement"]):
            for operator, keys in statement["Condition"].items():
                for key in keys:
                    loose = _without(document, number, operator, key)
                    for enter in _intruders(role, key, statement):
                        assert not enter(document), (role.arn, key)
                        assert enter(loose), (role.arn, key)
                        tried += 1
    assert tried > 5 * len(platform.roles)


def _intruders(role: RoleDeclaration, key: str, statement: dict[str, Any]) -> Iterator[Any]:
    if statement["Sid"] == "RoleChain":
        caller = role.trusted_roles[0]
        assert key == "sts:RoleSessionName"
        yield (
            lambda document: (
                Policy.parse(document, "resource")
                .decide(chain_request(caller, role.arn, "ci-1"), Mode.ATTACK)
                .allowed
            )
        )
        return
    job = role.jobs[0]
    for form in FORMS if job.repository.subject is SubjectForm.BOTH else (job.repository.subject,):
        token = token_for(job, job.events[0], "refs/heads/main", form=form)
        name = "botocore-session-1" if key == "sts:RoleSessionName" else SESSION
        changed = replace(token, **CHANGED_CLAIM.get(key, {}))
        yield (
            lambda document, token=changed, name=name: (
                evaluate_trust(document, token, name, account=role.account, mode=Mode.ATTACK).allowed
            )
        )


def test_every_condition_of_every_trust_policy_is_one_that_the_test_above_knows(platform: Any) -> None:
    known = {*CHANGED_CLAIM, "sts:RoleSessionName"}
    for role in platform.roles:
        for statement in trust_policy(role)["Statement"]:
            assert {key for keys in statement["Condition"].values() for key in keys} <= known


def test_a_missing_claim_is_a_refusal(platform: Any) -> None:
    role = platform.role("app-production")
    token = token_for(role.jobs[0], "push", "refs/tags/v1.0.0")
    for claim in ("repository_id", "environment"):
        assert not evaluate_trust(
            trust_policy(role), replace(token, **{claim: ""}), SESSION, account=role.account, mode=Mode.ATTACK
        ).allowed


def test_the_only_wildcard_of_a_trust_policy_is_in_the_session_name(platform: Any) -> None:
    for role in platform.roles:
        text = rendered(trust_policy(role))
        assert text.count(SESSION_NAME_PATTERN) == len(trust_policy(role)["Statement"])
        rest = text.replace(SESSION_NAME_PATTERN, "")
        assert "*" not in rest
        assert "?" not in rest
        assert "TagSession" not in rest


def test_only_the_named_role_may_take_the_next_step_of_a_chain(platform: Any) -> None:
    deploy = platform.role("app-production")
    trust = Policy.parse(trust_policy(deploy), "resource")
    allow = Policy.parse(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    )
    chain = {
        "identity": [allow],
        "boundary": None,
        "resource_policy": trust,
        "resource_account": deploy.account,
    }
    for caller, expected in (
        ("arn:aws:iam::111111111111:role/slipway/ci/runner-cicd", True),
        ("arn:aws:iam::111111111111:role/slipway/ci/runner-cicd-2", False),
        ("arn:aws:iam::111111111111:role/runner-cicd", False),
        ("arn:aws:iam::333333333333:role/slipway/ci/runner-cicd", False),
        ("arn:aws:iam::111111111111:role/slipway/ci/app-build", False),
    ):
        request = chain_request(caller, deploy.arn, SESSION)
        assert decide_access(request, **chain, mode=Mode.ATTACK).allowed is expected
    request = chain_request("arn:aws:iam::111111111111:role/slipway/ci/runner-cicd", deploy.arn, SESSION)
    assert not decide_access(request, **{**chain, "identity": []}).allowed


names = st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True).filter(lambda name: name not in {".", ".."})
owners = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,10}[A-Za-z0-9])?", fullmatch=True)
places = st.text(
    st.characters(codec="ascii", exclude_characters="*?$", categories=("Ll", "Nd", "Pd", "Po")),
    min_size=1,
    max_size=20,
)
repositories = st.builds(
    Repository,
    owner=owners,
    name=names,
    owner_id=st.integers(1, 3),
    id=st.integers(1, 5),
    subject=st.sampled_from(SubjectForm),
)


@settings(max_examples=size(400, 150))
@given(
    ours=repositories,
    theirs=repositories,
    here=places,
    there=places,
    event=st.sampled_from(("push", "pull_request")),
)
def test_a_role_takes_the_tokens_of_its_own_environment_and_no_others(
    ours: Repository, theirs: Repository, here: str, there: str, event: str
) -> None:
    job = Job(name="x", repository=ours, environment=here, events=("push",))
    role = RoleDeclaration(
        name="x",
        account="1" * 12,
        region="r",
        jobs=(job,),
        boundary_arn="arn:aws:iam::111111111111:policy/slipway/slipway-ci-boundary",
    )
    trust = Policy.parse(trust_policy(role), "resource")
    for form in FORMS:
        same_form = ours.subject in {SubjectForm.BOTH, form}
        same = replace(theirs, subject=ours.subject, visibility=ours.visibility) == ours and here == there
        # The legacy form lacks the owner's id, and does without: a repository's id is unique.
        same_legacy = form is SubjectForm.LEGACY and (theirs.slug, theirs.id, there) == (
            ours.slug,
            ours.id,
            here,
        )
        token = token_of(theirs, event=event, ref="refs/heads/main", environment=there, form=form)
        request = trust_request(token, SESSION, account="1" * 12)
        assert trust.decide(request, Mode.ATTACK).allowed is (same_form and (same or same_legacy))


@settings(max_examples=size(300, 150))
@given(
    first=st.tuples(repositories, places), second=st.tuples(repositories, places), form=st.sampled_from(FORMS)
)
def test_two_jobs_share_a_subject_only_if_they_are_the_same(
    first: tuple[Repository, str], second: tuple[Repository, str], form: Any
) -> None:
    def key(repository: Repository, environment: str) -> tuple[Any, ...]:
        ids = (repository.owner_id, repository.id) if form is SubjectForm.IMMUTABLE else ()
        return (repository.slug, environment, *ids)

    same = subject(first[0], form=form, environment=first[1]) == subject(
        second[0], form=form, environment=second[1]
    )
    # `%3A` is how a colon is written, so a name that spells it out is the one that GitHub cannot tell apart.
    spelt = [key(repository, name.replace(":", "%3A")) for repository, name in (first, second)]
    assert same is (spelt[0] == spelt[1])


@pytest.mark.parametrize("form", FORMS)
def test_a_ref_cannot_pass_for_an_environment(form: Any) -> None:
    repository = Repository(owner="acme", name="app", owner_id=1, id=2)
    wanted = subject(repository, form=form, environment="production")
    for ref in ("refs/heads/environment:production", "environment:production", "refs/tags/production"):
        assert subject(repository, form=form, ref=ref) != wanted
