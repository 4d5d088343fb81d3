"""Who may assume the cluster's own two roles, and which AWS policies they have."""

from typing import Any

SERVICE_POLICIES = ("AmazonEKSClusterPolicy",)
NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly")
"""What a node needs (EKS User Guide, "Amazon EKS node IAM role"): join, give pods addresses, pull images."""


def managed_policy_arn(policy: str) -> str:
    """ARN of one of AWS's own policies."""
    return f"arn:aws:iam::aws:policy/{policy}"


def service_trust(account: str, region: str, cluster: str) -> dict[str, Any]:
    """EKS, for this one cluster (EKS User Guide, "Cross-service confused deputy prevention")."""
    statement = _trust("Cluster", "eks.amazonaws.com")
    source = f"arn:aws:eks:{region}:{account}:cluster/{cluster}"
    statement["Condition"] = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnEquals": {"aws:SourceArn": source},
    }
    return _document(statement)


def node_trust() -> dict[str, Any]:
    """EC2, for the instances of this account."""
    return _document(_trust("Nodes", "ec2.amazonaws.com"))


def _trust(sid: str, service: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}


def _document(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}
