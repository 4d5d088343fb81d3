"""Each danger in a plan is named, and none that is not there."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from slipway.engine.interface import KEPT, Op, PropertyChange, Result, Step
from slipway.stacks.risk_types import GUARDS, KEEPS, PROTECTS
from slipway.stacks.risks import risks
from slipway.stacks.summaries import summarize
from slipway.stacks.summary import Access

GROUP = "aws:ec2/securityGroup:SecurityGroup"
RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
CLUSTER = "aws:eks/cluster:Cluster"
ROLE = "aws:iam/role:Role"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
QUIET_TYPE = "aws:iam/role:Role"


def urn(name: str, type_: str = ROLE) -> str:
    return f"urn:pulumi:prod::shop::{type_}::{name}"


def step(
    op: Op,
    type_: str = QUIET_TYPE,
    *diff: PropertyChange,
    old: Any = None,
    new: Any = None,
    name: str = "it",
    parent: str = "",
    note: str = "",
) -> Step:
    return Step(op, urn(name, type_), type_, name, diff, note, parent, old, new)


def kinds(*steps: Step) -> list[str]:
    return [risk.kind for risk in risks(steps)]


def texts(*steps: Step) -> list[str]:
    return [risk.text for risk in risks(steps)]


@pytest.mark.parametrize("type_", sorted(KEEPS))
def test_what_keeps_something_is_named_when_it_goes_and_only_then(type_: str) -> None:
    why = PropertyChange("name", "update", "a", "b", forces_replace=True)
    assert kinds(step("delete", type_)) == ["data-deleted"]
    assert kinds(step("replace", type_, why)) == ["data-replaced"]
    assert "because of name" in texts(step("replace", type_, why))[0]
    assert kinds(step("delete", type_, note=KEPT)) == []
    harmless = PropertyChange("tags.team", "update", "a", "b")
    for op in ("update", "same", "import"):
        assert kinds(step(op, type_, harmless)) == []
    if type_ not in (CLUSTER, "eks:index:Cluster"):  # whose endpoint is open by default
        assert kinds(step("create", type_, new={"name": "x"})) == []


@pytest.mark.parametrize("type_", sorted(GUARDS))
def test_a_guard_that_goes_is_named(type_: str) -> None:
    assert kinds(step("delete", type_)) == ["protection-removed"]
    assert kinds(step("create", type_)) == []
    assert kinds(step("replace", type_)) == []


@pytest.mark.parametrize("path", sorted(PROTECTS))
def test_a_protection_that_ends_is_named_and_one_that_begins_is_not(path: str) -> None:
    good = PROTECTS[path]
    ends = [PropertyChange(path, "update", good, not good)]
    ends.append(PropertyChange(path, "delete", True) if good else PropertyChange(path, "add", None, True))
    begins = [PropertyChange(path, "update", not good, good)]
    begins.append(PropertyChange(path, "add", None, True) if good else PropertyChange(path, "delete", True))
    for change in ends:
        assert kinds(step("update", QUIET_TYPE, change)) == ["protection-removed"], change
    for change in begins:
        assert kinds(step("update", QUIET_TYPE, change)) == [], change
    assert kinds(step("delete", QUIET_TYPE, ends[0])) == []


def test_pulumis_own_protection_is_told_of_a_resource_that_is_otherwise_the_same() -> None:
    assert kinds(step("same", QUIET_TYPE, PropertyChange("protect", "update", True, False))) == [
        "protection-removed"
    ]


def sg(*rules: Any) -> dict[str, Any]:
    return {"ingress": [*rules]}


def rule(*cidrs: str, port: int = 22, v6: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": [*cidrs],
            "ipv6CidrBlocks": [*v6], **more}  # fmt: skip


WORLD = ("0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0", "2000::/3")
OWN = ("10.0.0.0/8", "192.168.0.0/16", "203.0.113.7/32", "2001:db8::/32", "fc00::/18", "pl-123", "[unknown]")


class TestNetworks:
    @pytest.mark.parametrize("cidr", WORLD)
    def test_the_world_is_the_world_however_it_is_written(self, cidr: str) -> None:
        for type_, new in (
            (GROUP, sg(rule(cidr))),
            (GROUP, sg(rule(v6=(cidr,)))),
            (RULE, rule(cidr, type="ingress")),
            (INGRESS, {"ipProtocol": "tcp", "fromPort": 1, "toPort": 9, "cidrIpv4": cidr}),
            (INGRESS, {"ipProtocol": "-1", "cidrIpv6": cidr}),
            (CLUSTER, {"vpcConfig": {"publicAccessCidrs": [cidr]}}),
            ("eks:index:Cluster", {"publicAccessCidrs": [cidr]}),
            ("gcp:compute/firewall:Firewall", {"sourceRanges": [cidr], "allows": [{"protocol": "tcp"}]}),
            (
                "azure-native:network:SecurityRule",
                {"access": "Allow", "direction": "Inbound", "sourceAddressPrefix": cidr},
            ),
        ):
            assert kinds(step("create", type_, new=new)) == ["network-opened"], (type_, new)
            closed = {"endpointPublicAccess": False}
            assert kinds(step("update", type_, old=closed, new=new)) == ["network-opened"], type_
            assert cidr in texts(step("create", type_, new=new))[0]

    @pytest.mark.parametrize("cidr", OWN)
    def test_a_network_of_somebody_is_not(self, cidr: str) -> None:
        assert kinds(step("create", GROUP, new=sg(rule(cidr), rule(v6=(cidr,))))) == []
        assert kinds(step("create", CLUSTER, new={"vpcConfig": {"publicAccessCidrs": [cidr]}})) == []

    def test_only_what_was_not_open_before_counts(self) -> None:
        old, new = sg(rule("0.0.0.0/0", port=443)), sg(rule("10.0.0.0/8"), rule("0.0.0.0/0", port=443))
        assert kinds(step("update", GROUP, old=old, new=new)) == []
        wider = sg(rule("0.0.0.0/0", port=443), rule("0.0.0.0/0", port=22))
        assert texts(step("update", GROUP, old=old, new=wider)) == ["tcp 22 from 0.0.0.0/0"]
        assert kinds(step("update", GROUP, old=wider, new=old)) == []
        assert kinds(step("import", GROUP, new=wider)) == []
        assert kinds(step("delete", GROUP, old=wider)) == []

    def test_the_same_ports_of_another_protocol_are_another_opening(self) -> None:
        udp = rule("0.0.0.0/0", protocol="udp")
        found = texts(step("update", GROUP, old=sg(rule("0.0.0.0/0")), new=sg(udp)))
        assert found == ["udp 22 from 0.0.0.0/0"]

    def test_egress_is_nobodys_way_in(self) -> None:
        assert kinds(step("create", GROUP, new={"egress": [rule("0.0.0.0/0")]})) == []
        assert kinds(step("create", RULE, new=rule("0.0.0.0/0", type="egress"))) == []

    def test_a_cluster_is_open_unless_it_says_otherwise(self) -> None:
        assert kinds(step("create", CLUSTER, new={"vpcConfig": {"subnetIds": []}})) == ["network-opened"]
        private = {"vpcConfig": {"endpointPublicAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]}}
        assert kinds(step("create", CLUSTER, new=private)) == []
        opened = {"vpcConfig": {"endpointPublicAccess": True}}
        assert kinds(step("update", CLUSTER, old=private, new=opened)) == ["network-opened"]

    @pytest.mark.parametrize(
        "odd", [None, 1, "x", {"ingress": "[secret]"}, {"ingress": [None, 3]}, sg({"cidrBlocks": [None, 7]})]
    )
    def test_what_is_not_known_or_oddly_shaped_is_passed_over(self, odd: Any) -> None:
        new = odd if isinstance(odd, dict) else {"ingress": odd}
        assert kinds(step("create", GROUP, new=new)) == []


def policy(**statement: Any) -> dict[str, str]:
    base = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"}
    return {"policy": json.dumps({"Statement": [{**base, **statement}]})}


class TestAccess:
    @pytest.mark.parametrize(
        ("new", "says"),
        [
            (policy(Principal="*"), "anyone: s3:GetObject"),
            (policy(Principal={"AWS": ["arn:x", "*"]}), "anyone: s3:GetObject"),
            (policy(Principal="*", Condition={"x": 1}), "anyone on conditions: s3:GetObject"),
            (policy(NotPrincipal={"AWS": "arn:x"}), "anyone: s3:GetObject"),
            (policy(Action="*", Resource="*"), "* on everything"),
            (policy(Action=["s3:Get*", "iam:*"], Resource=["*"]), "iam:* on everything"),
            ({"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, "everything"),
            ({"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}, "everything"),
        ],
    )
    def test_a_policy_for_anyone_or_of_everything_is_named_when_it_is_new(self, new: Any, says: str) -> None:
        assert texts(step("create", POLICY, new=new)) == [says]
        assert texts(step("update", POLICY, old=policy(), new=new)) == [says]
        assert kinds(step("update", POLICY, old=new, new=new)) == []
        assert kinds(step("update", POLICY, old=new, new=policy())) == []

    @pytest.mark.parametrize(
        "new",
        [
            policy(),
            policy(Effect="Deny", Principal="*"),
            policy(Principal={"AWS": "arn:aws:iam::1:root"}),
            policy(Action="s3:ListAllMyBuckets", Resource="*"),
            {"policy": '{"Statement": '},
            {"policy": '"Statement"'},
            {"policy": '[{"Statement": 1}]'},
        ],
    )
    def test_any_other_is_not(self, new: Any) -> None:
        assert kinds(step("create", POLICY, new=new)) == []

    def test_a_row_of_the_access_difference_is_named_if_it_is_newly_allowed(self) -> None:
        rows = [
            Access(allowed, "acme/shop", "prod", ("main",), "arn:aws:iam::1:role/deploy", ("assume it",))
            for allowed in (True, False)
        ]
        (found,) = risks([], rows)
        assert found.kind == "access-widened"
        assert found.text == (
            "acme/shop in prod from main can, as arn:aws:iam::1:role/deploy: assume it"
        )  # fmt: skip


class TestProviders:
    def test_another_provider_is_named(self) -> None:
        change = PropertyChange("provider", "update", "a", "b", forces_replace=True)
        assert kinds(step("replace", ROLE, change)) == ["provider-changed"]

    @pytest.mark.parametrize("op", ["update", "replace"])
    def test_a_provider_that_speaks_for_another_region_is(self, op: Op) -> None:
        change = PropertyChange("region", "update", "eu-west-1", "us-east-1")
        assert texts(step(op, "pulumi:providers:aws", change)) == ["the provider's region changes"]

    def test_a_newer_version_of_it_is_not(self) -> None:
        change = PropertyChange("version", "update", "7.0", "7.1")
        assert kinds(step("update", "pulumi:providers:aws", change)) == []
        assert kinds(step("create", "pulumi:providers:aws", new={"region": "x"})) == []


class TestCascades:
    def test_the_top_of_what_goes_counts_all_below_it(self) -> None:
        steps = [step("delete", name="top")]
        steps += [step("delete", name=f"mid{i}", parent=urn("top")) for i in range(2)]
        steps += [step("delete", name=f"leaf{i}", parent=urn("mid0")) for i in range(3)]
        steps += [step("create", name="new", parent=urn("top")), step("delete", name="alone", parent="x")]
        (found,) = risks(steps)
        assert (found.kind, found.urn, found.text) == ("deleted-with", urn("top"), "5 below it go with it")

    def test_parents_in_a_circle_end(self) -> None:
        steps = [step("delete", name="a", parent=urn("b")), step("delete", name="b", parent=urn("a"))]
        assert {risk.kind for risk in risks(steps)} <= {"deleted-with"}


def test_the_gravest_come_first_and_each_once() -> None:
    lost, opened = step("delete", "aws:s3/bucket:Bucket"), step("create", GROUP, new=sg(rule("0.0.0.0/0")))
    assert kinds(opened, lost, lost, opened) == ["data-deleted", "network-opened"]


def test_the_summary_has_them() -> None:
    made = summarize(Result("preview", "p", "s", "e", (step("delete", "aws:s3/bucket:Bucket"),)), "up")
    assert [risk.kind for risk in made.risks] == ["data-deleted"]


@pytest.mark.parametrize("package", ["aws", "github", "kubernetes", "eks"])
def test_every_type_of_the_tables_is_one_that_the_sdk_has(package: str) -> None:
    spec = importlib.util.find_spec(f"pulumi_{package}")
    assert spec is not None
    assert spec.origin is not None
    known = set(re.findall(rf'"({package}:[^"]+:[A-Z]\w*)"', Path(spec.origin).read_text()))
    ours = {token for token in KEEPS | GUARDS if token.partition(":")[0] == package}
    assert ours
    assert ours - known == set()
