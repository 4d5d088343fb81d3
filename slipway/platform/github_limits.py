"""How long a text may be that GitHub takes."""

from typing import Final

MAX_COMMENT: Final = 65_536
"""Characters of a comment, an issue or a check run's summary; GitHub refuses more with a 422."""

MAX_JOB_SUMMARY: Final = 1_048_576
"""Bytes of what a step writes to GITHUB_STEP_SUMMARY; of more, nothing is shown.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""
