"""What families of AWS types have alike, so that a type says only how it differs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.handler import Handler, Rule, pick, written
from slipway.localcloud.providers.values import Props
from slipway.platform.resource_types import row_of

DOCS = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources"
_GONE = ("deleted", "deleting")
"""States in which EC2 goes on to describe some kinds of objects for about an hour."""

State = Callable[[AwsCall, Props], Props]


def first(listed: list[Any]) -> Any:
    return listed[0] if listed else None


def is_json_text(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip().startswith("{")


def json_policy(name: str = "policy") -> Rule:
    return Rule(name=name, reason="must be a JSON policy document", accepts=is_json_text)


# --- objects of EC2 ---


@dataclass(frozen=True)
class Ec2Kind:
    """A kind of EC2 object, whose calls differ by its name alone: create_subnet, describe_subnets and so on.

    Args:
        noun: `Subnet`, as answers have it.
        tag: its word in TagSpecifications and ARNs where that is not `noun` with hyphens.
        id: where an answer has its id, if not under `SubnetId`.
        plural: where not `Subnets`.
    """

    noun: str
    tag: str = ""
    id: str = ""
    plural: str = ""

    @property
    def kind(self) -> str:
        return self.tag or _words(self.noun, "-")

    @property
    def id_key(self) -> str:
        return self.id or f"{self.noun}Id"

    @property
    def all_key(self) -> str:
        return self.plural or f"{self.noun}s"

    def specification(self, call: AwsCall, inputs: Props) -> list[Props]:
        return tags.specification(call, self.kind, inputs)

    def listed(self, call: AwsCall, **which: Any) -> list[Props]:
        """What EC2 describes and has not deleted. Raises botocore's ClientError for an id that is unknown."""
        describe = getattr(call.client("ec2"), f"describe_{_words(self.all_key, '_')}")
        described: list[Props] = describe(**which)[self.all_key]
        return [item for item in described if str(item.get("State", "")).lower() not in _GONE]

    def described(self, call: AwsCall, id_: str) -> Props | None:
        return first(self.listed(call, **{f"{self.id_key}s": [id_]}))

    def stamped(self, call: AwsCall) -> list[Props]:
        """What was made for this URN."""
        # moto knows no such filter of some kinds, and then lists all.
        listed = self.listed(call, Filters=tags.stamped(call))
        return [item for item in listed if tags.is_stamped(call, item.get("Tags"))]

    def find(self, call: AwsCall, inputs: Props) -> str | None:
        """The id of what was made for this URN."""
        return first([item[self.id_key] for item in self.stamped(call)])

    def delete(self, call: AwsCall, id_: str, state: Props) -> None:
        if self.described(call, id_) is not None:
            getattr(call.client("ec2"), f"delete_{_words(self.noun, '_')}")(**{self.id_key: id_})


def ec2_object(
    kind: Ec2Kind,
    *,
    token: str,
    page: str,
    fields: Mapping[str, str] | None = None,
    state: Callable[[AwsCall, Props, Props], Props] | None = None,
    **more: Any,
) -> Handler[AwsCall]:
    """An object of EC2 that one call makes with its tags, and that is found again by its stamp.

    Args:
        fields: parameters of the create call by property; an answer has them under the same names.
        state: more of the state, from what EC2 describes and the last known state.
        more: further fields of the handler, and other functions in place of these.
    """
    row = row_of(token)
    parameters = fields or {}

    def create(call: AwsCall, inputs: Props) -> str:
        make = getattr(call.client("ec2"), f"create_{_words(kind.noun, '_')}")
        answer = make(**pick(inputs, parameters), TagSpecifications=kind.specification(call, inputs))
        return str(answer.get(kind.noun, answer)[kind.id_key])

    def read(call: AwsCall, id_: str, old: Props) -> Props | None:
        described = kind.described(call, id_)
        if described is None:
            return None
        facts: Props = {
            "arn": call.arn("ec2", f"{kind.kind}/{id_}"),
            "ownerId": described.get("OwnerId", call.account),
        }
        return {
            **{name: fact for name, fact in facts.items() if row is not None and name in row.computed},
            **{name: described.get(parameter) for parameter, name in parameters.items()},
            **(state(call, described, old) if state else {}),
            "tagsAll": tags.unpaired(described.get("Tags")),
        }

    functions: Props = {"create": create, "read": read, "delete": kind.delete, "find": kind.find}
    return Handler[AwsCall](token=token, source=f"{DOCS}/{page}", tagger=tags.EC2, **{**functions, **more})


def _words(name: str, between: str) -> str:
    """`NatGateways`, `_` -> `nat_gateways`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", between, name).lower()


# --- documents and settings of something else ---


def part(
    *,
    token: str,
    page: str,
    service: str,
    where: Mapping[str, str],
    put: str,
    get: str,
    drop: str,
    fields: Mapping[str, str] | None = None,
    given: Callable[[Props], Props] | None = None,
    state: State | None = None,
    **more: Any,
) -> Handler[AwsCall]:
    """A part of something else, which the names of both tell: one call writes it, one reads, one removes it.

    Args:
        where: the parameters that say which, by property; with colons between them they are the id.
        put, get, drop: boto3's names of the calls.
        fields: the other parameters by property; an answer has them under the same names.
        given: those parameters, where a table cannot tell them.
        state: more of the state, from the answer.
        more: further fields of the handler.
    """
    parameters = fields or {}

    def arguments(id_: str) -> Props:
        return dict(zip(where, id_.split(":", len(where) - 1), strict=True))

    def write(call: AwsCall, inputs: Props) -> None:
        which = {parameter: inputs[name] for parameter, name in where.items()}
        settings = given(inputs) if given else pick(inputs, parameters)
        getattr(call.client(service), put)(**which, **settings)

    def read(call: AwsCall, id_: str, old: Props) -> Props:
        which = arguments(id_)
        answer: Props = getattr(call.client(service), get)(**which)
        return {
            **{name: which[parameter] for parameter, name in where.items()},
            **{name: answer.get(parameter) for parameter, name in parameters.items()},
            **(state(call, answer) if state else {}),
        }

    def delete(call: AwsCall, id_: str, old: Props) -> None:
        getattr(call.client(service), drop)(**arguments(id_))

    functions: Props = {"write": write, "read": read, "delete": delete}
    return written(
        token=token,
        source=f"{DOCS}/{page}",
        key=":".join(f"{{{name}}}" for name in where.values()),
        natural=tuple(where.values()),
        **{**functions, **more},
    )
