"""How a repository is written: GitHub ignores the case of its name, and IAM does not.

A token's `sub` has the name as GitHub spells it, so a trust policy has to have it so, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from slipway.errors import SlipwayError
from slipway.platform.reading import PROJECT
from slipway.platform.settings import Settings


@dataclass(frozen=True)
class Written:
    """A repository as a file has it."""

    id: int
    slug: str
    where: str


def written(settings: Settings) -> tuple[Written, ...]:
    """Every repository that the settings name by its id, the platform's own first."""
    github = settings.organization.github
    own = Written(github.repository_id, github.repository, f"github.repository in {PROJECT}")
    services = settings.services.items()
    return own, *(
        Written(block.repository_id, block.repository, f"services/{name}.yaml") for name, block in services
    )


def spelled(settings: Settings, found: Mapping[int, str]) -> tuple[Settings, tuple[str, ...]]:
    """The settings with each repository as GitHub spells it, and what to say of those written otherwise.

    Args:
        settings: as the files have them.
        found: by a repository's id, `owner/name` as GitHub has it now; of those that could be asked for.

    Raises:
        SlipwayError: GitHub has renamed one, or it has gone to another owner.
    """
    names: dict[str, str] = {}
    said: list[str] = []
    for item in written(settings):
        now = found.get(item.id, item.slug)
        if now.lower() != item.slug.lower():
            raise SlipwayError(
                renamed(item.id, item.slug, now),
                where=item.where,
                fix=f"write repository: {now} there, and apply every stack that it has an environment in"
                if _same_owner(now, item.slug)
                else "remove it: repositories of others get no role",
            )
        if now != item.slug:
            said.append(f"{item.where}: GitHub spells {item.slug} as {now}, and so do tokens: write it so")
        names[item.slug.lower()] = now
    return _respelled(settings, names), tuple(said)


def renamed(id_: int, before: str, now: str) -> str:
    """What a rename means, in one message."""
    return (
        f"the repository {id_} is {now} now, and no longer {before}: the tokens of its jobs say so, and none "
        f"of its roles can be assumed until their trust policies say {now}, too; what GitHub holds stays"
    )


def respelling(before: Settings, after: Settings) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Of a change of files: which new spelling means which old one, and what to say of it.

    Returns:
        By `owner/name` as it is written now, the same in the old spelling, of which only the case differs;
        and a message for each of these and for each rename.
    """
    old = {item.id: item.slug for item in written(before)}
    same: dict[str, str] = {}
    said: list[str] = []
    for item in written(after):
        slug = old.get(item.id, item.slug)
        if slug.lower() != item.slug.lower():
            said.append(f"{item.where}: {renamed(item.id, slug, item.slug)}")
        elif slug != item.slug:
            same[item.slug] = slug
            said.append(
                f"{item.where}: {item.slug} is {slug} in another case, which changes nothing: "
                "what is applied has the spelling of GitHub"
            )
    return same, tuple(said)


def _same_owner(one: str, other: str) -> bool:
    return one.partition("/")[0].lower() == other.partition("/")[0].lower()


def _respelled(settings: Settings, names: Mapping[str, str]) -> Settings:
    github = settings.organization.github
    own = names[github.repository.lower()]
    organization = (
        own.partition("/")[0] if _same_owner(own, f"{github.organization}/") else github.organization
    )
    github = github.model_copy(update={"repository": own, "organization": organization})
    services = {
        name: block.model_copy(update={"repository": names[block.repository.lower()]})
        for name, block in settings.services.items()
    }
    platform = settings.platform
    if platform.runners:
        classes = {
            name: block.model_copy(
                update={"repositories": tuple(names.get(slug.lower(), slug) for slug in block.repositories)}
            )
            for name, block in platform.runners.classes.items()
        }
        runners = platform.runners.model_copy(update={"classes": classes})
        platform = platform.model_copy(update={"runners": runners})
    return settings.model_copy(
        update={
            "organization": settings.organization.model_copy(update={"github": github}),
            "services": services,
            "platform": platform,
        }
    )
