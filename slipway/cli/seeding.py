"""What exists on the GitHub stand-in before `local` comes up: what its files say is there already.

Repositories, teams and people are looked up and never made, so somebody has to put them on a stand-in. Files
that are wrong seed less, and the program then says what is wrong.
"""

import zlib
from pathlib import Path
from typing import Any

from slipway.platform.declaration import Repository, SubjectForm
from slipway.platform.reading import draft_of, sources
from slipway.platform.settings import Settings
from slipway.platform.stack import Stack

Seed = dict[str, list[dict[str, Any]]]


def seed_of(root: Path) -> Seed:
    """The seed for `slipway.localcloud.runtime.seed`, from the files of the project at `root`.

    Raises:
        SlipwayError: a file is no YAML.
    """
    draft = draft_of(sources(root, Stack.LOCAL), Stack.LOCAL)
    return _seed(draft.settings) if draft.knows_the_organization else {}


def rehearsal_seed(root: Path) -> Seed:
    """The same for a rehearsal of the real stacks, whose Apps get numbers that no file has yet."""
    return {**seed_of(root), "apps": []}


def _seed(settings: Settings) -> Seed:
    github, runners = settings.organization.github, settings.platform.runners
    login = github.organization
    blocks = [block for service in settings.services.values() for block in service.environments.values()]
    reviewers = sorted(
        {*github.reviewers, *(name for block in blocks for name in block.reviewers or ())},
    )
    repositories = [settings.repository_of(service) for service in settings.services]
    apps = (
        [{"organization": login, "id": runners.app_id, "installation_id": runners.installation_id}]
        if runners
        else []
    )
    return {
        "organizations": [{"login": login, "id": github.organization_id, "plan": github.plan.value}],
        "users": [
            {"login": _name(reviewer), "id": _number(reviewer)}
            for reviewer in reviewers
            if reviewer.startswith("user:")
        ],
        "teams": [
            {"organization": login, "slug": _name(reviewer), "id": _number(reviewer)}
            for reviewer in reviewers
            if reviewer.startswith("team:")
        ],
        "repositories": [
            _repository(repository) for repository in (*repositories, github.platform_repository)
        ],
        "apps": list[dict[str, Any]](apps),
    }


def _repository(repository: Repository) -> dict[str, Any]:
    return {
        "owner": repository.owner,
        "name": repository.name,
        "id": repository.id,
        "visibility": repository.visibility,
        "immutable_subject": repository.subject is not SubjectForm.LEGACY,
    }


def _name(reviewer: str) -> str:
    return reviewer.split(":", 1)[1]


def _number(reviewer: str) -> int:
    # Any number will do, as long as it is the same one each time.
    return zlib.crc32(reviewer.encode())
