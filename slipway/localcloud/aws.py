"""AWS by moto: one WSGI application, its requests one after another, and what it holds counted."""

import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from slipway.localcloud import moto_fixes
from slipway.localcloud.cloud import ACCOUNT

WARM = ("iam", "sts", "ec2", "s3", "ecr", "kms", "logs", "ssm", "secretsmanager", "eks")

# These call back into the server, and so must not hold the lock.
_UNLOCKED = frozenset({"lambda", "stepfunctions", "events"})


class Aws:
    """moto behind one lock: its backends are plain dictionaries, which parallel creates would corrupt."""

    def __init__(self) -> None:
        def create_app(service: Any) -> Any:
            moto_fixes.apply(str(service))
            return create_backend_app(service)

        self.lock = threading.RLock()
        """Whoever reads or changes moto's state without a request holds it too."""
        self._app = DomainDispatcherApplication(create_app)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        service = _service(environ)
        if service in _UNLOCKED or (service == "sqs" and _waits(environ)):
            return self._app(environ, start_response)
        with self.lock:
            return self._app(environ, start_response)

    def warm(self) -> None:
        """Load the services that every stack uses; the first request to each would pay for it otherwise."""
        for service in WARM:
            time.sleep(0.1)  # a lock is not fair: whoever asks meanwhile gets it here
            with self.lock:
                self._app.get_application(
                    {"PATH_INFO": "/", "HTTP_HOST": "127.0.0.1", "HTTP_AUTHORIZATION": _signature(service)}
                )

    def counts(self) -> dict[str, int]:
        """How many of each type exist, over all regions; only what a client has used is looked at."""
        with self.lock:
            found = {label: _count(module, read) for label, module, read in _COUNTED}
        return {label: number for label, number in found.items() if number}


def _signature(service: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/{service}/aws4_request, SignedHeaders=host"


def _service(environ: WSGIEnvironment) -> str:
    """The service in the signature's scope: `Credential=<key>/<date>/<region>/<service>/aws4_request`."""
    scope = str(environ.get("HTTP_AUTHORIZATION", "")).split(",")[0].split("/")
    return scope[3].lower() if len(scope) == 5 else ""


def _waits(environ: WSGIEnvironment) -> bool:
    """Whether an SQS request may poll for long, which it must not do with the lock held."""
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    return not target or target.endswith(".ReceiveMessage")


def _count(module: str, read: Callable[[Any], int]) -> int:
    models = sys.modules.get(f"moto.{module}.models")
    if models is None:
        return 0
    # The one service whose backends are not named like its module: moto.awslambda has lambda_backends.
    regions = getattr(models, f"{module.removeprefix('aws')}_backends")[ACCOUNT]
    return sum(read(backend) for backend in list(regions.values()))


def _customer_policies(backend: Any) -> int:
    return sum(1 for arn in backend.managed_policies if ":iam::aws:" not in arn)


def _node_groups(backend: Any) -> int:
    return sum(len(cluster.nodegroups) for cluster in backend.clusters.values())


def _subnets(backend: Any) -> int:
    return sum(1 for zone in backend.subnets.values() for one in zone.values() if not one.default_for_az)


def _vpcs(backend: Any) -> int:
    return sum(1 for vpc in backend.vpcs.values() if not vpc.is_default)


def _security_groups(backend: Any) -> int:
    own = (group for groups in backend.groups.values() for group in groups.values())
    return sum(1 for group in own if group.name != "default")


_COUNTED: tuple[tuple[str, str, Callable[[Any], int]], ...] = (
    ("IAM OIDC providers", "iam", lambda held: len(held.open_id_providers)),
    ("IAM roles", "iam", lambda held: len(held.roles)),
    ("IAM policies", "iam", _customer_policies),
    ("IAM instance profiles", "iam", lambda held: len(held.instance_profiles)),
    ("VPCs", "ec2", _vpcs),
    ("Subnets", "ec2", _subnets),
    ("Security groups", "ec2", _security_groups),
    ("NAT gateways", "ec2", lambda held: sum(one.state == "available" for one in held.nat_gateways.values())),
    (
        "VPC endpoints",
        "ec2",
        lambda held: sum(one.state == "available" for one in held.vpc_end_points.values()),
    ),
    ("Launch templates", "ec2", lambda held: len(held.launch_templates)),
    ("Running instances", "ec2", lambda held: len(held.all_running_instances())),
    ("Auto Scaling groups", "autoscaling", lambda held: len(held.autoscaling_groups)),
    ("Functions", "awslambda", lambda held: len(held.list_functions())),
    ("HTTP APIs", "apigatewayv2", lambda held: len(held.apis)),
    ("Queues", "sqs", lambda held: len(held.queues)),
    ("Tables", "dynamodb", lambda held: len(held.tables)),
    ("Schedules", "scheduler", lambda held: sum(len(one.schedules) for one in held.schedule_groups.values())),
    ("Alarms", "cloudwatch", lambda held: len(held.alarms)),
    ("ECR repositories", "ecr", lambda held: len(held.repositories)),
    ("EKS clusters", "eks", lambda held: len(held.clusters)),
    ("EKS node groups", "eks", _node_groups),
    ("KMS keys", "kms", lambda held: sum(one.key_state == "Enabled" for one in held.keys.values())),
    ("S3 buckets", "s3", lambda held: len(held.buckets)),
    ("SSM parameters", "ssm", lambda held: len(held._parameters)),
    ("Secrets", "secretsmanager", lambda held: len(held.secrets)),
    ("Log groups", "logs", lambda held: len(held.groups)),
)
