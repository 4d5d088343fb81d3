"""The workflow files of a repository that delivers its stacks: pure, from its stacks and what they need."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from slipway.errors import SlipwayError

PREVIEW: Final = "infra-preview.yml"
APPLY: Final = "infra-apply.yml"
ACTIONS: Final = {
    "checkout": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "python": "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "pulumi": "pulumi/actions@8e5e406f4007fca908480587cb9893c07090f58d # v7.0.0",
    "credentials": "aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3",
}
PULUMI: Final = "3.272.0"
"""Those of this repository's own workflows, which are kept up to date; a test compares them."""
_TEMPLATES: Final = Path(__file__).parent / "templates"
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_ENVIRONMENT: Final = re.compile(r"[a-z0-9_][a-z0-9_.-]*")
_FOLDER: Final = re.compile(r"\.|[\w.-]+(?:/[\w.-]+)*", re.ASCII)
_PACKAGE: Final = re.compile(r"[A-Za-z0-9_.+:/@=\[\] ~-]+")


@dataclass(frozen=True)
class Delivered:
    """A stack that is delivered.

    Attributes:
        id: project/stack.
        folder: the project's, from the top of the repository; `.` for the top.
        environment: of GitHub, for its applies; its plans run in `<environment>-plan`.
        upstreams: ids of those that it needs.

    Raises:
        SlipwayError: a name that would be more than a name in a workflow.
    """

    id: str
    folder: str
    environment: str
    upstreams: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        project, _, stack = self.id.partition("/")
        for what, value, pattern in (
            ("project", project, _NAME),
            ("stack", stack, _NAME),
            ("environment", self.environment, _ENVIRONMENT),
            ("folder", self.folder, _FOLDER),
        ):
            if not pattern.fullmatch(value):
                raise SlipwayError(
                    f"no workflow can safely name the {what} {value!r}",
                    where=self.id,
                    fix="use letters, digits, '.', '_' and '-', an environment in lower case; or leave it "
                    "out by `ignore` in slipway.yaml",
                )

    @property
    def file(self) -> str:
        """The file that `plan --out` writes of it."""
        return f"{self.id.replace('/', '.')}.json"


def workflows(stacks: Sequence[Delivered], package: str, pulumi: str) -> dict[str, str]:
    """The workflow files by name.

    Args:
        stacks: each after those that it needs.
        package: what pip installs to have `slipway`.
        pulumi: the version of the Pulumi CLI.

    Raises:
        SlipwayError: no stack, or a package that would be more than one in a shell.
    """
    if not stacks:
        raise SlipwayError(
            "there is no stack in this repository", fix="write a Pulumi.<stack>.yaml beside a Pulumi.yaml"
        )
    if not _PACKAGE.fullmatch(package):
        raise SlipwayError(f"{package!r} is no package for pip", fix="give --package, such as slipway==1.0")
    import jinja2  # noqa: PLC0415 - slow, and for this alone

    jobs = _jobs(stacks)
    of_jinja = jinja2.Environment(  # noqa: S701 - no HTML; every value is held to a pattern above
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[=",
        variable_end_string="=]",
        keep_trailing_newline=True,
    )
    values = {
        "actions": ACTIONS,
        "package": shlex.quote(package),
        "pulumi": pulumi,
        "stacks": [
            {
                "id": each.id,
                "job": jobs[each.id],
                "folder": each.folder,
                "file": each.file,
                "environment": each.environment,
                "needs": [f"apply-{jobs[name]}" for name in each.upstreams if name in jobs],
            }
            for each in stacks
        ],
    }
    files = {name: of_jinja.get_template(name).render(values) for name in (PREVIEW, APPLY)}
    return {name: text.rstrip("\n") + "\n" for name, text in files.items()}


def _jobs(stacks: Sequence[Delivered]) -> Mapping[str, str]:
    """A name for each stack's jobs, of the signs that one may have, and another one for each."""
    named: dict[str, str] = {}
    for each in stacks:
        name = plain = re.sub(r"[^A-Za-z0-9_-]", "-", each.id)
        number = 2
        while name in named.values():
            name, number = f"{plain}-{number}", number + 1
        named[each.id] = name
    return named
