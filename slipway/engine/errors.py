"""What an engine could not do, as against a mistake in what it was given."""

from slipway.errors import ServiceError


class EngineError(ServiceError):
    """Pulumi's command, or the embedded engine in its place, refused or failed; `code` is its exit status."""

    def __init__(self, what: str, *, code: str = "", where: str = "", fix: str = "") -> None:
        super().__init__(what, service="Pulumi", code=code, where=where, fix=fix)
