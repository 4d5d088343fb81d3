"""Prints the `image` block of a stack file's runner class, out of what Packer says it built.

`python -m runners.image.block MANIFEST...`, as `make image` does.
"""

import json
import sys
import textwrap
from pathlib import Path
from typing import Any


def block(manifest: str) -> str:
    """YAML to paste below a runner class, with the architecture that it is for.

    Args:
        manifest: JSON of Packer's post-processor `manifest`, of one region.

    Raises:
        ValueError: it is none, or its last run built no image.
    """
    document: dict[str, Any] = json.loads(manifest)
    last: str = document.get("last_run_uuid", "")
    for build in document.get("builds", []):
        _, _, image = str(build.get("artifact_id", "")).partition(":")
        if build.get("packer_run_uuid") == last and image.startswith("ami-"):
            data: dict[str, str] = build["custom_data"]
            return (
                f"# architecture: {data['architecture']}\n"
                "image:\n"
                f"  id: {image}\n"
                f'  built: "{data["built"]}"\n'
                f"  runner_version: {data['runner_version']}\n"
            )
    message = "Packer's manifest names no image"
    raise ValueError(message)


if __name__ == "__main__":
    for path in sys.argv[1:]:
        # As far in as a class has it in a stack file; in a job's summary that is a block of code.
        print(textwrap.indent(block(Path(path).read_text()), " " * 10), end="")
