"""The search finds a credential wherever it is kept, and in whatever it is wrapped."""

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from slipway.rehearsal.residue import search, stores
from slipway.runners.fleet import Fleet
from tests.runners.cli import fakes

SECRET = "eyJ-a-runner-configuration-of-this-test-0123456789"
SERVICES = ("dynamodb", "ssm", "secretsmanager", "s3", "sqs", "ec2", "autoscaling", "lambda", "logs", "iam")


@pytest.fixture
def kept() -> Iterator[Fleet]:
    with mock_aws():
        fleet = fakes.fleet()
        fleet.clients.update({name: fakes.client(name) for name in SERVICES})
        yield fleet


def in_table(fleet: Fleet) -> None:
    fakes.put(fleet, {"pk": "instance#i-1", "deep": [{"jit": f"x{SECRET}y"}]})


def in_binary(fleet: Fleet) -> None:
    fakes.put(fleet, {"pk": "token", "ciphertext": SECRET.encode()})


def in_parameter(fleet: Fleet) -> None:
    fleet.client("ssm").put_parameter(Name="/jit", Value=SECRET, Type="SecureString")


def in_earlier_secret(fleet: Fleet) -> None:
    fleet.client("secretsmanager").create_secret(Name="s", SecretString=SECRET)
    fleet.client("secretsmanager").put_secret_value(SecretId="s", SecretString="another")


def in_object(fleet: Fleet) -> None:
    fleet.client("s3").create_bucket(
        Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": fakes.REGION}
    )
    fleet.client("s3").put_object(Bucket="a-bucket", Key="k", Body=SECRET.encode())


def in_message(fleet: Fleet) -> None:
    url = fleet.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    fleet.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"jit": SECRET}))


def in_launch_template(fleet: Fleet) -> None:
    data = base64.b64encode(f"#!/bin/sh\nJIT={SECRET}\n".encode()).decode()
    fleet.client("ec2").create_launch_template(
        LaunchTemplateName="template", LaunchTemplateData={"UserData": data}
    )


def in_user_data(fleet: Fleet) -> None:
    image = fleet.client("ec2").describe_images()["Images"][0]["ImageId"]
    fleet.client("ec2").run_instances(ImageId=image, MinCount=1, MaxCount=1, UserData=f"JIT={SECRET}")


def in_tag(fleet: Fleet) -> None:
    vpc = fleet.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    fleet.client("ec2").create_tags(Resources=[vpc], Tags=[{"Key": "jit", "Value": SECRET}])


def in_function(fleet: Fleet) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = fleet.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=text)["Role"]["Arn"]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("m.py", "")
    fleet.client("lambda").create_function(
        FunctionName="f",
        Role=role,
        Runtime="python3.13",
        Handler="m.h",
        Code={"ZipFile": zipped.getvalue()},
        Environment={"Variables": {"JIT": SECRET}},
    )


def in_log(fleet: Fleet) -> None:
    log(fleet, f"claimed with {SECRET}")


def in_log_as_base64(fleet: Fleet) -> None:
    log(fleet, base64.b64encode(f'{{"jit": "{SECRET}"}}'.encode()).decode())


def github_token_in_log(fleet: Fleet) -> None:
    log(fleet, "Authorization: token ghs_0123456789abcdefghij")


def private_key_in_log(fleet: Fleet) -> None:
    log(fleet, "-----BEGIN RSA PRIVATE KEY-----")


def log(fleet: Fleet, text: str) -> None:
    client = fleet.client("logs")
    client.create_log_group(logGroupName="g")
    client.create_log_stream(logGroupName="g", logStreamName="s")
    now = int(time.time() * 1000)  # CloudWatch drops what is older than two weeks
    client.put_log_events(
        logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now, "message": text}]
    )


PLACES: dict[str, list[Callable[[Fleet], None]]] = {
    "items of tables": [in_table, in_binary],
    "parameters": [in_parameter],
    "secrets": [in_earlier_secret],
    "objects": [in_object],
    "messages": [in_message],
    "user data": [in_launch_template, in_user_data],
    "tags": [in_tag],
    "function settings": [in_function],
    "lines of logs": [in_log, in_log_as_base64, github_token_in_log, private_key_in_log],
}


@pytest.mark.parametrize(
    ("store", "hide"), [(store, hide) for store, ways in PLACES.items() for hide in ways]
)
def test_it_is_found_where_it_is(
    kept: Fleet, tmp_path: Path, store: str, hide: Callable[[Fleet], None]
) -> None:
    hide(kept)
    found = search(kept, [SECRET], tmp_path).found
    assert [one.partition(":")[0] for one in found] == [store]
    assert SECRET not in " ".join(found)


def test_it_is_found_in_the_clouds_own_log(kept: Fleet, tmp_path: Path) -> None:
    (tmp_path / ".slipway").mkdir()
    (tmp_path / ".slipway" / "cloud.log").write_text(f"started\nsent {SECRET}\n")
    assert search(kept, [SECRET], tmp_path).found == ("lines of the cloud's own log: line 2",)


def test_nothing_is_found_where_nothing_is(kept: Fleet, tmp_path: Path) -> None:
    fakes.put(kept, {"pk": "instance#i-1", "state": "ended"})
    log(kept, "claimed")
    told = search(kept, [SECRET, "short"], tmp_path)
    assert told.found == ()
    assert told.looked_at["items of tables"] == told.looked_at["lines of logs"] == 1


def test_every_store_has_a_place_in_these_tests(kept: Fleet, tmp_path: Path) -> None:
    assert set(stores(kept, tmp_path)) == {*PLACES, "lines of the cloud's own log"}
