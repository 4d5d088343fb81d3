"""What exists on the GitHub stand-in before `local` comes up: what its stack file says is there already.

Repositories, teams and people are looked up and never made, so somebody has to put them on a stand-in. The
stack file is read raw: one that is wrong seeds less, and the program then says what is wrong.
"""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any, cast

Raw = Mapping[str, Any]


def seed_of(config: Raw) -> dict[str, list[dict[str, Any]]]:
    """The seed for `slipway.localcloud.runtime.seed`, from a stack file's `config`."""
    github = _mapping(_mapping(config.get("slipway:platform")).get("github"))
    services = [_mapping(one) for one in _mapping(config.get("slipway:services")).values()]
    login = github.get("organization")
    if not isinstance(login, str):
        return {}
    blocks = [
        *services,
        {
            "repository": github.get("repository"),
            "owner_id": github.get("organization_id"),
            "repository_id": github.get("repository_id"),
            "visibility": github.get("visibility", "private"),
        },
    ]
    reviewers = sorted({name for name in _reviewers(github, services) if ":" in name})
    return {
        "organizations": [
            {"login": login, "id": github.get("organization_id"), "plan": github.get("plan", "enterprise")}
        ],
        "users": [{"login": _name(one), "id": _number(one)} for one in reviewers if one.startswith("user:")],
        "teams": [
            {"organization": login, "slug": _name(one), "id": _number(one)}
            for one in reviewers
            if one.startswith("team:")
        ],
        "repositories": [one for block in blocks for one in _repository(block)],
        "apps": list(_apps(login, _mapping(_mapping(config.get("slipway:platform")).get("runners")))),
    }


def _apps(organization: str, runners: Raw) -> Iterator[dict[str, Any]]:
    id_, installation = runners.get("app_id"), runners.get("installation_id")
    if isinstance(id_, int) and isinstance(installation, int):
        yield {"organization": organization, "id": id_, "installation_id": installation}


def _repository(block: Raw) -> Iterator[dict[str, Any]]:
    slug, number = block.get("repository"), block.get("repository_id")
    if isinstance(slug, str) and slug.count("/") == 1 and isinstance(number, int):
        owner, name = slug.split("/")
        visibility = block.get("visibility", "private")
        yield {"owner": owner, "name": name, "id": number, "visibility": visibility}


def _reviewers(github: Raw, services: list[Raw]) -> Iterator[str]:
    yield from _texts(github.get("reviewers"))
    for service in services:
        for environment in _mapping(service.get("environments")).values():
            yield from _texts(_mapping(environment).get("reviewers"))


def _texts(value: object) -> list[str]:
    return [str(one) for one in cast("list[object]", value)] if isinstance(value, list) else []


def _mapping(value: object) -> Raw:
    return cast(Raw, value) if isinstance(value, Mapping) else {}


def _name(reviewer: str) -> str:
    return reviewer.split(":", 1)[1]


def _number(reviewer: str) -> int:
    # Any number will do, as long as it is the same one each time.
    return zlib.crc32(reviewer.encode())
