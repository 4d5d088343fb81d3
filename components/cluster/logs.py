"""The log group of a cluster's control plane, which EKS may have made before us."""

import pulumi
import pulumi_aws as aws

from slipway.platform import naming

LOG_DAYS = 90


def control_plane_logs(
    name: str, cluster: str, *, remade: bool, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.LogGroup:
    """Declare the group, before the cluster: EKS would make it itself, to be kept for ever.

    EKS still writes what it has of a cluster after deleting it, and makes the group again where that one is
    gone, so that the next cluster of the name meets it. Such a group is taken over as it is; only the apply
    after that one gives it our days and tags, because an import must not change anything
    (https://www.pulumi.com/docs/iac/guides/migration/import/).

    Args:
        name: what its logical name begins with.
        cluster: the cluster's name.
        remade: whether the group is there without a cluster of ours.
        opts: its options.
    """
    physical = naming.cluster_log_group(cluster)
    taken = pulumi.ResourceOptions(
        import_=physical if remade else None,
        ignore_changes=["retentionInDays", "tags", "tagsAll"] if remade else None,
    )
    return aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=physical,
        retention_in_days=LOG_DAYS,
        opts=pulumi.ResourceOptions.merge(opts, taken),
    )
