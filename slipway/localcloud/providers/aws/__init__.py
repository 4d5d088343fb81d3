"""The AWS provider: every type that the platform's components use, on moto's server."""

import json
from collections.abc import Mapping
from typing import Any, cast

from pulumi.provider.experimental.provider import (
    ConfigureRequest,
    ConfigureResponse,
    PropertyDiff,
)

from slipway.aws import BotoCoreError, ClientError
from slipway.localcloud.providers import diffs
from slipway.localcloud.providers.aws import ec2_lookups, eks, eks_access, logs
from slipway.localcloud.providers.aws.cloud import AwsCall, AwsCloud
from slipway.localcloud.providers.base import Function, ResourceProvider
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import Handler
from slipway.localcloud.providers.handlers import handlers_of
from slipway.localcloud.providers.merging import ignored
from slipway.localcloud.providers.values import UNKNOWN, Props, block, plain_map

AwsHandler = Handler[AwsCall]


HANDLERS: Mapping[str, AwsHandler] = handlers_of(__name__, __path__)


def is_gone(code: str) -> bool:
    """Whether an AWS error code means 'no such object' (`InvalidVpcID.NotFound`, `NoSuchEntity` …)."""
    spoken = "NotFound" in code or "NonExistent" in code or code.startswith("NoSuch")
    return spoken or code in ("404", "ParameterNotFound")


