"""The four functions, each with a role and a log group of its own."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.runners import policies
from components.runners.args import LOG_DAYS, RunnerFleetArgs
from components.runners.package import package
from slipway.access.statements import Document
from slipway.access.trust import rendered
from slipway.platform import naming
from slipway.platform.sessions import SESSION_SECONDS

PLANNER_SECONDS = 60
WEBHOOK_SECONDS = 9
"""GitHub waits for 10
(https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks)."""

API_SECONDS = 29
"""An HTTP API waits for 30 at most (API Gateway Developer Guide, http-api-quotas)."""

RUNTIME = "python3.13"


@dataclass(frozen=True, kw_only=True)
class FleetFunctions:
    """The functions, once declared."""

    webhook: aws.lambda_.Function
    planner: aws.lambda_.Function
    claim: aws.lambda_.Function
    finish: aws.lambda_.Function


@dataclass(frozen=True, kw_only=True)
class _Spec:
    folder: str
    handler: str
    says: str
    policy: Document
    seconds: int
    environment: dict[str, pulumi.Input[str]]
    memory_mb: int = 512


def declare_functions(
    name: str, args: RunnerFleetArgs, queue_url: pulumi.Input[str], child: pulumi.ResourceOptions
) -> FleetFunctions:
    """The functions, with nothing in their environment but names and addresses."""
    made = {area: _function(name, args, area, spec, child) for area, spec in _specs(args, queue_url).items()}
    # The schedule calls it again in a minute anyway, while Lambda would call a failed one twice more.
    aws.lambda_.FunctionEventInvokeConfig(
        f"{name}-planner-retries",
        function_name=made["planner"].name,
        maximum_retry_attempts=0,
        maximum_event_age_in_seconds=60,
        opts=child,
    )
    return FleetFunctions(**made)


def _specs(args: RunnerFleetArgs, queue_url: pulumi.Input[str]) -> dict[str, _Spec]:
    names = args.names
    classes = list(args.classes)
    table: dict[str, pulumi.Input[str]] = {"TABLE": names.table}
    github = {
        **table,
        "GITHUB_API_URL": args.github_api_url,
        "APP_KEY": names.app_key,
        "TOKEN_KEY": names.token_key,
    }
    return {
        "webhook": _Spec(
            folder="webhook",
            handler="runners.webhook.handler.handle",
            says="Takes GitHub's webhooks and queues what concerns the fleet",
            policy=policies.webhook(names),
            seconds=WEBHOOK_SECONDS,
            environment={"QUEUE_URL": queue_url, "SECRET_ID": names.webhook_secret},
            memory_mb=256,
        ),
        "planner": _Spec(
            folder="control",
            handler="runners.control.planner_handler.handle",
            says="Sets how many instances there are",
            policy=policies.planner(names, classes),
            seconds=PLANNER_SECONDS,
            environment=github,
        ),
        "claim": _Spec(
            folder="control",
            handler="runners.control.claim_handler.handle",
            says="Hands an instance its runner configuration, once",
            policy=policies.claim(names),
            seconds=API_SECONDS,
            environment=github,
        ),
        "finish": _Spec(
            folder="control",
            handler="runners.control.finish_handler.handle",
            says="Ends the instance that asks for it",
            policy=policies.finish(names, classes),
            seconds=API_SECONDS,
            environment=table,
        ),
    }


def _function(
    name: str, args: RunnerFleetArgs, area: str, spec: _Spec, child: pulumi.ResourceOptions
) -> aws.lambda_.Function:
    names = args.names
    logs = aws.cloudwatch.LogGroup(
        f"{name}-{area}-logs", name=names.function_logs(area), retention_in_days=LOG_DAYS, opts=child
    )
    role = aws.iam.Role(
        f"{name}-{area}-role",
        name=names.function(area),
        path=naming.RUNNER_PATH,
        description=f"Function {names.function(area)}",
        assume_role_policy=rendered(policies.service_trust("lambda.amazonaws.com")),
        permissions_boundary=args.boundary_arn,
        max_session_duration=SESSION_SECONDS,
        opts=child,
    )
    policy = aws.iam.RolePolicy(
        f"{name}-{area}-policy", name=area, role=role.name, policy=rendered(spec.policy), opts=child
    )
    environment: dict[str, pulumi.Input[str]] = {"FLEET": args.fleet, **spec.environment}
    if args.function_endpoint is not None:
        environment["AWS_ENDPOINT_URL"] = args.function_endpoint
    image = args.runners.functions_image
    parts = ("runners/__init__.py", f"runners/{spec.folder}")
    zipped = None if image else package(args.code.root, parts, args.code.build)
    return aws.lambda_.Function(
        f"{name}-{area}",
        name=names.function(area),
        description=spec.says,
        role=role.arn,
        architectures=["arm64"],
        timeout=spec.seconds,
        memory_size=spec.memory_mb,
        environment=aws.lambda_.FunctionEnvironmentArgs(variables=environment),
        logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="Text", log_group=logs.name),
        package_type="Image" if image else "Zip",
        image_uri=image,
        image_config=aws.lambda_.FunctionImageConfigArgs(commands=[spec.handler]) if image else None,
        runtime=None if image else RUNTIME,
        handler=None if image else spec.handler,
        code=pulumi.FileArchive(zipped.path) if zipped else None,
        source_code_hash=zipped.sha256 if zipped else None,
        # A function is called as soon as it is there, and reads the queue only with leave to.
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[policy])),
    )
