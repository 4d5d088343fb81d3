"""Files of the project that a stack file names, by a path from the project's folder."""

from pathlib import Path

from slipway.errors import SlipwayError


def helm_values(path: str | None) -> str:
    """A file with a chart's values, as YAML; no values where there is no file.

    Raises:
        SlipwayError: it cannot be read.
    """
    if path is None:
        return "{}\n"
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SlipwayError(
            f"the values file {path} cannot be read: {reason}",
            where="slipway:services",
            fix="correct 'values', a path from the project's folder",
        ) from error


def require_chart(path: str) -> None:
    """Raise SlipwayError unless a path leads to a Helm chart: a folder with its Chart.yaml, or an archive."""
    try:
        found = (Path(path) / "Chart.yaml").is_file() or Path(path).is_file()
    except (OSError, ValueError):
        found = False
    if not found:
        raise SlipwayError(
            f"there is no chart at {path}",
            where="slipway:services",
            fix="correct 'chart', a path from the project's folder",
        )
