"""Security groups and their rules."""

import ipaddress
from collections.abc import Callable
from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS, Ec2Kind, ec2_object, first
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import AutoName, Handler, Rule, changed, pattern, pick
from slipway.localcloud.providers.values import Props, block, items

_GROUP = Ec2Kind("SecurityGroup", id="GroupId")
_FIELDS = {"GroupName": "name", "Description": "description", "VpcId": "vpcId"}
_TEXT = r"[\w .:/()#,@\[\]+=&;{}!$*-]{0,255}"
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html"""


def _described(call: AwsCall, id_: str) -> Props:
    return _GROUP.described(call, id_) or {}


def _group(call: AwsCall, found: Props, old: Props) -> Props:
    # Only where the program manages them here: rules of their own would show as drift otherwise.
    return {name: value for name, value in _rules(found).items() if old.get(name)}


def _rules(found: Props) -> Props:
    return {
        "ingress": [_block(one) for one in found["IpPermissions"]],
        "egress": [_block(one) for one in found["IpPermissionsEgress"]],
    }


def _block(permission: Props) -> Props:
    block: Props = {
        "protocol": permission["IpProtocol"],
        "fromPort": permission.get("FromPort", 0),
        "toPort": permission.get("ToPort", 0),
        "cidrBlocks": [one["CidrIp"] for one in items(permission.get("IpRanges"))],
        "ipv6CidrBlocks": [one["CidrIpv6"] for one in items(permission.get("Ipv6Ranges"))],
        "securityGroups": [one["GroupId"] for one in items(permission.get("UserIdGroupPairs"))],
        "prefixListIds": [one["PrefixListId"] for one in items(permission.get("PrefixListIds"))],
    }
    return {key: value for key, value in block.items() if value != []}


def _permission(block: Props, own: str) -> Props:
    groups = [*items(block.get("securityGroups")), *([own] if block.get("self") else [])]
    protocol = str(block["protocol"])
    permission: Props = {"IpProtocol": "-1" if protocol == "all" else protocol}
    if permission["IpProtocol"] != "-1":
        permission.update(FromPort=block["fromPort"], ToPort=block["toPort"])
    text = {"Description": block["description"]} if block.get("description") else {}
    ranges = {
        "IpRanges": [{"CidrIp": one, **text} for one in items(block.get("cidrBlocks"))],
        "Ipv6Ranges": [{"CidrIpv6": one, **text} for one in items(block.get("ipv6CidrBlocks"))],
        "UserIdGroupPairs": [{"GroupId": one, **text} for one in groups],
        "PrefixListIds": [{"PrefixListId": one, **text} for one in items(block.get("prefixListIds"))],
    }
    return {**permission, **{key: value for key, value in ranges.items() if value}}


def _configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    ec2 = call.client("ec2")
    if not old:
        # EC2 gives a new group leave to send everything anywhere; Pulumi's provider takes that back.
        _revoke_all(ec2, _described(call, id_), egress=True)
    for name in ("ingress", "egress"):
        if changed(old, new, name) and (old.get(name) or new.get(name)):
            _revoke_all(ec2, _described(call, id_), egress=name == "egress")
            blocks = [_permission(one, id_) for one in items(new.get(name))]
            if blocks:
                authorize = getattr(ec2, f"authorize_security_group_{name}")
                authorize(GroupId=id_, IpPermissions=blocks)


def _revoke_all(ec2: Any, group: Props, *, egress: bool) -> None:
    permissions = group["IpPermissionsEgress" if egress else "IpPermissions"]
    if permissions:
        revoke = ec2.revoke_security_group_egress if egress else ec2.revoke_security_group_ingress
        revoke(GroupId=group["GroupId"], IpPermissions=permissions)


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    if state.get("revokeRulesOnDelete"):
        group = _described(call, id_)
        _revoke_all(call.client("ec2"), group, egress=True)
        _revoke_all(call.client("ec2"), group, egress=False)
    call.client("ec2").delete_security_group(GroupId=id_)


def _find(call: AwsCall, inputs: Props) -> str | None:
    filters = [{"Name": "group-name", "Values": [inputs["name"]]}]
    if inputs.get("vpcId"):
        filters.append({"Name": "vpc-id", "Values": [inputs["vpcId"]]})
    found = call.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return first([one["GroupId"] for one in found])


def _default_find(call: AwsCall, inputs: Props) -> str | None:
    return _find(call, {"name": "default", **inputs})


def _default_create(call: AwsCall, inputs: Props) -> str:
    """Take over the VPC's own default group, which nothing can create, and empty it."""
    id_ = _default_find(call, inputs)
    if id_ is None:
        raise ProviderError(f"{inputs.get('vpcId') or 'the default VPC'} has no default security group")
    _revoke_all(call.client("ec2"), _described(call, id_), egress=False)
    if tags.wanted(inputs):
        call.client("ec2").create_tags(Resources=[id_], Tags=tags.pairs(tags.wanted(inputs)))
    return id_


def _default_group(call: AwsCall, found: Props, old: Props) -> Props:
    # This type's promise is that the group has exactly these rules, so both directions are always read.
    return _rules(found)


def _default_delete(call: AwsCall, id_: str, state: Props) -> None:
    """Leave the group where it is: it goes with its VPC."""


def _rule_permission(inputs: Props) -> Props:
    block = {
        "protocol": inputs["ipProtocol"],
        "fromPort": inputs.get("fromPort"),
        "toPort": inputs.get("toPort", inputs.get("fromPort")),
        "cidrBlocks": [inputs["cidrIpv4"]] if inputs.get("cidrIpv4") else [],
        "ipv6CidrBlocks": [inputs["cidrIpv6"]] if inputs.get("cidrIpv6") else [],
        "securityGroups": [inputs["referencedSecurityGroupId"]]
        if inputs.get("referencedSecurityGroupId")
        else [],
        "prefixListIds": [inputs["prefixListId"]] if inputs.get("prefixListId") else [],
        "description": inputs.get("description"),
    }
    return _permission(block, "")


