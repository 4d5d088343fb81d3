"""An ECR repository in which a tag, once pushed, keeps its meaning, and what was released stays."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.registry.lifecycle import MOVING_TAGS, RELEASED, lifecycle_policy, preview_lifecycle_policy
from components.registry.pull_policy import pull_policy
from slipway.errors import SlipwayError
from slipway.platform import aws_names
from slipway.platform.registry import RegistrySettings

_NAME = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
_PATTERN = re.compile(r"[0-9A-Za-z._*-]{1,128}")
_MOST_WILDCARDS = 4  # Amazon ECR User Guide, lifecycle_policy_parameters
_NAME_LENGTHS = range(2, 257)  # ECR API Reference, CreateRepository


@dataclass(frozen=True, kw_only=True)
class ImageRepositoryArgs:
    """A repository of one image. `name` is without the registry's host, such as `skill-pool/server`."""

    name: str
    account: str
    region: str
    key_arn: pulumi.Input[str]
    """The KMS key that encrypts the layers; changing it makes a new repository."""
    pull_accounts: tuple[str, ...] = ()
    """Workload accounts whose clusters run these images."""
    preview: bool = False
    """For images of pull requests, which are never promoted: no tag moves, and everything expires."""
    released: str = RELEASED
    """Pattern of the tags that are released versions; `*` for charts, whose every tag is one."""
    retention: RegistrySettings = field(default_factory=RegistrySettings)
    protect: bool = False
    """Whether Pulumi refuses to delete it."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for a name that ECR would refuse, or one that mixes previews with the rest."""
        where = f"image repository {self.name}"
        if not _NAME.fullmatch(self.name) or len(self.name) not in _NAME_LENGTHS:
            raise SlipwayError(
                f"{self.name!r} cannot be an ECR repository's name",
                where=where,
                fix="use a-z 0-9, single . _ - between them, and / between parts",
            )
        aws_names.check_account(self.account, where)
        aws_names.check_region(self.region, where)
        for account in self.pull_accounts:
            aws_names.check_account(account, where)
        if self.preview != ("preview" in self.name.split("/")[:-1]):
            raise SlipwayError(
                f"{self.name!r} is {'' if self.preview else 'not '}for previews, and its name says otherwise",
                where=where,
                fix="call previews <service>/preview/<image>, and nothing else",
            )
        if not _PATTERN.fullmatch(self.released) or self.released.count("*") > _MOST_WILDCARDS:
            raise SlipwayError(
                f"{self.released!r} cannot be a pattern of tags", where=where, fix="give one such as v*"
            )

    def lifecycle(self) -> dict[str, Any]:
        """Which images expire, as an ECR lifecycle policy."""
        if self.preview:
            return preview_lifecycle_policy(days=self.retention.preview_days)
        return lifecycle_policy(
            max_images=self.retention.max_images,
            untagged_days=self.retention.untagged_days,
            released=self.released,
        )


class ImageRepository(pulumi.ComponentResource):
    """The repository; `url` is its full address without a tag."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: ImageRepositoryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:registry:ImageRepository", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        moving = [
            aws.ecr.RepositoryImageTagMutabilityExclusionFilterArgs(filter=tag, filter_type="WILDCARD")
            for tag in sorted(MOVING_TAGS)
        ]
        repository = aws.ecr.Repository(
            f"{name}-repository",
            name=args.name,
            image_tag_mutability="IMMUTABLE" if args.preview else "IMMUTABLE_WITH_EXCLUSION",
            image_tag_mutability_exclusion_filters=None if args.preview else moving,
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=args.key_arn)
            ],
            # Previews are worth nothing after their pull request; all else is emptied by hand first.
            force_delete=args.preview,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle", repository=repository.name, policy=json.dumps(args.lifecycle()), opts=child
        )
        others = sorted(set(args.pull_accounts) - {args.account})
        if others:
            aws.ecr.RepositoryPolicy(
                f"{name}-pull",
                repository=repository.name,
                policy=json.dumps(pull_policy(others)),
                opts=child,
            )
        self.name = repository.name
        self.arn = repository.arn
        self.url = repository.repository_url
        self.register_outputs({"name": self.name, "arn": self.arn, "url": self.url})
