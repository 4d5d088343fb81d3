"""Where moto 5.2.5 answers differently from AWS in ways the platform meets, and how that is mended.

Each fix is applied when its service is first used, and says what moto does without it. The tests run each
against the installed moto, so that a fix whose reason has gone fails there.
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used: all of them would cost the start
import functools
import json
import uuid
from collections.abc import Callable
from typing import Any, cast
from xml.etree import ElementTree

ROLE_TRUST_POLICY_CHARACTERS = 2048
"""AWS's default quota for a role's trust policy, white space not counted.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

AUTHENTICATION_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
"""In the only order in which EKS lets a cluster change.
https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html"""

_ACCESS_CONFIG = {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True}
"""What EKS takes for a cluster that does not say.
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html"""

# moto's classes carry no usable types, so what is patched here is typed as Any on purpose.


def apply(service: str) -> None:
    """Mend `service` (a moto module name); does nothing for a service without a fix, or the second time."""
    fix = _FIXES.get(service)
    if fix is not None:
        fix()


@functools.cache
def _fix_s3() -> None:
    """moto applies a bucket policy's statement without its Condition: a TLS-only policy locks everybody out.

    Such a statement is kept and shown, and takes no part in the decision. moto also drops the tags that a
    bucket is created with, by which its maker would know it again.
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket
    from moto.s3.responses import S3Response

    response_class: Any = S3Response
    create = response_class._bucket_response_put

    def create_bucket(response: Any, request: Any, name: str, query: dict[str, Any]) -> Any:
        answer = create(response, request, name, query)
        body = response.body if isinstance(response.body, str) else (response.body or b"").decode()
        if not query and "<CreateBucketConfiguration" in body:
            found = ElementTree.fromstring(body).iterfind(".//{*}Tag")  # noqa: S314 - a client on loopback
            tags = {tag.findtext("{*}Key"): tag.findtext("{*}Value") for tag in found}
            if tags:
                response.backend.put_bucket_tagging(name, tags)
        return answer

    response_class._bucket_response_put = create_bucket

    def get_permission(bucket: Any, action: str, resource: str) -> Any:
        if bucket.policy is None:
            return PermissionResult.NEUTRAL
        document: dict[str, Any] = json.loads(bucket.policy)
        statements: Any = document["Statement"]
        listed = cast("list[Any]", statements if isinstance(statements, list) else [statements])
        document["Statement"] = [one for one in listed if "Condition" not in one]
        return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)

    patched: Any = FakeBucket
    patched.get_permission = get_permission


@functools.cache
def _fix_iam() -> None:
    """moto creates a role with any text as its trust policy, and of any size; AWS checks both."""
    from moto.iam.exceptions import LimitExceededException
    from moto.iam.models import IAMBackend
    from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

    create_role: Any = IAMBackend.create_role
    update_policy: Any = IAMBackend.update_assume_role_policy

    def check(document: str) -> None:
        IAMTrustPolicyDocumentValidator(document).validate()
        if len("".join(document.split())) > ROLE_TRUST_POLICY_CHARACTERS:
            msg = f"Cannot exceed quota for ACLSizePerRole: {ROLE_TRUST_POLICY_CHARACTERS}"
            raise LimitExceededException(msg)

    def checked_create(
        backend: Any, role_name: str, assume_role_policy_document: str, *args: Any, **kwargs: Any
    ) -> Any:
        check(assume_role_policy_document)
        return create_role(backend, role_name, assume_role_policy_document, *args, **kwargs)

    def checked_update(backend: Any, role_name: str, policy_document: str) -> None:
        check(policy_document)
        update_policy(backend, role_name, policy_document)

    patched: Any = IAMBackend
    patched.create_role = checked_create
    patched.update_assume_role_policy = checked_update


@functools.cache
def _fix_eks() -> None:
    """moto drops a cluster's accessConfig, answers an update without `update`, cannot change the version."""
    from moto.core.responses import ActionResult
    from moto.eks.exceptions import InvalidRequestException
    from moto.eks.responses import EKSResponse
    from moto.eks.urls import url_paths

    create: Any = EKSResponse.create_cluster
    update: Any = EKSResponse.update_cluster_config

    def create_cluster(response: Any) -> Any:
        result = create(response)
        asked: dict[str, Any] = response._get_param("accessConfig") or {}
        result.result["cluster"].access_config = {**_ACCESS_CONFIG, **asked}
        return result

    def update_cluster_config(response: Any) -> Any:
        asked: dict[str, Any] = response._get_param("accessConfig") or {}
        cluster = response.eks_backend.describe_cluster(response._get_param("name"))
        if asked:
            _change_mode(cluster, asked["authenticationMode"], InvalidRequestException)
        # EKS changes what is given and keeps the rest; moto replaces the whole block.
        given: dict[str, Any] = response._get_param("resourcesVpcConfig") or {}
        vpc_config = {**cluster.resources_vpc_config, **given}
        update(response)
        cluster.resources_vpc_config = vpc_config
        return ActionResult({"update": _finished("AccessConfigUpdate" if asked else "ConfigUpdate")})

    def update_cluster_version(response: Any) -> Any:
        cluster = response.eks_backend.describe_cluster(response._get_param("name"))
        cluster.version = response._get_param("version")
        return ActionResult({"update": _finished("VersionUpdate")})

    def describe_update(response: Any) -> Any:
        return ActionResult({"update": {**_finished("ConfigUpdate"), "id": response._get_param("updateId")}})

    patched: Any = EKSResponse
    patched.create_cluster = create_cluster
    patched.update_cluster_config = update_cluster_config
    patched.update_cluster_version = update_cluster_version
    patched.describe_update = describe_update
    dispatch: Any = EKSResponse.dispatch
    url_paths["{0}/clusters/(?P<name>[^/]+)/updates$"] = dispatch
    url_paths["{0}/clusters/(?P<name>[^/]+)/updates/(?P<updateId>[^/]+)$"] = dispatch


def _change_mode(cluster: Any, wanted: str, refusal: Any) -> None:
    held = cluster.access_config["authenticationMode"]
    if wanted not in AUTHENTICATION_MODES[AUTHENTICATION_MODES.index(held) + 1 :]:
        raise refusal(message=f"Unsupported authentication mode update from {held} to {wanted}")
    cluster.access_config = {**cluster.access_config, "authenticationMode": wanted}


def _finished(kind: str) -> dict[str, Any]:
    """An update that is over at once, as every change in the embedded cloud is."""
    return {"id": str(uuid.uuid4()), "status": "Successful", "type": kind, "params": [], "errors": []}


_FIXES: dict[str, Callable[[], None]] = {"eks": _fix_eks, "iam": _fix_iam, "s3": _fix_s3}