def _rule_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    filters = [{"Name": "security-group-rule-id", "Values": [id_]}]
    listed: list[Props] = call.client("ec2").describe_security_group_rules(Filters=filters)[
        "SecurityGroupRules"
    ]
    found = first([one for one in listed if one["SecurityGroupRuleId"] == id_])
    if found is None:
        return None
    any_port = str(found["IpProtocol"]) == "-1"
    return {
        "securityGroupRuleId": id_,
        "arn": call.arn("ec2", f"security-group-rule/{id_}"),
        "securityGroupId": found["GroupId"],
        "ipProtocol": found["IpProtocol"],
        "fromPort": None if any_port else found.get("FromPort"),
        "toPort": None if any_port else found.get("ToPort"),
        "cidrIpv4": found.get("CidrIpv4"),
        "cidrIpv6": found.get("CidrIpv6"),
        "prefixListId": found.get("PrefixListId"),
        "referencedSecurityGroupId": block(found.get("ReferencedGroupInfo")).get("GroupId"),
        "description": found.get("Description"),
        "tagsAll": tags.unpaired(found.get("Tags")),
    }


def _is_cidr(value: Any) -> bool:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return False
    return True


_RULE_PARAMETERS = {
    "CidrIpv4": "cidrIpv4",
    "CidrIpv6": "cidrIpv6",
    "PrefixListId": "prefixListId",
    "ReferencedGroupId": "referencedSecurityGroupId",
    "Description": "description",
}
_RULE_SHAPE = (
    "ipProtocol",
    "fromPort",
    "toPort",
    "cidrIpv4",
    "cidrIpv6",
    "prefixListId",
    "referencedSecurityGroupId",
)


def _rule_create(direction: str) -> Callable[[AwsCall, Props], str]:
    def create(call: AwsCall, inputs: Props) -> str:
        authorize = getattr(call.client("ec2"), f"authorize_security_group_{direction}")
        made = authorize(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_rule_permission(inputs)],
            TagSpecifications=tags.specification(call, "security-group-rule", inputs),
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    return create


def _rule_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if not old or not any(changed(old, new, name) for name in (*_RULE_SHAPE, "description")):
        return
    rule: Props = {"IpProtocol": new["ipProtocol"], "FromPort": new.get("fromPort", -1)}
    rule["ToPort"] = new.get("toPort", rule["FromPort"])
    call.client("ec2").modify_security_group_rules(
        GroupId=new["securityGroupId"],
        SecurityGroupRules=[
            {"SecurityGroupRuleId": id_, "SecurityGroupRule": {**rule, **pick(new, _RULE_PARAMETERS)}}
        ],
    )


def _rule_delete(direction: str) -> Callable[[AwsCall, str, Props], None]:
    def delete(call: AwsCall, id_: str, state: Props) -> None:
        found = _rule_read(call, id_, state)
        if found is not None:
            revoke = getattr(call.client("ec2"), f"revoke_security_group_{direction}")
            revoke(GroupId=found["securityGroupId"], SecurityGroupRuleIds=[id_])

    return delete


def _rule_find(direction: str) -> Callable[[AwsCall, Props], str | None]:
    def find(call: AwsCall, inputs: Props) -> str | None:
        filters = [{"Name": "group-id", "Values": [inputs["securityGroupId"]]}]
        listed = call.client("ec2").describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        for one in listed:
            state = _rule_read(call, one["SecurityGroupRuleId"], {}) or {}
            same = all(state.get(name) == inputs.get(name) for name in _RULE_SHAPE)
            if same and one["IsEgress"] == (direction == "egress"):
                return str(one["SecurityGroupRuleId"])
        return None

    return find


def _rule_handler(direction: str) -> Handler[AwsCall]:
    kind = direction.capitalize()
    return Handler[AwsCall](
        token=f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule",
        source=f"{DOCS}/vpc_security_group_{direction}_rule",
        create=_rule_create(direction),
        read=_rule_read,
        configure=_rule_configure,
        delete=_rule_delete(direction),
        find=_rule_find(direction),
        tagger=tags.EC2,
        rules=(
            Rule(name="cidrIpv4", reason="must be a network without host bits", accepts=_is_cidr),
            Rule(name="cidrIpv6", reason="must be a network without host bits", accepts=_is_cidr),
        ),
    )


HANDLERS = (
    ec2_object(
        _GROUP,
        token="aws:ec2/securityGroup:SecurityGroup",
        page="security_group",
        fields=_FIELDS,
        state=_group,
        configure=_configure,
        delete=_delete,
        find=_find,
        name=AutoName(longest=255, unless="namePrefix"),
        natural=("name", "vpcId"),
        defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
        rules=(
            pattern(
                "name",
                r"(?!sg-)" + _TEXT.replace("0,255", "1,255"),
                "must not begin with sg-; 1 to 255 characters",
            ),
            pattern(
                "description",
                _TEXT,
                "must be at most 255 letters, digits, spaces or any of ._-:/()#,@[]+=&;{}!$*",
            ),
        ),
    ),
    ec2_object(
        _GROUP,
        token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        page="default_security_group",
        fields=_FIELDS,
        create=_default_create,
        state=_default_group,
        configure=_configure,
        delete=_default_delete,
        find=_default_find,
        natural=("vpcId",),
        defaults={"revokeRulesOnDelete": False},
    ),
    _rule_handler("ingress"),
    _rule_handler("egress"),
)
