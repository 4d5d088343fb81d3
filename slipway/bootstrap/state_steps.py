"""The state key and the state bucket, in the order in which they can be made."""

import json
from collections.abc import Callable
from typing import Any

from slipway.access.state_documents import state_key_description
from slipway.aws import ClientError, error_code
from slipway.bootstrap import documents
from slipway.bootstrap.clients import Clients
from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.steps import Action, Finding, NotOwnedError, Step, require_own, tag_list, tag_map
from slipway.errors import SlipwayError

_ABSENT = frozenset(
    {
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "OwnershipControlsNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)


class StateKey:
    """The key, by its alias, or by its marks where a run was cut short before the alias."""

    def __init__(self, plan: BootstrapPlan, clients: Clients) -> None:
        self._plan = plan
        self._kms = clients.kms
        self._arn: str | None = None

    @property
    def arn(self) -> str:
        """The key's ARN, once the key was found or made."""
        if self._arn is None:
            raise SlipwayError("the state key was not made yet", where=self._plan.key_alias)
        return self._arn

    def steps(self) -> list[Step]:
        """Key, policy, rotation, alias."""
        name = f"key {self._plan.key_alias}"
        return [
            Step(id="key", title=f"KMS {name}", look=self._look, make=self._make),
            Step(
                id="key.policy",
                title=f"policy of {name}",
                look=self._look_policy,
                make=lambda _: self._put_policy(),
            ),
            Step(
                id="key.rotation",
                title=f"yearly rotation of {name}",
                look=self._look_rotation,
                make=lambda _: self._kms.enable_key_rotation(KeyId=self.arn),
            ),
            Step(
                id="key.alias",
                title=f"alias {self._plan.key_alias.removeprefix('alias/')}",
                look=self._look_alias,
                make=lambda _: self._kms.create_alias(AliasName=self._plan.key_alias, TargetKeyId=self.arn),
            ),
        ]

    def seal_new_secrets_key(self) -> bytes:
        """A data key for Pulumi's secrets, sealed with the state key; nobody has seen it open.

        Pulumi keeps 32 random bytes encrypted by the provider's key (pkg/secrets/cloud/manager.go, v3.259),
        and AWS's driver opens them with a plain Decrypt.
        """
        answer: dict[str, Any] = self._kms.generate_data_key_without_plaintext(
            KeyId=self.arn, NumberOfBytes=32
        )
        return bytes(answer["CiphertextBlob"])

    def _described(self, key_id: str) -> dict[str, Any] | None:
        try:
            return self._kms.describe_key(KeyId=key_id)["KeyMetadata"]
        except ClientError as error:
            if error_code(error) == "NotFoundException":
                return None
            raise

    def _look(self) -> Finding:
        key = self._described(self._plan.key_alias)
        if key is None:
            key = self._unfinished()
        elif key["KeyState"] != "Enabled":
            raise NotOwnedError(
                f"the state key is there and is {key['KeyState']}",
                where=str(key["Arn"]),
                fix="cancel its deletion and enable it (aws kms cancel-key-deletion, aws kms enable-key)",
            )
        else:
            require_own(self._plan, self._tags(str(key["Arn"])), f"KMS alias {self._plan.key_alias}")
        declared = self._plan.key_arn
        if declared and (key is None or key["Arn"] != declared):
            raise NotOwnedError(
                f"the stack file names another key than the one there: {key['Arn'] if key else 'none'}",
                where=f"slipway:platform.state_key in Pulumi.{self._plan.stack}.yaml: {declared}",
                fix="state sealed with a lost key is lost; if the stack has no state yet, remove the line",
            )
        if key is None:
            return Finding(Action.CREATE)
        self._arn = str(key["Arn"])
        return Finding(Action.KEEP)

    def _unfinished(self) -> dict[str, Any] | None:
        """The key of a run that was cut short between making the key and naming it."""
        for page in self._kms.get_paginator("list_keys").paginate():
            for listed in page["Keys"]:
                arn = str(listed["KeyArn"])
                if self._plan.tags.items() <= self._tags(arn).items():
                    key = self._described(arn)
                    if key is not None and key["KeyState"] == "Enabled":
                        return key
        return None

    def _tags(self, arn: str) -> dict[str, str]:
        try:
            pages = self._kms.get_paginator("list_resource_tags").paginate(KeyId=arn)
            listed = [tag for page in pages for tag in page.get("Tags", [])]
        except ClientError as error:
            if error_code(error) == "AccessDeniedException":
                # Another's key may hide from administrators; bootstrap's own never does.
                return {}
            raise
        return tag_map(listed, "TagKey", "TagValue")

    def _make(self, _: Finding) -> None:
        answer = self._kms.create_key(
            Description=state_key_description(self._plan.stack),
            Policy=json.dumps(documents.key_policy(self._plan)),
            Tags=tag_list(self._plan.tags, "TagKey", "TagValue"),
        )
        self._arn = str(answer["KeyMetadata"]["Arn"])

    def _look_policy(self) -> Finding:
        if self._arn is None:
            return Finding(Action.CREATE)
        present = json.loads(self._kms.get_key_policy(KeyId=self._arn, PolicyName="default")["Policy"])
        return Finding(Action.KEEP if present == documents.key_policy(self._plan) else Action.UPDATE)

    def _put_policy(self) -> None:
        policy = json.dumps(documents.key_policy(self._plan))
        self._kms.put_key_policy(KeyId=self.arn, PolicyName="default", Policy=policy)

    def _look_rotation(self) -> Finding:
        if self._arn is None:
            return Finding(Action.CREATE)
        on: bool = self._kms.get_key_rotation_status(KeyId=self._arn)["KeyRotationEnabled"]
        return Finding(Action.KEEP if on else Action.UPDATE)

    def _look_alias(self) -> Finding:
        key = self._described(self._plan.key_alias)
        return Finding(Action.CREATE if key is None else Action.KEEP)


class StateBucket:
    """The bucket. One account has one, whichever of its stacks came first."""

    def __init__(self, plan: BootstrapPlan, clients: Clients, key: StateKey) -> None:
        self._plan = plan
        self._s3 = clients.s3
        self._key = key
        # Every call says whose bucket it means, so that none can hit a stranger's of the same name.
        self._named = {"Bucket": plan.bucket, "ExpectedBucketOwner": plan.account}
        self._shared = False

    def steps(self) -> list[Step]:
        """The bucket, its settings, and its policy last."""
        bucket = Step(
            id="bucket", title=f"S3 bucket {self._plan.bucket}", look=self._look, make=lambda _: self._make()
        )
        policy = json.dumps(documents.bucket_policy(self._plan))
        return [
            bucket,
            self._setting("ownership", "no ACLs", self._ownership, self._put_ownership),
            self._setting("public-access", "no public access", self._public_access, self._put_public_access),
            self._setting("versioning", "every version kept", self._versioning, self._put_versioning),
            self._setting(
                "encryption", f"sealed with {self._plan.key_alias}", self._encryption, self._put_encryption
            ),
            self._setting(
                "lifecycle",
                f"old versions go after {documents.NONCURRENT_DAYS} days",
                self._lifecycle,
                self._put_lifecycle,
            ),
            self._setting(
                "policy",
                "TLS only; jobs change nothing",
                self._policy,
                lambda: self._s3.put_bucket_policy(**self._named, Policy=policy),
            ),
        ]

    def _setting(self, id_: str, title: str, right: Callable[[], bool], put: Callable[[], object]) -> Step:
        def look() -> Finding:
            try:
                return Finding(Action.KEEP if right() else Action.UPDATE)
            except ClientError as error:
                if error_code(error) in _ABSENT:
                    return Finding(Action.CREATE)
                raise

        def make(_: Finding) -> None:
            put()

        return Step(id=f"bucket.{id_}", title=f"{self._plan.bucket}: {title}", look=look, make=make)

    def _look(self) -> Finding:
        try:
            self._s3.head_bucket(**self._named)
        except ClientError as error:
            if error_code(error) in {"404", "NoSuchBucket"}:
                return Finding(Action.CREATE)
            if error_code(error) in {"403", "AccessDenied"}:
                raise self._strange(error) from error
            raise
        self._shared = require_own(self._plan, self._tags(), f"bucket {self._plan.bucket}", account_wide=True)
        return (
            Finding(Action.ADOPT, "made for another stack of this account")
            if self._shared
            else Finding(Action.KEEP)
        )

    def _strange(self, error: ClientError) -> NotOwnedError:
        return NotOwnedError(
            f"bucket {self._plan.bucket} is there and cannot be looked at ({error_code(error)}): "
            "it is in another account, or you lack s3:ListBucket on it",
            where=f"account {self._plan.account}",
            fix=f"compare your rights with `slipway bootstrap {self._plan.stack} --print-policy`",
        )

    def _tags(self) -> dict[str, str]:
        try:
            return tag_map(self._s3.get_bucket_tagging(**self._named)["TagSet"])
        except ClientError as error:
            if error_code(error) == "NoSuchTagSet":
                return {}
            raise

    def _make(self) -> None:
        # The marks come with the bucket: an unmarked one could not be told from a stranger's.
        configuration: dict[str, Any] = {"Tags": tag_list(self._plan.tags)}
        if self._plan.region != "us-east-1":
            # S3 API Reference, CreateBucket: us-east-1 is the default and is refused as a constraint.
            configuration["LocationConstraint"] = self._plan.region
        try:
            self._s3.create_bucket(Bucket=self._plan.bucket, CreateBucketConfiguration=configuration)
        except ClientError as error:
            if error_code(error) == "BucketAlreadyExists":
                raise self._strange(error) from error
            # Its answer was lost and botocore sent it again: the look afterwards tells whose it is.
            if error_code(error) != "BucketAlreadyOwnedByYou":
                raise

    def _ownership(self) -> bool:
        present = self._s3.get_bucket_ownership_controls(**self._named)
        return present["OwnershipControls"]["Rules"] == documents.OWNERSHIP

    def _put_ownership(self) -> None:
        self._s3.put_bucket_ownership_controls(
            **self._named, OwnershipControls={"Rules": documents.OWNERSHIP}
        )

    def _public_access(self) -> bool:
        present = self._s3.get_public_access_block(**self._named)
        return present["PublicAccessBlockConfiguration"] == documents.PUBLIC_ACCESS

    def _put_public_access(self) -> None:
        self._s3.put_public_access_block(
            **self._named, PublicAccessBlockConfiguration=documents.PUBLIC_ACCESS
        )

    def _versioning(self) -> bool:
        return self._s3.get_bucket_versioning(**self._named).get("Status") == "Enabled"

    def _put_versioning(self) -> None:
        self._s3.put_bucket_versioning(**self._named, VersioningConfiguration={"Status": "Enabled"})

    def _encryption(self) -> bool:
        rules = self._s3.get_bucket_encryption(**self._named)["ServerSideEncryptionConfiguration"]["Rules"]
        default = rules[0]["ApplyServerSideEncryptionByDefault"]
        if default["SSEAlgorithm"] != "aws:kms" or rules[0].get("BucketKeyEnabled") is not True:
            return False
        # A shared bucket stays sealed with the key of the stack that made it.
        return self._shared or default.get("KMSMasterKeyID") == self._key.arn

    def _put_encryption(self) -> None:
        rules = documents.encryption_rules(self._key.arn)
        self._s3.put_bucket_encryption(**self._named, ServerSideEncryptionConfiguration={"Rules": rules})

    def _lifecycle(self) -> bool:
        present = self._s3.get_bucket_lifecycle_configuration(**self._named)
        return present["Rules"] == documents.lifecycle_rules()

    def _put_lifecycle(self) -> None:
        rules = {"Rules": documents.lifecycle_rules()}
        self._s3.put_bucket_lifecycle_configuration(**self._named, LifecycleConfiguration=rules)

    def _policy(self) -> bool:
        present = json.loads(self._s3.get_bucket_policy(**self._named)["Policy"])
        return present == documents.bucket_policy(self._plan)
