"""What a fleet keeps to itself: the webhook's secret, and the key of the shared installation token."""

import pulumi
import pulumi_aws as aws

from components.runners.args import RunnerFleetArgs
from components.state.encryption_key import EncryptionKey, EncryptionKeyArgs

_RECOVERY_DAYS = 7  # the least that Secrets Manager waits before a secret is gone (DeleteSecret)


def declare_webhook_secret(
    name: str, args: RunnerFleetArgs, child: pulumi.ResourceOptions
) -> aws.secretsmanager.Secret:
    """The secret without a value: `slipway runners app create` puts it, so that it is in no state file.

    Where nothing is protected it goes at once, since its name is not free again before the window ends.
    """
    return aws.secretsmanager.Secret(
        f"{name}-webhook-secret",
        name=args.names.webhook_secret,
        description=f"What GitHub signs the webhooks of runner fleet {args.fleet} with",
        recovery_window_in_days=_RECOVERY_DAYS if args.protect_table else 0,
        opts=child,
    )


def declare_token_key(name: str, args: RunnerFleetArgs, child: pulumi.ResourceOptions) -> EncryptionKey:
    """The key that the planner and `claim` seal GitHub's installation token with; nobody else may use it."""
    names = args.names
    return EncryptionKey(
        f"{name}-token-key",
        EncryptionKeyArgs(
            alias=names.token_key,
            description=f"GitHub installation token of runner fleet {args.fleet}",
            account=args.account,
            users=(names.function_role_arn("planner"), names.function_role_arn("claim")),
        ),
        opts=child,
    )
