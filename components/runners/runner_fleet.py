"""A fleet of self-hosted runners: an address for webhooks and instances, a planner, groups of machines."""

import pulumi
import pulumi_aws as aws

from components.runners.alarms import declare_alarms
from components.runners.args import RunnerFleetArgs
from components.runners.classes import RunnerClass, RunnerClassArgs
from components.runners.dashboard import declare_dashboard
from components.runners.edge import declare_edge
from components.runners.functions import declare_functions
from components.runners.queue import declare_mapping, declare_queue
from components.runners.schedule import declare_tick
from components.runners.secrets import declare_token_key, declare_webhook_secret
from components.runners.store import declare_settings, declare_table


class RunnerFleet(pulumi.ComponentResource):
    """The fleet. `webhook_url` is where the GitHub App sends its events, `endpoint` the API's address.

    The App's private key is in KMS and the webhook's secret in Secrets Manager; `slipway runners app create`
    puts both there, after the fleet is up. `instance_roles`, by class, are for the CICD role to depend on.
    """

    webhook_url: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    instance_roles: dict[str, aws.iam.Role]

    def __init__(self, name: str, args: RunnerFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:runners:RunnerFleet", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        queue = declare_queue(name, args, child)
        table = declare_table(name, args, child)
        declare_webhook_secret(name, args, child)
        declare_token_key(name, args, child)
        functions = declare_functions(name, args, queue.url, child)
        declare_mapping(name, queue, functions.planner, child)
        declare_tick(name, args, functions.planner, child)
        edge = declare_edge(name, args, functions, child)
        classes = {
            key: RunnerClass(f"{name}-{key}", RunnerClassArgs(fleet=args, name=key, edge=edge), opts=child)
            for key in args.classes
        }
        groups = {key: runner_class.runner_group_id for key, runner_class in classes.items()}
        declare_settings(name, args, table, groups, child)
        declare_alarms(name, args, child)
        declare_dashboard(name, args, child)
        self.endpoint = edge.endpoint
        self.webhook_url = edge.webhook_url
        self.instance_roles = {key: runner_class.role for key, runner_class in classes.items()}
        self.register_outputs({"webhookUrl": self.webhook_url, "endpoint": self.endpoint})
