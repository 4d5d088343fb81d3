"""Lambda functions. Nothing here invokes one: moto would start Docker; the embedded cloud runs them."""

from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.aws.lambda_code import derived_hash, zipped
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    Rule,
    between,
    changed,
    lower_first,
    names,
    not_emulated,
    one_of,
    pattern,
    pick,
    renamed,
    upper_first,
)
from slipway.localcloud.providers.values import Packed, Props, block

UNRESERVED = -1
"""The AWS provider's word for a function without a concurrency of its own."""
_CONFIGURATION = {
    "Description": "description",
    "Role": "role",
    "Handler": "handler",
    "Runtime": "runtime",
    "Timeout": "timeout",
    "MemorySize": "memorySize",
}
_CODE = ("sourceCodeHash", "imageUri", "architectures")
_BLOCKS = ("environment", "loggingConfig", "imageConfig")


def _settings(inputs: Props) -> Props:
    """What CreateFunction and UpdateFunctionConfiguration take alike."""
    given: Props = pick(inputs, _CONFIGURATION)
    given["Environment"] = {"Variables": block(inputs.get("environment")).get("variables") or {}}
    if inputs.get("loggingConfig"):
        given["LoggingConfig"] = renamed(inputs["loggingConfig"], rename=upper_first)
    image = block(inputs.get("imageConfig"))
    if image:
        fields = {"Command": "commands", "EntryPoint": "entryPoints", "WorkingDirectory": "workingDirectory"}
        given["ImageConfig"] = pick(image, fields)
    return given


def _code(inputs: Props) -> Props:
    code = inputs.get("code")
    if isinstance(code, Packed):
        return {"ZipFile": zipped(code)}
    if inputs.get("imageUri"):
        return {"ImageUri": inputs["imageUri"]}
    raise ProviderError(
        f"the function {inputs['name']} has no code", fix="give it `code` or, for a container, `imageUri`"
    )


def _create(call: AwsCall, inputs: Props) -> None:
    if inputs["packageType"] == "Zip" and not (inputs.get("runtime") and inputs.get("handler")):
        # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
        raise ProviderError(f"CreateFunction: {inputs['name']}: a zip needs a runtime and a handler")
    call.client("lambda").create_function(
        FunctionName=inputs["name"],
        PackageType=inputs["packageType"],
        Code=_code(inputs),
        **pick(inputs, {"Architectures": "architectures"}),
        **_settings(inputs),
        **tags.create_mapped(inputs),
    )


def _read(call: AwsCall, id_: str, old: Props) -> Props:
    answer: Props = call.client("lambda").get_function(FunctionName=id_)
    found: Props = answer["Configuration"]
    arn = str(found["FunctionArn"])
    state: Props = {
        **{name: found.get(field) for field, name in _CONFIGURATION.items()},
        "description": found.get("Description") or None,
        "name": found["FunctionName"],
        "packageType": found["PackageType"],
        "architectures": found["Architectures"],
        "imageUri": answer["Code"].get("ImageUri"),
        "environment": _environment(found),
        "loggingConfig": renamed(block(found.get("LoggingConfig")), rename=lower_first) or None,
        "reservedConcurrentExecutions": block(answer.get("Concurrency")).get(
            "ReservedConcurrentExecutions", UNRESERVED
        ),
        "codeSha256": found["CodeSha256"],
        "sourceCodeHash": _hash(found, old),
        "sourceCodeSize": found["CodeSize"],
        "lastModified": found["LastModified"],
        "version": found["Version"],
        "tagsAll": tags.mapped(answer.get("Tags")),
        **_arns(call, arn),
    }
    if found["PackageType"] == "Image":
        state["imageConfig"] = _image_config(found)
    return state


def _arns(call: AwsCall, arn: str) -> Props:
    invoke = f"arn:aws:apigateway:{call.region}:lambda:path/2015-03-31/functions/{{}}/invocations"
    latest = f"{arn}:$LATEST"
    return {
        "arn": arn,
        "qualifiedArn": latest,
        "invokeArn": invoke.format(arn),
        "qualifiedInvokeArn": invoke.format(latest),
    }


def _environment(found: Props) -> Props | None:
    variables = block(found.get("Environment")).get("Variables")
    return {"variables": variables} if variables else None


def _image_config(found: Props) -> Props | None:
    held = block(block(found.get("ImageConfigResponse")).get("ImageConfig"))
    fields = {"commands": "Command", "entryPoints": "EntryPoint", "workingDirectory": "WorkingDirectory"}
    return pick(held, fields) or None


def _hash(found: Props, old: Props) -> Any:
    """The program's hash, until somebody else deploys: then Lambda's, so that it shows as a difference."""
    known = old.get("codeSha256")
    if known is not None and known != found["CodeSha256"]:
        return found["CodeSha256"]
    return old.get("sourceCodeHash")


def _configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    client = call.client("lambda")
    wanted = new.get("reservedConcurrentExecutions", UNRESERVED)
    if wanted != old.get("reservedConcurrentExecutions", UNRESERVED):
        if wanted == UNRESERVED:
            client.delete_function_concurrency(FunctionName=id_)
        else:
            client.put_function_concurrency(FunctionName=id_, ReservedConcurrentExecutions=wanted)
    if not old:
        return
    if any(changed(old, new, name) for name in _CODE if name in new or name == "imageUri"):
        client.update_function_code(
            FunctionName=id_, **_code(new), **pick(new, {"Architectures": "architectures"})
        )
    watched = (*_CONFIGURATION.values(), *_BLOCKS)
    if any(changed(old, new, name) for name in watched):
        client.update_function_configuration(FunctionName=id_, **{"Description": "", **_settings(new)})


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    if not state.get("skipDestroy"):
        call.client("lambda").delete_function(FunctionName=id_)


HANDLERS = (
    Handler[AwsCall](
        token="aws:lambda/function:Function",
        source=f"{DOCS}/lambda_function",
        key="{name}",
        create=_create,
        read=_read,
        configure=_configure,
        delete=_delete,
        tagger=tags.by_arn("lambda", "Resource", form=dict),
        name=AutoName(longest=64),
        natural=("name",),
        renewed=names("codeSha256 lastModified sourceCodeSize"),
        derive=derived_hash,
        defaults={
            "memorySize": 128,
            "packageType": "Zip",
            "publish": False,
            "reservedConcurrentExecutions": UNRESERVED,
            "skipDestroy": False,
            "timeout": 3,
        },
        rules=(
            pattern("name", r"[\w-]{1,64}", "must be 1 to 64 letters, digits, - or _"),
            pattern("role", r"arn:aws[\w-]*:iam::\d{12}:role/.+", "must be a role's ARN"),
            one_of("packageType", "Zip", "Image"),
            Rule(
                name="architectures",
                reason="must be one of arm64, x86_64",
                accepts=lambda value: value in (["arm64"], ["x86_64"]),
            ),
            between("timeout", 1, 900, "seconds"),
            between("memorySize", 128, 10_240, "MB"),
            *not_emulated("layers vpcConfig deadLetterConfig fileSystemConfig publish s3Bucket snapStart"),
        ),
    ),
)
