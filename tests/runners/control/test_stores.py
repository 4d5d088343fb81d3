"""The stores over moto: expressions, transactions, groups, keys and queues as AWS understands them."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from runners.control.groups import AutoScaling
from runners.control.services import CloudWatchLogs, SqsQueue
from runners.control.table import DynamoTable
from runners.control.writes import (
    ABSENT,
    NEW,
    PRESENT,
    Write,
    absent_or,
    absent_or_below,
    below,
    equals,
    one_of,
)
from tests.runners.control.conftest import client
from tests.runners.control.memory import MemoryTable
from tests.sampling import size

pytestmark = pytest.mark.usefixtures("aws")


numbers = st.integers(0, 3)
words = st.sampled_from(["idle", "queued", "a"])
conditions = st.one_of(
    st.just(ABSENT),
    st.just(PRESENT),
    words.map(equals),
    words.map(lambda w: one_of(w, "b")),
    words.map(absent_or),
)
numeric = st.one_of(st.just(ABSENT), numbers.map(below), numbers.map(absent_or_below), numbers.map(equals))


@st.composite
def writes(draw: st.DrawFn, key: str = "") -> Write:
    when = {"state": draw(conditions)} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        when["rank"] = draw(numeric)
    put: dict[str, Any] = {"state": draw(words)} if draw(st.booleans()) else {}
    drop = () if put else draw(st.sampled_from([(), ("state",)]))
    return Write(
        key or draw(st.sampled_from(["x#1", "x#2"])),
        when=when,
        put={**put, "body": draw(st.sampled_from([b"\x00", True, ["l", 1], {"m": 2}]))},
        drop=drop,
        add=draw(
            st.sampled_from([{}, {"rank": 1}, {"set": frozenset({"p"})}, {"set": frozenset({"q", "r"})}])
        ),
        append=draw(st.sampled_from([{}, {"timeline": [{"at": 1, "what": "x"}]}])),
        delete=draw(st.integers(0, 9)) == 0,
    )


changes = st.one_of(
    st.tuples(writes()),
    st.tuples(writes("x#1"), writes("x#2")),
    st.tuples(writes("x#2"), writes("x#1")),
)


@given(steps=st.lists(changes, max_size=6))
@hypothesis_settings(max_examples=size(60, 20))
def test_the_table_and_its_stand_in_mean_the_same(
    table: DynamoTable, steps: list[tuple[Write, *tuple[Write, ...]]]
) -> None:
    memory = MemoryTable()
    for key in ("x#1", "x#2"):
        table.write(Write(key, delete=True))
    for step in steps:
        if len(step) > 1:
            assert table.write_all(step) == memory.write_all(step)
        else:
            assert table.write(step[0]) == memory.write(step[0])
        assert table.get("x#1", "x#2") == memory.get("x#1", "x#2")


def test_indexes_hold_only_what_carries_their_attribute_in_order(table: DynamoTable) -> None:
    for number, at in ((1, 30), (2, 10), (3, 20)):
        table.write(Write(f"job#{number}#1", put={"waiting": "linux", "queued_at": at}))
    table.write(Write("job#3#1", drop=("waiting",)))
    assert [item["pk"] for item in table.query("waiting", "linux")] == ["job#2#1", "job#1#1"]
    assert [item["pk"] for item in table.query("waiting", "linux", 1)] == ["job#2#1"]
    assert table.query("open", "linux") == []


def test_reads_of_many_keys_take_as_many_calls_as_they_need(table: DynamoTable) -> None:
    for number in range(130):
        assert table.write(Write(f"many#{number}", when=NEW, put={"n": number})) is not None
    found = table.get(*(f"many#{number}" for number in range(140)))
    assert len(found) == 130


@pytest.fixture(scope="module")
def group() -> str:
    ec2, autoscaling = client("ec2"), client("autoscaling")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    ec2.create_launch_template(
        LaunchTemplateName="template", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="slipway-test-linux",
        MinSize=0,
        MaxSize=5,
        DesiredCapacity=0,
        LaunchTemplate={"LaunchTemplateName": "template", "Version": "1"},
        AvailabilityZones=["eu-central-1a"],
    )
    return "slipway-test-linux"


def test_a_group_is_raised_read_and_lowered_by_ending_one_instance(group: str) -> None:
    groups = AutoScaling(client("autoscaling"))
    groups.set_desired(group, 2)
    found = groups.describe([group, "missing"])
    assert set(found) == {group}
    assert (found[group].desired, found[group].maximum, len(found[group].instances)) == (2, 5, 2)
    first, second = sorted(found[group].instances)
    assert found[group].counted(first)
    assert groups.members([first, "i-0123456789abcdef0"]) == {first: group}
    assert groups.terminate(first)
    left = groups.describe([group])[group]
    assert (left.desired, list(left.instances)) == (1, [second])
    assert groups.members([first]) == {}
    assert not groups.failing(group)


def test_boot_logs_go_to_the_instances_stream() -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="g")
    written = CloudWatchLogs(lambda: logs)
    for _ in range(2):
        written.write("g", "i-1", time.time_ns() // 1_000_000, "one\n\ntwo\n")
    events = logs.get_log_events(logGroupName="g", logStreamName="i-1")["events"]
    assert [event["message"] for event in events] == ["one", "two"] * 2


def test_the_queue_is_found_by_its_name() -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="slipway-test-runner-events")["QueueUrl"]
    SqsQueue(lambda: sqs, "slipway-test-runner-events").send("hello")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
