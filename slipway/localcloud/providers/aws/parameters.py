"""SSM parameters and Secrets Manager secrets."""

from typing import Any, cast

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    Rule,
    changed,
    names,
    one_of,
    pattern,
    pick,
)
from slipway.localcloud.providers.values import Props

_FIELDS = {
    "Name": "name",
    "Type": "type",
    "Description": "description",
    "KeyId": "keyId",
    "Tier": "tier",
    "DataType": "dataType",
    "AllowedPattern": "allowedPattern",
}


_PARAMETER_TAGS = tags.calls(
    "ssm",
    lambda id_, state: {"ResourceType": "Parameter", "ResourceId": id_},
    put="add_tags_to_resource",
    drop="remove_tags_from_resource",
)


def _value(inputs: Props) -> str:
    return str(inputs["value"] if inputs.get("value") is not None else inputs.get("insecureValue", ""))


def _parameter_create(call: AwsCall, inputs: Props) -> None:
    ssm = call.client("ssm")
    given = {**pick(inputs, _FIELDS), "Value": _value(inputs)}
    if inputs.get("overwrite"):
        # The service refuses tags together with Overwrite.
        ssm.put_parameter(**given, Overwrite=True)
        if tags.wanted(inputs):
            _PARAMETER_TAGS.put(call, inputs["name"], {}, tags.wanted(inputs))
    else:
        ssm.put_parameter(**given, Overwrite=False, **tags.create_pairs(inputs))


def _parameter_read(call: AwsCall, id_: str, old: Props) -> Props:
    ssm = call.client("ssm")
    found: Props = ssm.get_parameter(Name=id_, WithDecryption=True)["Parameter"]
    filters = [{"Key": "Name", "Option": "Equals", "Values": [id_]}]
    described: list[Props] = ssm.describe_parameters(ParameterFilters=filters)["Parameters"]
    details = described[0] if described else {}
    state: Props = {
        "name": found["Name"],
        "arn": found["ARN"],
        "type": found["Type"],
        "version": found["Version"],
        "dataType": found.get("DataType", "text"),
        "description": details.get("Description"),
        "allowedPattern": details.get("AllowedPattern"),
        "tier": details.get("Tier", "Standard"),
        "hasValueWo": False,
        "tagsAll": tags.unpaired(
            ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=id_)["TagList"]
        ),
    }
    if found["Type"] == "SecureString":
        state["keyId"] = details.get("KeyId")
    state["insecureValue" if "insecureValue" in old and "value" not in old else "value"] = found["Value"]
    return state


def _parameter_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    watched = ("value", "insecureValue", "type", "description", "keyId", "tier", "allowedPattern")
    if any(changed(old, new, name) for name in watched if name in new or name not in ("tier", "keyId")):
        call.client("ssm").put_parameter(**pick(new, _FIELDS), Value=_value(new), Overwrite=True)


def _parameter_replaces(state: Props, inputs: Props) -> frozenset[str]:
    """There is no way back from the advanced tier (parameter.go, CustomizeDiff)."""
    back = state.get("tier") == "Advanced" and inputs.get("tier") == "Standard"
    return names("tier") if back else frozenset()


def _parameter_delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("ssm").delete_parameter(Name=id_)


def _secret_create(call: AwsCall, inputs: Props) -> str:
    given = pick(inputs, {"Name": "name", "Description": "description", "KmsKeyId": "kmsKeyId"})
    return str(call.client("secretsmanager").create_secret(**given, **tags.create_pairs(inputs))["ARN"])


def _secret_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    client = call.client("secretsmanager")
    found: Props = client.describe_secret(SecretId=id_)
    if found.get("DeletedDate"):
        return None
    state: Props = {
        "name": found["Name"],
        "arn": found["ARN"],
        "description": found.get("Description"),
        "kmsKeyId": found.get("KmsKeyId"),
        "tagsAll": tags.unpaired(found.get("Tags")),
    }
    if old.get("policy"):
        state["policy"] = client.get_resource_policy(SecretId=id_).get("ResourcePolicy")
    return state


def _secret_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    client = call.client("secretsmanager")
    if old and (changed(old, new, "description") or changed(old, new, "kmsKeyId")):
        client.update_secret(
            SecretId=id_,
            Description=new.get("description") or "",
            **pick(new, {"KmsKeyId": "kmsKeyId"}),
        )
    if changed(old, new, "policy"):
        if new.get("policy"):
            client.put_resource_policy(SecretId=id_, ResourcePolicy=new["policy"])
        elif old.get("policy"):
            client.delete_resource_policy(SecretId=id_)


