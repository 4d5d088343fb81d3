"""ECR repositories, their lifecycle and their access policies."""

from typing import Any, cast

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS, json_policy, part
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    changed,
    lower_first,
    names,
    one_of,
    pattern,
    renamed,
)
from slipway.localcloud.providers.values import Props, items

MUTABILITY = ("MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION")


def _create(call: AwsCall, inputs: Props) -> None:
    given: Props = {"repositoryName": inputs["name"], "imageTagMutability": inputs["imageTagMutability"]}
    filters = inputs.get("imageTagMutabilityExclusionFilters")
    if filters:
        given["imageTagMutabilityExclusionFilters"] = filters
    scanning = inputs.get("imageScanningConfiguration")
    if scanning:
        given["imageScanningConfiguration"] = scanning
    for block in items(inputs.get("encryptionConfigurations")):
        given["encryptionConfiguration"] = renamed(block, rename=lower_first)
    call.client("ecr").create_repository(**given, **tags.create_pairs(inputs, "tags"))


def _described(call: AwsCall, name: str) -> Props:
    listed: list[Props] = call.client("ecr").describe_repositories(repositoryNames=[name])["repositories"]
    return listed[0]


def _read(call: AwsCall, id_: str, old: Props) -> Props:
    repository = _described(call, id_)
    state: Props = {
        "name": repository["repositoryName"],
        "arn": repository["repositoryArn"],
        "registryId": repository["registryId"],
        "repositoryUrl": repository["repositoryUri"],
        "imageTagMutability": repository["imageTagMutability"],
        "imageTagMutabilityExclusionFilters": repository.get("imageTagMutabilityExclusionFilters"),
        "imageScanningConfiguration": _scanning(repository, old),
        "tagsAll": tags.unpaired(
            call.client("ecr").list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
        ),
    }
    encryption: Any = repository.get("encryptionConfiguration")
    if encryption:
        state["encryptionConfigurations"] = [encryption]
    return state


def _scanning(repository: Props, old: Props) -> Props | None:
    scanning = cast("Props", repository.get("imageScanningConfiguration") or {"scanOnPush": False})
    if not scanning["scanOnPush"] and not old.get("imageScanningConfiguration"):
        return None
    return {"scanOnPush": scanning["scanOnPush"]}


def _update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
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


def _policy(token: str, page: str, text: str, *, put: str, get: str, drop: str) -> Handler[AwsCall]:
    """A policy of a repository, which ECR takes and gives as `text`."""
    return part(
        token=token,
        page=page,
        service="ecr",
        where={"repositoryName": "repository"},
        fields={text: "policy"},
        state=lambda call, answer: {"registryId": answer["registryId"]},
        put=put,
        get=get,
        drop=drop,
        documents=names("policy"),
        rules=(json_policy(),),
    )


HANDLERS = (
    Handler[AwsCall](
        token="aws:ecr/repository:Repository",
        source=f"{DOCS}/ecr_repository",
        key="{name}",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        tagger=tags.by_arn("ecr", "resourceArn", tags="tags", keys="tagKeys"),
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
    _policy(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "ecr_lifecycle_policy",
        "lifecyclePolicyText",
        put="put_lifecycle_policy",
        get="get_lifecycle_policy",
        drop="delete_lifecycle_policy",
    ),
    _policy(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "ecr_repository_policy",
        "policyText",
        put="set_repository_policy",
        get="get_repository_policy",
        drop="delete_repository_policy",
    ),
)
