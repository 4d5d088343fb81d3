"""Judges pull requests and merge groups as GitHub has them, and says there what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from slipway.errors import SlipwayError
from slipway.github import Client, path
from slipway.stacks.gate.asks import Ask, Group, by_head
from slipway.stacks.gate.fetching import fetch
from slipway.stacks.gate.judging import Judge, Judged
from slipway.stacks.gate.people import People, Said
from slipway.stacks.gate.posting import State, described, post, shortened
from slipway.stacks.gate.trees import Proposal
from slipway.stacks.gate.verdict import Verdict, Why

_Pull = Mapping[str, Any]
_UNJUDGED: Final[State] = "error"
APPLY: Final = ".github/workflows/infra-apply.yml"
"""The workflow whose run applies what is merged."""
_AWAITED: Final = frozenset({Why.UNAPPLIED, Why.UNFINISHED, Why.ELSEWHERE})


class Hub:
    """A repository on GitHub, and the clone of it that is judged by."""

    def __init__(self, client: Client, repository: str, judge: Judge, *, token: str | None = None) -> None:
        """Args:
        client: with `pull_requests: read` and `actions: read`, and `statuses: write` to post.
        repository: `owner/name`.
        judge: of a clone of it.
        token: to fetch with what the clone lacks; empty where that takes none, None to fetch nothing.
        """
        self._client = client
        self._repository = repository
        self._place = path("repos", *repository.split("/", 1))
        self._judge = judge
        self._token = token
        self._people = People(client, repository)

    def judged(self, ask: Ask) -> list[Judged]:
        """What is asked for, each commit once. What could not be judged says why, and is not open.

        Raises:
            SlipwayError: there is no such pull request, or GitHub or the store cannot be asked.
        """
        if isinstance(ask, Group):
            pull = self._client.find(f"{self._place}/pulls/{ask.pull}")
            if pull is None:
                raise _unknown(ask.pull)
            return [self._of_commit(ask.head, [pull], ask.base)]
        # Whatever branch a pull request is for: its head may be another's tomorrow, and the status stays.
        heads = by_head(self._client.every(f"{self._place}/pulls?state=open"), ask)
        if ask is not None and not heads:
            raise _unknown(ask)
        self._fetch(heads)
        return [self._of_commit(head, pulls) for head, pulls in heads.items()]

    def post(self, judged: Iterable[Judged], *, author: str = "", url: str = "") -> None:
        """Say it of each commit, as its status. See `posting.post`."""
        for each in judged:
            state, text = (_UNJUDGED, shortened(each.error)) if each.error else described(each.verdicts)
            post(self._client, self._repository, each.commit, state, text, author=author, url=url)

    def _of_commit(self, head: str, pulls: Sequence[_Pull], base: str = "") -> Judged:
        name = ", ".join(f"#{pull['number']}" for pull in pulls)
        try:
            self._fetch([head, base])
            proposal = self._judge.proposal(head, base)
            verdicts = [self._verdict(proposal, self._said(proposal, pull)) for pull in pulls]
        except SlipwayError as error:
            # One that cannot be read must not keep the others from being judged.
            return Judged(name=name, commit=head, error=error.what)
        return Judged(name=name, commit=head, verdicts=tuple(verdicts))

    def _verdict(self, proposal: Proposal, said: Sequence[Said]) -> Verdict:
        found = self._judge.verdict(proposal, said)
        awaited = {reason.cause for reason in found.reasons if reason.why in _AWAITED}
        # What is before it in a merge queue is awaited, whatever became of what is on the branch.
        if awaited & proposal.touched and proposal.base == self._judge.base and self._over:
            return self._judge.verdict(proposal, said, run_over=True)
        return found

    @cached_property
    def _over(self) -> bool:
        """Whether what was to apply the base has ended, by a person who declined it, for instance.

        https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository
        """
        query = f"head_sha={self._judge.base}&per_page=100"
        listed = self._client.find(f"{self._place}/actions/runs?{query}") or {}
        runs: Sequence[Mapping[str, Any]] = listed.get("workflow_runs") or ()
        applies = [run for run in runs if str(run.get("path")).partition("@")[0] == APPLY]
        return bool(applies) and all(run.get("status") == "completed" for run in applies)

    def _said(self, proposal: Proposal, pull: _Pull) -> list[Said]:
        owners = {owner.lower() for name in proposal.touched for owner in proposal.block(name).owners}
        said = list(self._people.approvals(pull, owners)) if proposal.touched else []
        self._fetch(each.commit for each in said)
        return said

    def _fetch(self, commits: Iterable[str]) -> None:
        if self._token is not None:
            fetch(self._judge.readings.repository, filter(None, commits), self._token)


def _unknown(pull: int) -> SlipwayError:
    return SlipwayError(f"no pull request {pull} is open", fix="look at its number, and at --repository")