def _secret_delete(call: AwsCall, id_: str, state: Props) -> None:
    if _secret_read(call, id_, {}) is None:
        return
    days = state.get("recoveryWindowInDays", 30)
    how: Props = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    call.client("secretsmanager").delete_secret(SecretId=id_, **how)


def _secret_find(call: AwsCall, inputs: Props) -> str | None:
    found = _secret_read(call, inputs["name"], {})
    return str(found["arn"]) if found else None


def _version_create(call: AwsCall, inputs: Props) -> str:
    given = pick(
        inputs,
        {"SecretId": "secretId", "SecretString": "secretString", "VersionStages": "versionStages"},
    )
    made = call.client("secretsmanager").put_secret_value(**given)
    return f"{inputs['secretId']}|{made['VersionId']}"


def _version_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    secret, _, version = id_.rpartition("|")
    client = call.client("secretsmanager")
    if _secret_read(call, secret, {}) is None:
        return None
    stages = cast(
        "dict[str, list[str]]", client.describe_secret(SecretId=secret).get("VersionIdsToStages") or {}
    )
    if version not in stages:
        return None
    found: Props = client.get_secret_value(SecretId=secret, VersionId=version)
    state: Props = {
        "arn": found["ARN"],
        "secretArn": found["ARN"],
        "secretId": old.get("secretId", secret),
        "versionId": version,
        "versionStages": stages[version],
        "hasSecretStringWo": False,
    }
    if "secretString" in old or not old:
        state["secretString"] = found.get("SecretString")
    return state


def _version_delete(call: AwsCall, id_: str, state: Props) -> None:
    """Take the version's labels off, except AWSCURRENT: a secret always has a current version.

    So does the AWS provider: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/secretsmanager_secret_version
    """
    found = _version_read(call, id_, state)
    if found is None:
        return
    secret, _, version = id_.rpartition("|")
    for stage in found["versionStages"]:
        if stage != "AWSCURRENT":
            call.client("secretsmanager").update_secret_version_stage(
                SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
            )


def _version_find(call: AwsCall, inputs: Props) -> str | None:
    found: Any = call.client("secretsmanager").get_secret_value(SecretId=inputs["secretId"])
    same = found.get("SecretString") == inputs.get("secretString")
    return f"{inputs['secretId']}|{found['VersionId']}" if same else None


HANDLERS = (
    Handler[AwsCall](
        token="aws:ssm/parameter:Parameter",
        source=f"{DOCS}/ssm_parameter",
        key="{name}",
        create=_parameter_create,
        read=_parameter_read,
        update=_parameter_update,
        delete=_parameter_delete,
        replace_when=_parameter_replaces,
        tagger=_PARAMETER_TAGS,
        name=AutoName(longest=2048),
        natural=("name",),
        rules=(
            # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
            pattern(
                "name",
                r"(?i)(?!/?(aws|ssm))[\w./-]{1,1011}",
                "must not begin with aws or ssm; letters, digits, ._-/",
            ),
            one_of("type", "String", "StringList", "SecureString"),
            one_of("tier", "Standard", "Advanced", "Intelligent-Tiering"),
            *(
                Rule(
                    name=name,
                    reason="must not be empty nor longer than 8192 bytes",
                    accepts=lambda value: 0 < len(str(value).encode()) <= 8192,
                )
                for name in ("value", "insecureValue")
            ),
        ),
    ),
    Handler[AwsCall](
        token="aws:secretsmanager/secret:Secret",
        source=f"{DOCS}/secretsmanager_secret",
        create=_secret_create,
        read=_secret_read,
        configure=_secret_configure,
        delete=_secret_delete,
        find=_secret_find,
        tagger=tags.by_id("secretsmanager", "SecretId"),
        name=AutoName(longest=512, unless="namePrefix"),
        natural=("name",),
        documents=names("policy"),
        defaults={"recoveryWindowInDays": 30, "forceOverwriteReplicaSecret": False},
        rules=(
            pattern("name", r"[\w/+=.@-]{1,512}", "must be 1 to 512 letters, digits or any of /_+=.@-"),
            Rule(
                name="recoveryWindowInDays",
                reason="must be 0 or 7 to 30 days",
                accepts=lambda value: value == 0 or 7 <= value <= 30,
            ),
        ),
    ),
    Handler[AwsCall](
        token="aws:secretsmanager/secretVersion:SecretVersion",
        source=f"{DOCS}/secretsmanager_secret_version",
        create=_version_create,
        read=_version_read,
        delete=_version_delete,
        find=_version_find,
        replaces_here=names("versionStages"),
    ),
)
