"""The fleet's memory: one table, and the item in it that tells the functions what the fleet is."""

import json

import pulumi
import pulumi_aws as aws

from components.runners.args import RunnerFleetArgs
from slipway.platform.runner_classes import RunnerClassSettings


def declare_table(name: str, args: RunnerFleetArgs, child: pulumi.ResourceOptions) -> aws.dynamodb.Table:
    """The table. Its indexes are sparse: an item is in one only while it has the index's attribute.

    Encrypted with the account's own AWS managed key rather than DynamoDB's, so that its use is on record
    (DynamoDB Developer Guide, "Encryption at rest"); the shared token is sealed under a key of its own.
    """
    attributes = {"pk": "S", "waiting": "S", "queued_at": "N", "open": "S", "live": "S"}
    return aws.dynamodb.Table(
        f"{name}-table",
        name=args.names.table,
        billing_mode="PAY_PER_REQUEST",
        hash_key="pk",
        attributes=[aws.dynamodb.TableAttributeArgs(name=key, type=kind) for key, kind in attributes.items()],
        global_secondary_indexes=[
            _index("waiting", "queued_at"),
            _index("open"),
            _index("live"),
        ],
        ttl=aws.dynamodb.TableTtlArgs(attribute_name="expires_at", enabled=True),
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
        server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True),
        deletion_protection_enabled=args.protect_table,
        opts=child,
    )


def _index(name: str, order: str = "") -> aws.dynamodb.TableGlobalSecondaryIndexArgsDict:
    index: aws.dynamodb.TableGlobalSecondaryIndexArgsDict = {
        "name": name,
        "hash_key": name,
        "projection_type": "ALL",
    }
    if order:
        index["range_key"] = order
    return index


def declare_settings(
    name: str,
    args: RunnerFleetArgs,
    table: aws.dynamodb.Table,
    runner_groups: dict[str, pulumi.Output[str]],
    child: pulumi.ResourceOptions,
) -> aws.dynamodb.TableItem:
    """The item `config`, once GitHub has given each class's runner group (by class) its number."""
    item = pulumi.Output.all(**runner_groups).apply(
        lambda known: json.dumps(
            {
                "pk": {"S": "config"},
                "body": {"S": json.dumps(settings(args, {key: int(id_) for key, id_ in known.items()}))},
            }
        )
    )
    return aws.dynamodb.TableItem(
        f"{name}-settings", table_name=table.name, hash_key="pk", item=item, opts=child
    )


def settings(args: RunnerFleetArgs, runner_groups: dict[str, int]) -> dict[str, object]:
    """What the functions are told; `runner_groups` are GitHub's numbers of the groups, by class."""
    return {
        "fleet": args.fleet,
        "organization": args.organization,
        "app_id": args.runners.app_id,
        "installation_id": args.runners.installation_id,
        "minimum_runner_version": args.minimum_runner_version,
        "classes": {
            name: _class(args, name, runner_class, runner_groups[name])
            for name, runner_class in args.classes.items()
        },
    }


def _class(
    args: RunnerFleetArgs, name: str, runner_class: RunnerClassSettings, runner_group: int
) -> dict[str, object]:
    image = runner_class.image
    return {
        "group": args.names.group(name),
        "runner_group_id": runner_group,
        "labels": list(runner_class.labels),
        "repositories": sorted(runner_class.repositories),
        "minimum": runner_class.minimum,
        "maximum": runner_class.maximum,
        "spares": runner_class.spares,
        "public": runner_class.public,
        "forks": runner_class.forks,
        "capacity": runner_class.capacity,
        "rerun_interrupted": runner_class.rerun_interrupted,
        "max_minutes": runner_class.max_minutes,
        "idle_minutes": runner_class.idle_minutes,
        "boot_minutes": runner_class.boot_minutes,
        "cicd": runner_class.cicd,
        "role": args.names.instance_role(name),
        "log_group": args.names.boot_logs(name),
        "image": {
            "id": image.id,
            "created": f"{image.built}T00:00:00Z",
            "runner_version": image.runner_version,
        }
        if image
        else None,
    }
