"""Which keys seal Pulumi's state: a stack's own its secrets, and the bucket's every object in it."""

from slipway.platform import naming
from slipway.platform.settings import Settings
from slipway.platform.stack import Stack


def owns_bucket(settings: Settings) -> bool:
    """Whether the account's state bucket is this stack's, which bootstrap made it for first."""
    return _bucket_owner(settings) is settings.stack


def stack_key(settings: Settings) -> str:
    """ARN of the stack's key, or of its alias while nobody has made the key."""
    return settings.platform.state_key or _alias(settings, settings.stack)


def bucket_key(settings: Settings) -> str:
    """The same of the key that the account's state bucket seals with by default.

    S3 uses it as whoever puts or gets an object (S3 User Guide, UsingKMSEncryption, "Permissions"). Of
    another stack's key only the alias is known here.
    """
    owner = _bucket_owner(settings)
    return stack_key(settings) if owner is settings.stack else _alias(settings, owner)


def _alias(settings: Settings, stack: Stack) -> str:
    return naming.alias_arn(settings.account, settings.platform.region, naming.state_key_alias(stack))


def _bucket_owner(settings: Settings) -> Stack:
    """Of the stacks that share an account, the first; the embedded cloud's has an account of its own."""
    if settings.on_stand_in:
        return settings.stack
    return settings.organization.accounts.stacks_in(settings.account)[0]
