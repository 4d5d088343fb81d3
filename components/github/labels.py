"""The labels that drive previews, hotfixes, versions and the changelog."""

from dataclasses import dataclass

from slipway.errors import SlipwayError

_LONGEST_NAME = 50
_LONGEST_DESCRIPTION = 100
_MOST_QA_SLOTS = 20


@dataclass(frozen=True, kw_only=True)
class Label:
    """One label: `color` is six hexadecimal digits without `#`, `description` at most 100 characters.

    Limits: https://docs.github.com/en/rest/issues/labels#create-a-label
    """

    name: str
    color: str
    description: str

    def __post_init__(self) -> None:
        """Raise SlipwayError for a label that GitHub would refuse."""
        where = f"label {self.name!r}"
        if not 0 < len(self.name) <= _LONGEST_NAME:
            raise SlipwayError(f"a label's name has 1 to {_LONGEST_NAME} characters", where=where)
        if len(self.color) != len("rrggbb") or set(self.color) - set("0123456789abcdef"):
            raise SlipwayError(f"{self.color!r} is not a colour of six hexadecimal digits", where=where)
        if len(self.description) > _LONGEST_DESCRIPTION:
            raise SlipwayError(
                f"a label's description has at most {_LONGEST_DESCRIPTION} characters", where=where
            )


_DEPLOY, _HOTFIX, _VERSION, _CHANGELOG = "1d76db", "b60205", "5319e7", "c5def5"

_VERSION_LABELS = (
    Label(name="major", color=_VERSION, description="The next release raises the major version"),
    Label(name="minor", color=_VERSION, description="The next release raises the minor version"),
    Label(name="patch", color=_VERSION, description="The next release raises the patch version"),
)

_CHANGELOG_LABELS = (
    Label(name="feature", color=_CHANGELOG, description="Changelog: something new"),
    Label(name="enhancement", color=_CHANGELOG, description="Changelog: something better"),
    Label(name="bugfix", color=_CHANGELOG, description="Changelog: something mended"),
    Label(name="security", color=_CHANGELOG, description="Changelog: something made safe"),
    Label(name="documentation", color=_CHANGELOG, description="Changelog: something explained"),
    Label(name="dependencies", color=_CHANGELOG, description="Changelog: a dependency moved"),
    Label(name="no-changelog", color=_CHANGELOG, description="Left out of the changelog"),
)


def delivery_labels(qa_slots: int = 0) -> tuple[Label, ...]:
    """Return the labels of a service with `qa_slots` shared QA environments (0 to 20), in a fixed order."""
    if not 0 <= qa_slots <= _MOST_QA_SLOTS:
        raise SlipwayError(
            f"{qa_slots} QA environments; 0 to {_MOST_QA_SLOTS} are supported", where="qa_slots"
        )
    qa = tuple(
        Label(name=f"deploy/qa{slot}", color=_DEPLOY, description=f"Deploys this pull request to QA {slot}")
        for slot in range(1, qa_slots + 1)
    )
    return (
        Label(name="deploy", color=_DEPLOY, description="Deploys this pull request to its own preview"),
        *qa,
        Label(name="hotfix", color=_HOTFIX, description="Mends a released version on its release branch"),
        *_VERSION_LABELS,
        *_CHANGELOG_LABELS,
    )
