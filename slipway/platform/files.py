"""Files of the project that a service's file names, by a path from the project's folder."""

from pathlib import Path

from slipway.errors import SlipwayError


def helm_values(path: str | None, root: Path = Path()) -> str:
    """A file with a chart's values, as YAML; no values where there is no file.

    Raises:
        SlipwayError: it cannot be read.
    """
    if path is None:
        return "{}\n"
    try:
        return (root / path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SlipwayError(
            f"the values file {path} cannot be read: {reason}", fix="give a path from the project's folder"
        ) from error


def require_chart(path: str, root: Path = Path()) -> None:
    """Raise SlipwayError unless a path leads to a Helm chart: a folder with its Chart.yaml, or an archive."""
    try:
        is_chart = (root / path / "Chart.yaml").is_file() or (root / path).is_file()
    except (OSError, ValueError):
        is_chart = False
    if not is_chart:
        raise SlipwayError(f"there is no chart at {path}", fix="give a path from the project's folder")
