"""The recorder itself: what it keeps, and that nothing that goes wrong inside a program stays unseen."""

import pulumi
import pulumi_aws as aws
import pytest

from tests.components.recording import run


class Thing(pulumi.ComponentResource):
    arn: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:test:Thing", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(f"{name}-role", name="r", path="/p/", assume_role_policy="{}", opts=child)
        aws.iam.RolePolicyAttachment(f"{name}-at", role=role.name, policy_arn=role.arn, opts=child)
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def test_records_inputs_parents_dependencies_protection_and_outputs() -> None:
    recording = run(lambda: pulumi.export("arn", Thing("a", pulumi.ResourceOptions(protect=True)).arn))
    thing, role = recording.one("slipway:test:Thing"), recording.one("Role")
    attachment = recording.one("RolePolicyAttachment")
    assert thing.outputs == {"arn": "arn:aws:iam::111111111111:role/p/r"} == recording.outputs
    assert [one.name for one in recording.children(thing)] == ["a-role", "a-at"]
    assert role.protect
    assert role.aliases == ()
    assert attachment.dependencies == (role.urn,)
    assert attachment.property_dependencies["policyArn"] == (role.urn,)


def test_secrets_are_marked_by_path() -> None:
    def program() -> None:
        aws.ssm.Parameter("p", type="SecureString", value=pulumi.Output.secret("x"))

    recording = run(program)
    assert recording.one("Parameter").secrets == {"value"}
    assert recording.one("Parameter").inputs["value"] == "x"


def test_an_exception_in_an_apply_is_raised() -> None:
    def program() -> None:
        pulumi.Output.from_input(1).apply(lambda _: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        run(program)


def test_an_unprepared_invoke_is_raised() -> None:
    with pytest.raises(Exception, match="unprepared invoke"):
        run(lambda: pulumi.export("id", aws.get_caller_identity_output().account_id))


def test_a_prepared_invoke_answers() -> None:
    prepared = {"aws:index/getCallerIdentity:getCallerIdentity": lambda _: {"accountId": "1"}}
    recording = run(
        lambda: pulumi.export("id", aws.get_caller_identity_output().account_id), invokes=prepared
    )
    assert recording.outputs == {"id": "1"}


def test_a_program_that_raises_is_raised() -> None:
    def program() -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        run(program)
