"""Resource types of Lambda."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:lambda/function:Function",
        source=f"{TERRAFORM_AWS}/lambda/function.go",
        replace_on=names("name packageType"),
        computed=names(
            "architectures arn codeSha256 ephemeralStorage invokeArn lastModified loggingConfig "
            "loggingConfig.applicationLogLevel loggingConfig.logGroup "
            "loggingConfig.systemLogLevel name qualifiedArn qualifiedInvokeArn sourceCodeHash "
            "sourceCodeSize tracingConfig version"
        ),
        required=names("role"),
        actions=Actions(
            create=qualified("lambda", "CreateFunction PutFunctionConcurrency TagResource"),
            read=qualified("lambda", "GetFunction GetFunctionCodeSigningConfig ListVersionsByFunction"),
            update=qualified(
                "lambda",
                "DeleteFunctionConcurrency PutFunctionConcurrency TagResource UntagResource "
                "UpdateFunctionCode UpdateFunctionConfiguration",
            ),
            delete=qualified("lambda", "DeleteFunction"),
            on=("arn:aws:lambda:{region}:{account}:function:{name}",),
        ),
    ),
    ResourceType(
        token="aws:lambda/permission:Permission",
        source=f"{TERRAFORM_AWS}/lambda/permission.go",
        replace_on=names(
            "invokedViaFunctionUrl action eventSourceToken function functionUrlAuthType principal "
            "principalOrgId "
            "qualifier sourceAccount sourceArn statementId statementIdPrefix"
        ),
        computed=names("statementId"),
        required=names("action function principal"),
        actions=Actions(
            create=qualified("lambda", "AddPermission"),
            read=qualified("lambda", "GetPolicy"),
            delete=qualified("lambda", "RemovePermission"),
            on=("arn:aws:lambda:{region}:{account}:function:{function}",),
        ),
    ),
    ResourceType(
        token="aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        source=f"{TERRAFORM_AWS}/lambda/function_event_invoke_config.go",
        replace_on=names("functionName qualifier"),
        required=names("functionName"),
        actions=Actions(
            create=qualified("lambda", "PutFunctionEventInvokeConfig"),
            read=qualified("lambda", "GetFunctionEventInvokeConfig"),
            update=qualified("lambda", "PutFunctionEventInvokeConfig UpdateFunctionEventInvokeConfig"),
            delete=qualified("lambda", "DeleteFunctionEventInvokeConfig"),
            on=("arn:aws:lambda:{region}:{account}:function:{functionName}",),
        ),
    ),
    ResourceType(
        token="aws:lambda/eventSourceMapping:EventSourceMapping",
        source=f"{TERRAFORM_AWS}/lambda/event_source_mapping.go",
        replace_on=names("selfManagedEventSource eventSourceArn startingPosition startingPositionTimestamp"),
        computed=names(
            "arn functionArn lastModified lastProcessingResult maximumBatchingWindowInSeconds "
            "state stateTransitionReason uuid"
        ),
        required=names("eventSourceArn functionName"),
        unordered=names("functionResponseTypes"),
        actions=Actions(
            create=qualified("lambda", "CreateEventSourceMapping TagResource"),
            read=qualified("lambda", "GetEventSourceMapping ListTags"),
            update=qualified("lambda", "TagResource UntagResource UpdateEventSourceMapping"),
            delete=qualified("lambda", "DeleteEventSourceMapping"),
            on=("arn:aws:lambda:{region}:{account}:event-source-mapping:x",),
        ),
    ),
)
