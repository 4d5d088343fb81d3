"""The names of a fleet, and ARNs computed from them, so that policies are known before anything exists."""

import re
from dataclasses import dataclass

from slipway.errors import SlipwayError
from slipway.platform import aws_names, naming

FLEET_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
LONGEST_NAME = 20
"""Of a fleet and of a class: `runner-<fleet>-<class>` is a role, and IAM takes 64 characters (CreateRole)."""

RESERVED_NAMES = ("runner", "runners")
"""How no class's name may begin: the fleet's own parts do."""

FUNCTIONS = ("webhook", "planner", "claim", "finish")


@dataclass(frozen=True, kw_only=True)
class FleetNames:
    """One fleet in one account and region."""

    fleet: str
    account: str
    region: str

    def __post_init__(self) -> None:
        """Raise SlipwayError for a name that would not fit into those made of it."""
        where = f"runner fleet {self.fleet}"
        if not FLEET_NAME.fullmatch(self.fleet) or len(self.fleet) > LONGEST_NAME:
            raise SlipwayError(
                f"{self.fleet!r} cannot be a fleet's name",
                where=where,
                fix=f"use at most {LONGEST_NAME} of a-z 0-9 -",
            )
        aws_names.check_account(self.account, where)
        aws_names.check_region(self.region, where)

    @property
    def prefix(self) -> str:
        """How every name of the fleet begins."""
        return f"slipway-{self.fleet}"

    @property
    def table(self) -> str:
        """The state table."""
        return f"{self.prefix}-runners"

    @property
    def table_arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.table}"

    @property
    def queue(self) -> str:
        """The queue of events."""
        return f"{self.prefix}-runner-events"

    @property
    def dead_letters(self) -> str:
        """The queue of messages that were given up."""
        return f"{self.queue}-dead"

    @property
    def queue_arn(self) -> str:
        """ARN of the queue of events."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.queue}"

    @property
    def dead_letters_arn(self) -> str:
        """ARN of the queue of dead letters."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.dead_letters}"

    @property
    def api(self) -> str:
        """The HTTP API, the schedule group and the dashboard."""
        return f"{self.prefix}-runners"

    @property
    def tick(self) -> str:
        """The schedule, and its role."""
        return f"{self.prefix}-runner-tick"

    @property
    def schedule_group_arn(self) -> str:
        """ARN of the schedule's own group."""
        return f"arn:aws:scheduler:{self.region}:{self.account}:schedule-group/{self.api}"

    @property
    def webhook_secret(self) -> str:
        """The secret that GitHub signs its webhooks with."""
        return f"{self.prefix}-runner-webhook"

    @property
    def webhook_secret_arn(self) -> str:
        """Its ARN as a pattern: Secrets Manager adds a hyphen and six characters of its own to the name
        (Secrets Manager User Guide, "Secret ARN")."""
        return f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{self.webhook_secret}-??????"

    @property
    def app_key(self) -> str:
        """Alias of the key that signs as the GitHub App; `slipway runners app create` makes it."""
        return f"alias/{self.prefix}-runner-app"

    @property
    def token_key(self) -> str:
        """Alias of the key that the shared installation token is encrypted with."""
        return f"alias/{self.prefix}-runner-tokens"

    @property
    def keys_arn(self) -> str:
        """Every key: a key's own id is random, so policies tell them apart by `kms:RequestAlias`."""
        return f"arn:aws:kms:{self.region}:{self.account}:key/*"

    @property
    def image_role(self) -> str:
        """The role of the job that builds runner images."""
        return f"{self.prefix}-runner-image"

    @property
    def image_build_role(self) -> str:
        """The role of the machine that an image is built on, and its profile: it is reached, and no more."""
        return f"{self.image_role}-build"

    @property
    def image_build_role_arn(self) -> str:
        """ARN of that role."""
        return naming.role_arn(self.account, self.image_build_role, naming.RUNNER_PATH)

    @property
    def image_build_profile_arn(self) -> str:
        """ARN of that profile."""
        return f"arn:aws:iam::{self.account}:instance-profile{naming.RUNNER_PATH}{self.image_build_role}"

    @property
    def image_build_group(self) -> str:
        """The security group that images are built in: its name, and its tag `Name`."""
        return f"{self.prefix}-runners-image-build"

    @property
    def boot_logs_arn(self) -> str:
        """The streams of all boot log groups of this fleet."""
        group = f"/slipway/runners/{self.fleet}/*"
        return f"arn:aws:logs:{self.region}:{self.account}:log-group:{group}"

    def function(self, area: str) -> str:
        """A function; its role has the same name."""
        return f"{self.prefix}-runner-{area}"

    def function_arn(self, area: str) -> str:
        """ARN of a function."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.function(area)}"

    def function_role_arn(self, area: str) -> str:
        """ARN of a function's role."""
        return naming.role_arn(self.account, self.function(area), naming.RUNNER_PATH)

    def function_logs(self, area: str) -> str:
        """The log group that Lambda writes to unless it is told otherwise."""
        return f"/aws/lambda/{self.function(area)}"

    def function_logs_arn(self, area: str) -> str:
        """The streams of a function's log group."""
        return f"arn:aws:logs:{self.region}:{self.account}:log-group:{self.function_logs(area)}:*"

    def group(self, name: str) -> str:
        """A class's Auto Scaling group, launch template and GitHub runner group."""
        return f"{self.prefix}-{name}"

    def group_arn(self, name: str) -> str:
        """A group's ARN as a pattern: Auto Scaling puts a random id before the name
        (Service Authorization Reference, list_amazonec2autoscaling)."""
        named = f"autoScalingGroupName/{self.group(name)}"
        return f"arn:aws:autoscaling:{self.region}:{self.account}:autoScalingGroup:*:{named}"

    def instance_role(self, name: str) -> str:
        """The role of a class's instances, and its profile."""
        return naming.runner_role(self.fleet, name)

    def instance_role_arn(self, name: str) -> str:
        """ARN of that role."""
        return naming.role_arn(self.account, self.instance_role(name), naming.RUNNER_PATH)

    def boot_logs(self, name: str) -> str:
        """Where `finish` writes what an instance tells at its end."""
        return f"/slipway/runners/{self.fleet}/{name}"
