"""Refuses reviewers whom GitHub would leave out without a word, before anything is registered."""

from collections.abc import Sequence

import pulumi_github as github

from infra.in_force import team_reads
from slipway.errors import SlipwayError
from slipway.platform.environments import Environment
from slipway.platform.settings import Settings


def require_reviewers(settings: Settings, declared: Sequence[Environment], provider: github.Provider) -> None:
    """Check that each reviewing team can read the repository whose environment it approves.

    GitHub answers 200 to one that cannot, and leaves it out; where it was the only one, nobody approves:
    https://github.com/integrations/terraform-provider-github/issues/1166

    Raises:
        SlipwayError: one cannot, with the environments that it is to approve.
    """
    asked: dict[tuple[str, str], list[str]] = {}
    for environment in declared:
        repository = settings.repository_of(environment.service)
        slug = f"{repository.owner}/{repository.name}"
        for team in environment.rules.reviewers.teams if environment.protection.approvals else ():
            asked.setdefault((team, slug), []).append(environment.name)
    for (team, slug), names in sorted(asked.items()):
        if not team_reads(team, slug, provider):
            place = f"orgs/{slug.partition('/')[0]}/teams/{team}/repos/{slug}"
            raise SlipwayError(
                f"the team {team} cannot read {slug}, so GitHub would leave it out of the reviewers of "
                f"{', '.join(names)} without a word",
                where=f"{slug}: environment {names[0]}",
                fix=f"gh api --method PUT {place} -f permission=pull",
            )
