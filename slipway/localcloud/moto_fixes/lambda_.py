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

    def created(found: Any, account_id: str, spec: dict[str, Any], *arguments: Any, **given: Any) -> None:
        create(found, account_id, spec, *arguments, **given)
        found.logging_config = _logging(found, spec.get("LoggingConfig") or {})

    def configuration(found: Any, on_create: bool = False) -> dict[str, Any]:
        return {**shown(found, on_create), "LoggingConfig": found.logging_config}

    def configured(found: Any, changes: dict[str, Any]) -> dict[str, Any]:
        if "LoggingConfig" in changes:
            found.logging_config = _logging(found, changes["LoggingConfig"])
        if "ImageConfig" in changes:
            found.image_config = ImageConfig(changes["ImageConfig"])
        configure(found, changes)
        found.last_modified = iso_8601_datetime_with_nanoseconds()
        return configuration(found)

    def recoded(found: Any, spec: dict[str, Any]) -> dict[str, Any]:
        found.architectures = spec.get("Architectures") or found.architectures
        recode(found, spec)
        found.last_modified = iso_8601_datetime_with_nanoseconds()
        return configuration(found)

    def add_once(held: Any, raw: str, qualifier: str | None = None) -> Any:
        """https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html"""
        added = json.loads(raw).get("StatementId")
        if added in [statement.get("Sid") for statement in held.statements]:
            msg = f"The statement id ({added}) provided already exists. Please provide a new statement id"
            raise LambdaClientError("ResourceConflictException", msg)
        return add_statement(held, raw, qualifier)

    backend: Any = LambdaBackend
    put_invocation = backend.put_function_event_invoke_config

    def replace_invocation(held: Any, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
        held.get_function(function_name).event_invoke_config.clear()
        return put_invocation(held, function_name, config)

    backend.put_function_event_invoke_config = replace_invocation
    function.__init__, function.get_configuration = created, configuration
    function.update_configuration, function.update_function_code = configured, recoded
    policy.add_statement = add_once


def _logging(found: Any, given: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html"""
    return {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{found.function_name}", **given}
