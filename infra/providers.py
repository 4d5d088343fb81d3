"""The providers of a stack: a real cloud with the caller's credentials, or the embedded one with none.

The fence between the two stands here. A stack whose cloud is a stand-in runs on loopback endpoints with dummy
keys or not at all, and no other stack can be pointed at one.
"""

from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_github as github
import pulumi_kubernetes as kubernetes

from components.cluster.ground import kubeconfig, kubeconfig_with_token
from slipway.access.fleet_profile import PROFILE, profile_file
from slipway.errors import SlipwayError
from slipway.platform.loopback import is_loopback
from slipway.platform.settings import Settings
from slipway.platform.standing_cluster import FoundCluster
from slipway.private_folder import rehearsed

_SERVICES = (
    *("cloudwatch", "ec2", "ecr", "eks", "iam", "kms", "logs", "s3", "secretsmanager", "ssm", "sts"),
    *("autoscaling", "dynamodb", "lambda_", "sqs", "events", "scheduler", "apigatewayv2"),
)


def require_fence(settings: Settings, folder: Path) -> None:
    """Refuse a stack of a stand-in's on anything but loopback, and every other stack on a stand-in.

    Args:
        settings: of the stack.
        folder: where the program runs: in a rehearsal's copy alone does a real stack run on a stand-in.

    Raises:
        SlipwayError: before a provider exists.
    """
    endpoints = settings.endpoints
    if settings.on_stand_in:
        if endpoints is None:
            raise SlipwayError(
                f"the stack '{settings.stack}' runs on a stand-in only, and none was named",
                where="slipway:endpoints",
                fix=f"use `slipway up {settings.stack}`, which names the embedded cloud",
            )
    elif endpoints is not None and rehearsed(folder) is None:
        raise SlipwayError(
            f"the stack '{settings.stack}' is a real one and cannot run on stand-ins",
            where=f"slipway:endpoints in Pulumi.{settings.stack}.yaml",
            fix="remove the key; rehearse on the stack 'local'",
        )
    for name in ("aws", "github", "kubernetes") if endpoints else ():
        _require_loopback(settings.stack, name, getattr(endpoints, name))


def _require_loopback(stack: str, name: str, url: str) -> None:
    if not is_loopback(url):
        raise SlipwayError(
            f"the endpoint of '{name}' is not on this machine: {url}",
            where="slipway:endpoints",
            fix=f"the stack '{stack}' accepts loopback addresses only",
        )


def aws_provider(settings: Settings) -> aws.Provider:
    """Provider for the stack's account and region; it refuses to work in any other account."""
    tags = aws.ProviderDefaultTagsArgs(
        tags={"slipway:stack": settings.stack.value, "slipway:managed": "pulumi"}
    )
    if settings.endpoints is None:
        return aws.Provider(
            "aws",
            region=settings.platform.region,
            allowed_account_ids=[settings.account],
            default_tags=tags,
        )
    # In a rehearsal the stand-in plays the stack's own account; `local` has the one that it always plays.
    account = "" if settings.on_stand_in else settings.account
    return _stand_in("aws", settings.endpoints.aws, settings.platform.region, account, tags)


def fleet_provider(settings: Settings, region: str) -> aws.Provider:
    """Provider for the account of the fleet, as the role that this stack becomes there.

    Args:
        region: of the fleet's network.
    """
    account = settings.organization.accounts.automation
    if settings.endpoints is not None:
        return _stand_in("fleet", settings.endpoints.aws, region, account, None)
    return aws.Provider(
        "fleet",
        region=region,
        allowed_account_ids=[account],
        profile=PROFILE,
        shared_config_files=[profile_file(settings)],
        # pulumi-aws's own check, before the provider's, does not read `sharedConfigFiles`, and would find no
        # such profile. The provider itself still asks STS which account it is in.
        skip_credentials_validation=True,
    )


def _stand_in(
    name: str, url: str, region: str, account: str, tags: aws.ProviderDefaultTagsArgs | None
) -> aws.Provider:
    return aws.Provider(
        name,
        region=region,
        allowed_account_ids=[account] if account else None,
        access_key="stand-in",
        secret_key="stand-in",  # noqa: S106 - the embedded cloud checks none, and no real one must be used
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_requesting_account_id=True,
        s3_use_path_style=True,
        endpoints=[aws.ProviderEndpointArgs(**dict.fromkeys(_SERVICES, url))],
        default_tags=tags,
    )


def github_provider(settings: Settings) -> github.Provider:
    """Provider for the organisation. On a real stack its credential comes from the job's environment."""
    organization = settings.organization.github.organization
    if settings.endpoints is None:
        return github.Provider("github", owner=organization)
    return github.Provider(
        "github",
        owner=organization,
        base_url=settings.endpoints.github,
        token="stand-in",  # noqa: S106 - the stand-in's only token
        write_delay_ms=0,
    )


def standing_kubeconfig(settings: Settings, found: FoundCluster) -> str:
    """How to call a cluster that somebody else made; a stand-in shows no certificate and takes any token."""
    if settings.endpoints is not None:
        return kubeconfig_with_token(found.endpoint, "stand-in")
    return kubeconfig(found.name, settings.platform.region, found.endpoint, found.authority)


def kubernetes_provider(config: pulumi.Input[str]) -> kubernetes.Provider:
    """Provider for the stack's own cluster, never for whatever the ambient kubeconfig names."""
    return kubernetes.Provider(
        "kubernetes",
        kubeconfig=config,
        # Otherwise a changed Secret or ConfigMap is deleted and made again, and pods that start then fail.
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
    )
