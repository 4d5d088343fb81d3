"""A cluster's managed node groups, whose size is an autoscaler's as soon as they are there."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from slipway.platform.cluster import NODE_GROUP_LABEL, ClusterSettings, NodeCount


def node_groups(
    name: str,
    settings: ClusterSettings,
    standing: Mapping[str, NodeCount],
    *,
    role_arn: pulumi.Input[str],
    subnet_ids: pulumi.Input[Sequence[str]],
    opts: pulumi.ResourceOptions,
) -> list[aws.eks.NodeGroup]:
    """Declare the groups.

    Args:
        name: what their logical names begin with.
        settings: the cluster's.
        standing: the groups that there are already, by their names in the settings.
        role_arn: the role that the nodes run as.
        subnet_ids: where they run.
        opts: of each of them.
    """
    groups: list[aws.eks.NodeGroup] = []
    for key, group in settings.node_groups.items():
        held = standing.get(key)
        count = group.count(held)
        # The autoscaler moves it all day, which is no change of ours. With the bounds it is sent all the
        # same, whatever is ignored: then it is the number that there is now, and shown.
        ignored = [] if group.moves(held) else ["scalingConfig.desiredSize"]
        # No physical name: a change of types or disk replaces a group, the new one before the old.
        groups.append(
            aws.eks.NodeGroup(
                f"{name}-{key}",
                cluster_name=settings.name,
                node_role_arn=role_arn,
                subnet_ids=subnet_ids,
                version=settings.version,
                ami_type=group.ami_type,
                instance_types=list(group.instance_types),
                capacity_type=group.capacity,
                disk_size=group.disk_gib,
                scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                    min_size=count.minimum, max_size=count.maximum, desired_size=count.desired
                ),
                update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable_percentage=33),
                labels={NODE_GROUP_LABEL: key},
                opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=ignored)),
            )
        )
    return groups
