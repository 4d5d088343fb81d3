"""What the providers raise. An engine in the same process catches these; a plugin translates them."""

from collections.abc import Mapping

from pulumi.provider.experimental.property_value import PropertyValue

from slipway.errors import SlipwayError


class ProviderError(SlipwayError):
    """A service of the embedded cloud refused, or a provider cannot do what it was asked for."""


class FenceError(ProviderError):
    """An endpoint is not one of the embedded cloud's. Raised before any connection is made."""


class UnknownTypeError(ProviderError):
    """A resource type or function that the embedded cloud does not have."""


class InitFailed(ProviderError):
    """The object exists (`id`), but something that had to follow its creation or update failed.

    An engine must record `id` and `properties` (what exists, as far as it could be read) before it reports
    `reasons`, and update the resource the next time. Pulumi's own protocol calls it ErrorResourceInitFailed.
    """

    def __init__(
        self, id_: str, properties: Mapping[str, PropertyValue], reasons: list[str], where: str
    ) -> None:
        super().__init__("; ".join(reasons), where=where)
        self.id = id_
        self.properties = dict(properties)
        self.reasons = reasons
