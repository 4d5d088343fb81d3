"""ECR repositories, their lifecycle and their access policies."""

# ruff: noqa: S106 - a `token` is a Pulumi type token here

from typing import Any, cast

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.iam import DOCS, is_json_text
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    Rule,
    changed,
    lower_first,
    names,
    one_of,
    pattern,
    renamed,
)
from slipway.localcloud.providers.values import Props, items

MUTABILITY = ("MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION")


def _create(call: AwsCall, inputs: Props) -> str:
    given: Props = {"repositoryName": inputs["name"], "imageTagMutability": inputs["imageTagMutability"]}
    filters = inputs.get("imageTagMutabilityExclusionFilters")
    if filters:
        given["imageTagMutabilityExclusionFilters"] = filters
    scanning = inputs.get("imageScanningConfiguration")
    if scanning:
        given["imageScanningConfiguration"] = scanning
    for block in items(inputs.get("encryptionConfigurations")):
        given["encryptionConfiguration"] = renamed(block, rename=lower_first)
    found = tags.wanted(inputs)
    call.client("ecr").create_repository(**given, **({"tags": tags.pairs(found)} if found else {}))
    return str(inputs["name"])


def _one(call: AwsCall, name: str) -> Props:
    listed: list[Props] = call.client("ecr").describe_repositories(repositoryNames=[name])["repositories"]
    return listed[0]


def _read(call: AwsCall, id_: str, old: Props) -> Props:
    found = _one(call, id_)
    state: Props = {
        "name": found["repositoryName"],
        "arn": found["repositoryArn"],
        "registryId": found["registryId"],
        "repositoryUrl": found["repositoryUri"],
        "imageTagMutability": found["imageTagMutability"],
        "imageTagMutabilityExclusionFilters": found.get("imageTagMutabilityExclusionFilters"),
        "imageScanningConfiguration": _scanning(found, old),
        "tagsAll": tags.unpaired(
            call.client("ecr").list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        ),
    }
    encryption: Any = found.get("encryptionConfiguration")
    if encryption:
        state["encryptionConfigurations"] = [encryption]
    return state


def _scanning(found: Props, old: Props) -> Props | None:
    scanning = cast("Props", found.get("imageScanningConfiguration") or {"scanOnPush": False})
    if not scanning["scanOnPush"] and not old.get("imageScanningConfiguration"):
        return None
    return {"scanOnPush": scanning["scanOnPush"]}


def _configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if not old:
        return
    ecr = call.client("ecr")
    filters = "imageTagMutabilityExclusionFilters"
    if changed(old, new, "imageTagMutability") or changed(old, new, filters):
        given = {filters: new[filters]} if new.get(filters) else {}
        ecr.put_image_tag_mutability(
            repositoryName=id_, imageTagMutability=new["imageTagMutability"], **given
        )
    if changed(old, new, "imageScanningConfiguration"):
        scanning = new.get("imageScanningConfiguration") or {"scanOnPush": False}
        ecr.put_image_scanning_configuration(repositoryName=id_, imageScanningConfiguration=scanning)


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("ecr").delete_repository(repositoryName=id_, force=bool(state.get("forceDelete")))


def _find(call: AwsCall, inputs: Props) -> str:
    return str(_one(call, inputs["name"])["repositoryName"])


def _lifecycle_put(call: AwsCall, inputs: Props) -> str:
    call.client("ecr").put_lifecycle_policy(
        repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"]
    )
    return str(inputs["repository"])


def _lifecycle_read(call: AwsCall, id_: str, old: Props) -> Props:
    del old
    found = call.client("ecr").get_lifecycle_policy(repositoryName=id_)
    return {
        "repository": found["repositoryName"],
        "policy": found["lifecyclePolicyText"],
        "registryId": found["registryId"],
    }


def _lifecycle_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    del id_
    if old:
        _lifecycle_put(call, new)


def _lifecycle_delete(call: AwsCall, id_: str, state: Props) -> None:
    del state
    call.client("ecr").delete_lifecycle_policy(repositoryName=id_)


def _lifecycle_find(call: AwsCall, inputs: Props) -> str:
    return str(_lifecycle_read(call, inputs["repository"], {})["repository"])


def _access_put(call: AwsCall, inputs: Props) -> str:
    call.client("ecr").set_repository_policy(repositoryName=inputs["repository"], policyText=inputs["policy"])
    return str(inputs["repository"])


def _access_read(call: AwsCall, id_: str, old: Props) -> Props:
    del old
    found = call.client("ecr").get_repository_policy(repositoryName=id_)
    return {
        "repository": found["repositoryName"],
        "policy": found["policyText"],
        "registryId": found["registryId"],
    }


def _access_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    del id_
    if old:
        _access_put(call, new)


def _access_delete(call: AwsCall, id_: str, state: Props) -> None:
    del state
    call.client("ecr").delete_repository_policy(repositoryName=id_)


def _access_find(call: AwsCall, inputs: Props) -> str:
    return str(_access_read(call, inputs["repository"], {})["repository"])


_DOCUMENT = Rule(name="policy", reason="must be a JSON policy document", accepts=is_json_text)

HANDLERS = (
    Handler[AwsCall](
        token="aws:ecr/repository:Repository",
        source=f"{DOCS}/ecr_repository",
        create=_create,
        read=_read,
        configure=_configure,
        delete=_delete,
        find=_find,
        tagger=tags.by_arn("ecr", "resourceArn", paired=True),
        name=AutoName(longest=256, lower=True),
        natural=("name",),
        defaults={"imageTagMutability": "MUTABLE"},
        rules=(
            # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
            pattern(
                "name",
                r"(?=.{2,256}\Z)(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
                "must be 2 to 256 lower-case letters and digits, separated by one of ._-/",
            ),
            one_of("imageTagMutability", *MUTABILITY),
        ),
    ),
    Handler[AwsCall](
        token="aws:ecr/lifecyclePolicy:LifecyclePolicy",
        source=f"{DOCS}/ecr_lifecycle_policy",
        create=_lifecycle_put,
        read=_lifecycle_read,
        configure=_lifecycle_configure,
        delete=_lifecycle_delete,
        find=_lifecycle_find,
        natural=("repository",),
        documents=names("policy"),
        rules=(_DOCUMENT,),
    ),
    Handler[AwsCall](
        token="aws:ecr/repositoryPolicy:RepositoryPolicy",
        source=f"{DOCS}/ecr_repository_policy",
        create=_access_put,
        read=_access_read,
        configure=_access_configure,
        delete=_access_delete,
        find=_access_find,
        natural=("repository",),
        documents=names("policy"),
        rules=(_DOCUMENT,),
    ),
)
