"""Why a job waits: a closed list, one reason per job, so that nobody has to guess."""

from enum import StrEnum


class Reason(StrEnum):
    """The one thing that holds a job up, or what became of it."""

    NO_CLASS = "no_class_matches_labels"
    REPOSITORY = "repository_not_allowed"
    PUBLIC = "public_repository"
    FORK = "fork_pull_request"
    NOT_HANDED = "not_handed_out"
    ORIGIN = "origin_unknown"
    MAXIMUM = "at_maximum"
    NO_CAPACITY = "no_capacity"
    STARTING = "starting"
    CLAIMABLE = "claimable"
    NO_IMAGE = "no_image"
    RATE_LIMITED = "github_rate_limited"
    GITHUB = "github_unavailable"
    APPROVAL = "waiting_for_approval"
    RUNNING = "running"
    COMPLETED = "completed"
    UNKNOWN = "unknown_job"


REFUSALS = (Reason.NO_CLASS, Reason.REPOSITORY, Reason.PUBLIC, Reason.FORK)
"""Reasons for which a job gets no runner at all until the fleet's settings change."""