class AwsProvider(ResourceProvider[AwsCall]):
    """`pulumi-aws` on loopback. Configured like it: region, accessKey, secretKey, endpoints, defaultTags."""

    package = "aws"

    def __init__(self) -> None:
        self._cloud: AwsCloud | None = None
        self._default_tags: dict[str, str] = {}

    @property
    def handlers(self) -> Mapping[str, AwsHandler]:
        return HANDLERS

    @property
    def functions(self) -> Mapping[str, Function]:
        return {
            "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
            "aws:index/getRegion:getRegion": _region,
            "aws:index/getPartition:getPartition": _partition,
            "aws:ec2/getVpc:getVpc": _vpc,
            "aws:ec2/getRouteTable:getRouteTable": _route_table,
            "aws:ec2/getElasticIp:getElasticIp": _elastic_ip,
            "aws:ssm/getParameter:getParameter": _parameter,
            "aws:eks/getClusters:getClusters": _clusters,
            "aws:eks/getCluster:getCluster": _cluster,
            "aws:eks/getNodeGroups:getNodeGroups": _node_groups,
            "aws:eks/getNodeGroup:getNodeGroup": _node_group,
            "aws:eks/getAccessEntry:getAccessEntry": _access_entry,
            "aws:ec2/getSubnet:getSubnet": _subnet,
            "aws:cloudwatch/getLogGroup:getLogGroup": _log_group,
        }

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Take endpoints and dummy keys from the provider's arguments alone.

        Raises:
            FenceError: an endpoint is missing or not on loopback.
        """
        config = {**_variables(request.variables), **plain_map(request.args)}
        endpoints: dict[str, str] = {}
        for one in _list(_parsed(config.get("endpoints"))):
            endpoints.update({key: str(url) for key, url in one.items() if url})
        tags: Any = _parsed(config.get("defaultTags")) or {}
        self._default_tags = {} if tags is UNKNOWN else dict(block(tags.get("tags")))
        self._cloud = AwsCloud(
            region=str(config.get("region") or "us-east-1"),
            endpoints=endpoints,
            access_key=str(config.get("accessKey") or "test"),
            secret_key=str(config.get("secretKey") or "test"),
            account=next(iter(_accounts(config.get("allowedAccountIds"))), ""),
        )
        return ConfigureResponse(accept_secrets=True, supports_preview=True)

    def cloud(self, urn: str) -> AwsCall:
        if self._cloud is None:
            raise ProviderError("the AWS provider was used before it was configured", where=urn)
        return AwsCall(self._cloud, urn)

    def explain(self, error: Exception) -> tuple[str, bool] | None:
        if isinstance(error, ClientError):
            refused: Any = error  # botocore's stubs leave these attributes untyped
            details = block(refused.response.get("Error"))
            code = str(details.get("Code", ""))
            return f"{refused.operation_name}: {code}: {details.get('Message', '')}", is_gone(code)
        if isinstance(error, BotoCoreError):
            # botocore quotes a whole answer that it cannot read; its first line says enough.
            return f"{type(error).__name__}: {str(error).splitlines()[0]}", False
        return None

    def expected(self, handler: AwsHandler, inputs: Props) -> Props:
        if handler.tagger is None:
            return inputs
        own = inputs.get("tags")
        if own is UNKNOWN:
            return {**inputs, "tagsAll": UNKNOWN}
        return {**inputs, "tagsAll": {**self._default_tags, **(own or {})}}

    def observed(self, handler: AwsHandler, found: Props, inputs: Props) -> Props:
        if handler.tagger is None or "tagsAll" not in found:
            return found
        own = block(inputs.get("tags"))
        everything: dict[str, str] = found["tagsAll"]
        tags = {
            key: value
            for key, value in everything.items()
            if key in own or self._default_tags.get(key) != value
        }
        return {**found, "tags": tags}

    def compare(
        self, handler: AwsHandler, old: Props, new: Props, ignore: list[str]
    ) -> dict[str, PropertyDiff]:
        found = super().compare(handler, old, new, ignore)
        if handler.tagger is None or "tags" in ignore or "tagsAll" in ignore:
            return found
        after = self.expected(handler, new)["tagsAll"]
        everything = diffs.differences({"tagsAll": old.get("tagsAll")}, {"tagsAll": after}, handler.shape)
        # A tag of the resource's own is shown once, under `tags`.
        found.update(
            {
                path: one
                for path, one in everything.items()
                if f"tags{path[7:]}" not in found and not ignored(f"tags{path[7:]}", ignore)
            }
        )
        return found


def _caller_identity(call: AwsCall, arguments: Props) -> Props:
    caller: Any = call.client("sts").get_caller_identity()
    return {
        "accountId": caller["Account"],
        "arn": caller["Arn"],
        "userId": caller["UserId"],
        "id": caller["Account"],
    }


def _vpc(call: AwsCall, arguments: Props) -> Props:
    return ec2_lookups.vpc(call, arguments)


def _route_table(call: AwsCall, arguments: Props) -> Props:
    return ec2_lookups.route_table(call, arguments)


def _elastic_ip(call: AwsCall, arguments: Props) -> Props:
    return ec2_lookups.address(call, arguments)


def _parameter(call: AwsCall, arguments: Props) -> Props:
    found: Any = call.client("ssm").get_parameter(Name=arguments["name"], WithDecryption=False)["Parameter"]
    return {
        "name": found["Name"],
        "id": found["Name"],
        "arn": found["ARN"],
        "type": found["Type"],
        "value": found["Value"],
        "version": found["Version"],
    }


def _clusters(call: AwsCall, arguments: Props) -> Props:
    return {"id": call.region, "names": list(call.client("eks").list_clusters()["clusters"])}


def _cluster(call: AwsCall, arguments: Props) -> Props:
    found = eks.described(call, str(arguments["name"]))
    mode = block(found.get("accessConfig")).get("authenticationMode")
    return {
        "name": found["name"],
        "id": found["name"],
        "arn": found["arn"],
        "status": found["status"],
        "version": found["version"],
        "accessConfigs": [{"authenticationMode": mode}] if mode else [],
        "upgradePolicies": [policy] if (policy := block(found.get("upgradePolicy"))) else [],
        "endpoint": eks.server(call, found),
        "certificateAuthorities": [{"data": block(found.get("certificateAuthority")).get("data")}],
        "identities": [{"oidcs": [{"issuer": issuer}]}] if (issuer := _issuer(found)) else [],
        "vpcConfig": eks.network(call, found["resourcesVpcConfig"], {}),
        "tags": dict(found.get("tags") or {}),
    }


def _issuer(found: Props) -> str:
    return str(block(block(found.get("identity")).get("oidc")).get("issuer") or "")


def _node_groups(call: AwsCall, arguments: Props) -> Props:
    cluster = str(arguments["clusterName"])
    listed = call.client("eks").list_nodegroups(clusterName=cluster)["nodegroups"]
    return {"id": cluster, "clusterName": cluster, "names": list(listed)}


def _node_group(call: AwsCall, arguments: Props) -> Props:
    cluster, name = str(arguments["clusterName"]), str(arguments["nodeGroupName"])
    found = call.client("eks").describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
    sizes = found["scalingConfig"]
    return {
        "id": f"{cluster}:{name}",
        "clusterName": cluster,
        "nodeGroupName": name,
        "arn": found["nodegroupArn"],
        "status": found["status"],
        "labels": dict(found.get("labels") or {}),
        "scalingConfigs": [{key: sizes[key] for key in ("minSize", "maxSize", "desiredSize")}],
    }


def _access_entry(call: AwsCall, arguments: Props) -> Props:
    return eks_access.entry(call, str(arguments["clusterName"]), str(arguments["principalArn"]))


def _subnet(call: AwsCall, arguments: Props) -> Props:
    return ec2_lookups.subnet(call, arguments)


def _log_group(call: AwsCall, arguments: Props) -> Props:
    name = str(arguments["name"])
    found = logs.described(call, name)
    if found is None:
        raise ProviderError("couldn't find resource", where=f"reading CloudWatch Logs Log Group ({name})")
    return {**found, "id": name, "tags": found["tagsAll"]}


def _region(call: AwsCall, arguments: Props) -> Props:
    name = arguments.get("region") or arguments.get("name") or call.region
    return {
        "name": name,
        "region": name,
        "id": name,
        "description": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
    }


def _partition(call: AwsCall, arguments: Props) -> Props:
    return {
        "partition": "aws",
        "id": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _variables(variables: Mapping[str, str]) -> Props:
    """`aws:config:region` -> `region`."""
    return {key.rpartition(":")[2]: value for key, value in variables.items()}


def _parsed(value: Any) -> Any:
    """Provider arguments that are lists or objects travel as JSON text."""
    return json.loads(value) if isinstance(value, str) and value else value


def _list(value: Any) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", value) if isinstance(value, list) else []


def _accounts(given: object) -> list[str]:
    """The accounts that the provider is allowed to work in; the stand-in plays the first."""
    listed: Any = _parsed(given)
    return [str(one) for one in cast("list[Any]", listed)] if isinstance(listed, list) else []
