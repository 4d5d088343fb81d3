"""moto makes no security group with a cluster; EKS makes one, which the API server and managed nodes carry.

It lets its own members in and everything out, and goes with the cluster.
https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import uuid
from typing import Any


def patch(backend: Any) -> None:
    """Give `EKSBackend` its clusters' groups."""
    create, delete = backend.create_cluster, backend.delete_cluster

    def create_cluster(held: Any, name: str, role_arn: str, resources_vpc_config: Any, **given: Any) -> Any:
        cluster = create(held, name, role_arn, resources_vpc_config, **given)
        subnets = resources_vpc_config.get("subnetIds")
        if not subnets:  # which moto lets be, and EKS does not
            return cluster
        from moto.ec2.models import ec2_backends

        ec2 = ec2_backends[held.account_id][held.region_name]
        vpc = ec2.get_subnet(subnets[0]).vpc_id
        group = ec2.create_security_group(
            f"eks-cluster-sg-{name}-{uuid.uuid4().hex[:8]}", f"EKS created security group of {name}", vpc
        )
        own = [{"GroupId": group.id}]
        ec2.authorize_security_group_ingress(group.id, "-1", "", "", [], source_groups=own)
        cluster.resources_vpc_config = {
            **cluster.resources_vpc_config,
            "vpcId": vpc,
            "clusterSecurityGroupId": group.id,
        }
        return cluster

    def delete_cluster(held: Any, name: str) -> Any:
        cluster = delete(held, name)
        from moto.ec2.models import ec2_backends

        group = cluster.resources_vpc_config.get("clusterSecurityGroupId")
        ec2 = ec2_backends[held.account_id][held.region_name]
        for groups in ec2.groups.values():
            groups.pop(group, None)
        return cluster

    backend.create_cluster, backend.delete_cluster = create_cluster, delete_cluster
