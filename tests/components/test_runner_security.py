"""The two security groups of the runner fleet, rule by rule."""

import dataclasses

import pytest

from components.network.runner_security import RunnerSecurityGroups, RunnerSecurityGroupsArgs
from slipway.errors import SlipwayError
from tests.components.computed import computed_outputs
from tests.components.recording import Recording, run
from tests.components.samples import runner_security_args


def declared(cidr: str | None) -> Recording:
    args = dataclasses.replace(runner_security_args(), image_build_ssh_cidr=cidr)

    def program() -> None:
        RunnerSecurityGroups("runners", args)

    return run(program)


def rules(recording: Recording, group: str, direction: str) -> set[tuple[int, int, str, str]]:
    group_id = computed_outputs(recording.one("SecurityGroup", f"runners-{group}"))[0]
    return {
        (one.inputs["fromPort"], one.inputs["toPort"], one.inputs["ipProtocol"], one.inputs["cidrIpv4"])
        for one in recording.of(f"SecurityGroup{direction}Rule")
        if one.inputs["securityGroupId"] == group_id
    }


def test_building_an_image_takes_ssh_from_the_one_block() -> None:
    recording = declared("203.0.113.0/24")
    assert rules(recording, "image-build", "Ingress") == {(22, 22, "tcp", "203.0.113.0/24")}
    assert rules(recording, "run", "Ingress") == set()


def test_without_a_block_no_port_is_open() -> None:
    assert declared(None).of("SecurityGroupIngressRule") == []


@pytest.mark.parametrize("cidr", [None, "203.0.113.7/32"])
def test_ways_out(cidr: str | None) -> None:
    recording = declared(cidr)
    anywhere = "0.0.0.0/0"
    assert rules(recording, "run", "Egress") == {(443, 443, "tcp", anywhere)}
    assert rules(recording, "image-build", "Egress") == {
        (80, 80, "tcp", anywhere),
        (443, 443, "tcp", anywhere),
    }


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "203.0.112.0/23", "10.0.0.0/8"])
def test_a_source_wider_than_a_24_is_refused(cidr: str) -> None:
    with pytest.raises(SlipwayError, match="would let in"):
        RunnerSecurityGroupsArgs(name="r", vpc_id="vpc-1", image_build_ssh_cidr=cidr)


@pytest.mark.parametrize("cidr", ["", "203.0.113.7", "203.0.113.7/24", "::/0", "office"])
def test_a_source_that_is_no_block_is_refused(cidr: str) -> None:
    with pytest.raises(SlipwayError, match="no IPv4 block"):
        RunnerSecurityGroupsArgs(name="r", vpc_id="vpc-1", image_build_ssh_cidr=cidr)
