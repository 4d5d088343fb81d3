"""The one family of errors that a command shows to a person: what is wrong, where, and what to do."""

from typing import Any


class SlipwayError(Exception):
    """An error that the person at the keyboard can act on.

    Args:
        what: what is wrong, one sentence.
        where: the file, key, resource or address it concerns.
        fix: what to do next, preferably a command.
        exit_code: the status that a command ends with; 1 unless the command documents another.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "", exit_code: int = 1) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix
        self.exit_code = exit_code

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  do:    {self.fix}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The error for programs."""
        return {"what": self.what, "where": self.where, "fix": self.fix}


class ServiceError(SlipwayError):
    """A service that we depend on (AWS, GitHub, an engine) refused or did not answer.

    Args:
        what: what is wrong, one sentence.
        service: its name as a person knows it: `AWS`, `GitHub`, `Pulumi`.
        code: the service's own word for the reason (`AccessDenied`, `404`); empty where it did not answer.
        where: the resource or address it concerns.
        fix: what to do next, preferably a command.
    """

    def __init__(self, what: str, *, service: str, code: str = "", where: str = "", fix: str = "") -> None:
        super().__init__(what, where=where, fix=fix)
        self.service = service
        self.code = code
