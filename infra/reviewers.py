"""Refuses reviewers whom GitHub would leave out without a word, before anything is registered."""

from collections.abc import Sequence

import pulumi_github as github

from infra.in_force import person_reads, team_reads
from slipway.errors import SlipwayError
from slipway.platform.environments import Environment
from slipway.platform.settings import Settings


def require_reviewers(settings: Settings, declared: Sequence[Environment], provider: github.Provider) -> None:
    """Check that each reviewer can read the repository whose environment they approve.

    GitHub answers 200 to one who cannot, and leaves them out; where they were the only one, nobody approves:
    https://github.com/integrations/terraform-provider-github/issues/1166

    Raises:
        SlipwayError: one cannot, with the environments that they are to approve.
    """
    asked: dict[tuple[str, str, str], list[str]] = {}
    for environment in declared:
        repository = settings.repository_of(environment.service)
        slug = f"{repository.owner}/{repository.name}"
        reviewers = environment.rules.reviewers if environment.protection.approvals else None
        for kind, listed in (("team", reviewers.teams), ("user", reviewers.users)) if reviewers else ():
            for name in listed:
                asked.setdefault((kind, name, slug), []).append(environment.name)
    for (kind, name, slug), names in sorted(asked.items()):
        reads = team_reads if kind == "team" else person_reads
        if not reads(name, slug, provider):
            team = f"orgs/{slug.partition('/')[0]}/teams/{name}/repos/{slug}"
            place = team if kind == "team" else f"repos/{slug}/collaborators/{name}"
            raise SlipwayError(
                f"the {kind} {name} cannot read {slug}, so GitHub would leave them out of the reviewers of "
                f"{', '.join(names)} without a word",
                where=f"{slug}: environment {names[0]}",
                fix=f"gh api --method PUT {place} -f permission=pull",
            )
