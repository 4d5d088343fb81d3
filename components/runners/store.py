"""The fleet's memory: one table, and the item in it that tells the functions what the fleet is."""

import json

import pulumi
import pulumi_aws as aws

from components.runners.args import RunnerClassArgs, RunnerFleetArgs


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
        "app_id": args.app_id,
        "installation_id": args.installation_id,
        "minimum_runner_version": args.minimum_runner_version,
        "classes": {one.name: _class(args, one, runner_groups[one.name]) for one in args.classes},
    }


def _class(args: RunnerFleetArgs, one: RunnerClassArgs, runner_group: int) -> dict[str, object]:
    image = one.image
    return {
        "group": args.names.group(one.name),
        "runner_group_id": runner_group,
        "labels": list(one.labels),
        "repositories": sorted(one.repositories),
        "minimum": one.minimum,
        "maximum": one.maximum,
        "spares": one.spares,
        "public": one.public,
        "forks": one.forks,
        "capacity": one.capacity,
        "rerun_interrupted": one.rerun_interrupted,
        "max_minutes": one.max_minutes,
        "idle_minutes": one.idle_minutes,
        "boot_minutes": one.boot_minutes,
        "cicd": one.cicd_role_arn is not None,
        "role": args.names.instance_role(one.name),
        "log_group": args.names.boot_logs(one.name),
        "image": {
            "id": image.id,
            "created": f"{image.created}T00:00:00Z",
            "runner_version": image.runner_version,
        }
        if image
        else None,
    }
