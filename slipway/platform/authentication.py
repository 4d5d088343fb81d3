"""How a cluster tells who is calling: by the aws-auth ConfigMap, by EKS access entries, or by both."""

from enum import StrEnum


class AuthenticationMode(StrEnum):
    """The modes in the only order in which a cluster can go through them.

    EKS refuses every step back (AWS re:Post, "How do I troubleshoot issues with access entries").
    """

    CONFIG_MAP = "CONFIG_MAP"
    API_AND_CONFIG_MAP = "API_AND_CONFIG_MAP"
    API = "API"

    @property
    def has_config_map(self) -> bool:
        """Whether aws-auth is read."""
        return self is not AuthenticationMode.API

    @property
    def has_entries(self) -> bool:
        """Whether access entries are read."""
        return self is not AuthenticationMode.CONFIG_MAP

    @property
    def step(self) -> int:
        """Its place in the order, from 0."""
        return list(AuthenticationMode).index(self)
