"""The in-cluster Secret with a service's database address, under the name and key that its chart expects."""

import re
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as kubernetes

from slipway.errors import SlipwayError

_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123 label
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")  # RFC 1123 subdomain
_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}")  # Kubernetes, "Constraints on Secret names and data"


@dataclass(frozen=True, kw_only=True)
class DatabaseSecretArgs:
    """Where the Secret lies and what it holds; the SDK makes a secret of `value` whatever is passed."""

    namespace: pulumi.Input[str]
    name: str
    key: str
    value: pulumi.Output[str] = field(repr=False)

    def __post_init__(self) -> None:
        """Raise SlipwayError for what the API server would refuse, and for a value in clear."""
        where = f"secret {self.name}"
        if isinstance(self.namespace, str) and not _NAMESPACE.fullmatch(self.namespace):
            raise SlipwayError(f"{self.namespace!r} cannot be a namespace", where=where, fix="use a-z 0-9 -")
        if not _NAME.fullmatch(self.name):
            raise SlipwayError(f"{self.name!r} cannot be a Secret's name", where=where, fix="use a-z 0-9 - .")
        if not _KEY.fullmatch(self.key):
            raise SlipwayError(f"{self.key!r} cannot be a key", where=where, fix="use A-Z a-z 0-9 . _ -")
        if isinstance(self.value, str):
            raise SlipwayError(
                "the database address is in clear",
                where=where,
                fix="set it with `pulumi config set --secret` and pass the secret output",
            )


class DatabaseSecret(pulumi.ComponentResource):
    """The Secret, by name; its value is no output of this."""

    name: pulumi.Output[str]

    def __init__(
        self, name: str, args: DatabaseSecretArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:state:DatabaseSecret", name, {}, opts)
        secret = kubernetes.core.v1.Secret(
            f"{name}-secret",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(name=args.name, namespace=args.namespace),
            type="Opaque",
            string_data={args.key: args.value},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = pulumi.Output.all(args.name, secret.id).apply(lambda known: str(known[0]))
        self.register_outputs({"name": self.name})
