"""moto's functions lose part of what they are configured with.

A function's logging configuration is dropped, its architecture and image configuration never change after
the creation, its time of modification stands still, a second configuration of its asynchronous invocations is
lost, and one permission can be added twice. Running a function is no part of moto's work here.
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import json
from typing import Any


def patch() -> None:
    from moto.awslambda.exceptions import LambdaClientError
    from moto.awslambda.models import ImageConfig, LambdaBackend, LambdaFunction
    from moto.awslambda.policy import Policy
    from moto.core.utils import iso_8601_datetime_with_nanoseconds

    function: Any = LambdaFunction
    policy: Any = Policy
    create, shown = function.__init__, function.get_configuration
    configure, recode = function.update_configuration, function.update_function_code
    add_statement = policy.add_statement

    def created(this: Any, account_id: str, spec: dict[str, Any], *arguments: Any, **given: Any) -> None:
        create(this, account_id, spec, *arguments, **given)
        this.logging_config = _logging(this, spec.get("LoggingConfig") or {})

    def configuration(this: Any, on_create: bool = False) -> dict[str, Any]:
        return {**shown(this, on_create), "LoggingConfig": this.logging_config}

    def configured(this: Any, changes: dict[str, Any]) -> dict[str, Any]:
        if "LoggingConfig" in changes:
            this.logging_config = _logging(this, changes["LoggingConfig"])
        if "ImageConfig" in changes:
            this.image_config = ImageConfig(changes["ImageConfig"])
        configure(this, changes)
        this.last_modified = iso_8601_datetime_with_nanoseconds()
        return configuration(this)

    def recoded(this: Any, spec: dict[str, Any]) -> dict[str, Any]:
        this.architectures = spec.get("Architectures") or this.architectures
        recode(this, spec)
        this.last_modified = iso_8601_datetime_with_nanoseconds()
        return configuration(this)

    def add_once(this: Any, raw: str, qualifier: str | None = None) -> Any:
        """https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html"""
        added = json.loads(raw).get("StatementId")
        if added in [statement.get("Sid") for statement in this.statements]:
            msg = f"The statement id ({added}) provided already exists. Please provide a new statement id"
            raise LambdaClientError("ResourceConflictException", msg)
        return add_statement(this, raw, qualifier)

    backend: Any = LambdaBackend
    put_invocation = backend.put_function_event_invoke_config

    def replace_invocation(this: Any, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
        this.get_function(function_name).event_invoke_config.clear()
        return put_invocation(this, function_name, config)

    backend.put_function_event_invoke_config = replace_invocation
    function.__init__, function.get_configuration = created, configuration
    function.update_configuration, function.update_function_code = configured, recoded
    policy.add_statement = add_once


def _logging(function: Any, given: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html"""
    return {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}", **given}
