"""What runs in a cluster needs of it, whoever made it."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True, kw_only=True)
class ClusterGround:
    """A cluster, how it is called, and what it runs as."""

    name: str
    kubeconfig: pulumi.Input[str]
    """JSON, without any credential."""
    security_group_id: pulumi.Input[str]
    """EKS's own group, which the API server carries."""
    node_role_arn: str | None
    """None where somebody else made the cluster: its nodes are not this program's."""
    made: tuple[pulumi.Resource, ...] = ()
    """What this program makes of it."""


def kubeconfig(name: str, region: str, endpoint: str, authority: str) -> str:
    """How to call a cluster that somebody else made, as pulumi-eks says it of its own: by `aws eks`.

    Args:
        name: the cluster's.
        region: it is in.
        endpoint: the address of its API server.
        authority: the certificate that this one shows, in Base64.
    """
    token = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    login = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": token}
    return _kubeconfig({"server": endpoint, "certificate-authority-data": authority}, {"exec": login})


def kubeconfig_with_token(endpoint: str, token: str) -> str:
    """The same for a server that takes a token and shows no certificate."""
    return _kubeconfig({"server": endpoint}, {"token": token})


def _kubeconfig(cluster: dict[str, Any], user: dict[str, Any]) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "kubernetes", "cluster": cluster}],
            "users": [{"name": "aws", "user": user}],
            "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
            "current-context": "aws",
        }
    )
