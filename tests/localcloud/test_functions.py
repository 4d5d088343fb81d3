"""Functions that are deployed in moto really run: isolated, warm, timed, logged, and as deployed now."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.localcloud.functions.schedules import period_s
from tests.localcloud.functions import Deployer

ECHO = "def handle(event, context):\n    return event\n"


@pytest.fixture
def deploy(cloud: Cloud) -> Deployer:
    return Deployer(cloud)


def test_a_function_answers_with_what_its_handler_returns(deploy: Deployer) -> None:
    answer = deploy.invoke(deploy.function(ECHO), {"a": [1, "ü"]})
    assert (answer["StatusCode"], answer["Payload"]) == (200, {"a": [1, "ü"]})
    assert "FunctionError" not in answer


def test_it_sees_its_own_environment_and_nothing_of_this_machine(
    deploy: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "import os\ndef handle(event, context):\n    return dict(os.environ)\n"
    found = deploy.invoke(deploy.function(source, environment={"FLEET": "local"}))["Payload"]
    assert found["FLEET"] == "local"
    assert found["AWS_ENDPOINT_URL"] == deploy.cloud.aws
    assert (found["AWS_REGION"], found["AWS_ACCESS_KEY_ID"]) == ("eu-west-1", "test")
    assert not [name for name in found if "proxy" in name.lower() or name.startswith(("PYTHON", "MOTO"))]
    assert "AWS_PROFILE" not in found
    assert os.environ.get("HOME") != found["HOME"]


def test_it_imports_its_package_and_nothing_of_ours(deploy: Deployer) -> None:
    source = """
import importlib.util, sys
def handle(event, context):
    return [name for name in ("slipway", "components", "runners", "infra") if importlib.util.find_spec(name)]
"""
    assert deploy.invoke(deploy.function(source))["Payload"] == []


def test_it_calls_the_embedded_aws(deploy: Deployer) -> None:
    source = """
import boto3
def handle(event, context):
    return boto3.client("sts").get_caller_identity()["Account"]
"""
    assert deploy.invoke(deploy.function(source, timeout=30))["Payload"] == "123456789012"


def test_a_second_call_finds_the_process_warm(deploy: Deployer) -> None:
    source = """
import os
CALLS = []
def handle(event, context):
    CALLS.append(1)
    return [os.getpid(), len(CALLS)]
"""
    name = deploy.function(source)
    first, second = deploy.invoke(name)["Payload"], deploy.invoke(name)["Payload"]
    assert first[0] == second[0]
    assert (first[1], second[1]) == (1, 2)
    counts = deploy.control("GET", "/slipway/functions").json[name]
    assert counts == {"invocations": 2, "errors": 0, "workers": 1}


def test_a_redeployed_function_is_the_new_one_and_its_old_process_ends(deploy: Deployer) -> None:
    name = deploy.function("import os\ndef handle(event, context):\n    return os.getpid()\n")
    old = deploy.invoke(name)["Payload"]
    assert Path(f"/proc/{old}").exists()
    deploy.update(name, "def handle(event, context):\n    return 'new'\n")
    assert deploy.invoke(name)["Payload"] == "new"
    assert not Path(f"/proc/{old}").exists()


def test_a_changed_environment_is_seen_by_the_next_call(deploy: Deployer) -> None:
    name = deploy.function(
        "import os\ndef handle(event, context):\n    return os.environ['MODE']\n", environment={"MODE": "a"}
    )
    assert deploy.invoke(name)["Payload"] == "a"
    deploy.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": {"MODE": "b"}}
    )
    assert deploy.invoke(name)["Payload"] == "b"


def test_an_exception_is_the_functions_error_and_the_next_call_works(deploy: Deployer) -> None:
    name = deploy.function("def handle(event, context):\n    return 1 / event['by']\n")
    answer = deploy.invoke(name, {"by": 0})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "ZeroDivisionError"
    assert deploy.invoke(name, {"by": 2})["Payload"] == 0.5
    assert deploy.control("GET", "/slipway/functions").json[name]["errors"] == 1


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import nothing_of_this_name\n", "Runtime.ModuleNotFoundError"),
        ("def other(): ...\n", "Runtime.AttributeError"),
        ("def handle(event, context):\n    return object()\n", "TypeError"),
        ("import os\ndef handle(event, context):\n    os._exit(3)\n", "Runtime.ExitError"),
    ],
)
def test_a_function_that_cannot_answer_is_an_error(deploy: Deployer, source: str, kind: str) -> None:
    assert deploy.invoke(deploy.function(source))["Payload"]["errorType"] == kind


def test_one_that_takes_too_long_is_ended(deploy: Deployer) -> None:
    source = "import time\ndef handle(event, context):\n    time.sleep(event)\n    return 'done'\n"
    name = deploy.function(source, timeout=3)
    started = time.monotonic()
    assert deploy.invoke(name, 300)["Payload"]["errorType"] == "Sandbox.Timedout"
    assert time.monotonic() - started < 200
    assert deploy.invoke(name, 0)["Payload"] == "done"
    assert any("Task timed out after 3.00 seconds" in line for line in deploy.log(name))


def test_the_time_it_takes_to_load_is_not_the_calls(deploy: Deployer) -> None:
    source = "import time\ntime.sleep(5)\ndef handle(event, context):\n    return 'loaded'\n"
    assert deploy.invoke(deploy.function(source, timeout=4))["Payload"] == "loaded"


def test_the_context_says_what_is_left_and_who_is_called(deploy: Deployer) -> None:
    source = """
def handle(event, context):
    return [context.function_name, context.invoked_function_arn, context.get_remaining_time_in_millis()]
"""
    name = deploy.function(source, timeout=60)
    found = deploy.invoke(name)["Payload"]
    assert found[:2] == [name, deploy.arn(name)]
    assert 30_000 < found[2] <= 60_000


def test_what_it_prints_is_in_its_log_when_the_call_is_over(deploy: Deployer) -> None:
    source = (
        "import sys\ndef handle(event, context):\n    print(event)\n    print('aside', file=sys.stderr)\n"
    )
    name = deploy.function(source)
    for number in range(20):
        deploy.invoke(name, f"line {number}")
    printed = deploy.log(name)
    assert [line for line in printed if line.startswith("line ")] == [
        f"line {number}" for number in range(20)
    ]
    assert printed.count("aside") == 20


def test_calls_run_beside_one_another(deploy: Deployer, tmp_path: Path) -> None:
    source = """
import os, pathlib, time
def handle(event, context):
    here = pathlib.Path(event)
    (here / str(os.getpid())).touch()
    while len(list(here.iterdir())) < 4:  # each waits for all
        time.sleep(0.02)
"""
    name = deploy.function(source, timeout=60)
    for _ in range(4):
        assert deploy.invoke(name, str(tmp_path), kind="Event")["StatusCode"] == 202
    assert deploy.settle()
    assert deploy.control("GET", "/slipway/functions").json[name]["invocations"] == 4
    assert not any("timed out" in line for line in deploy.log(name))


def test_a_function_that_nobody_deployed_is_awss_404(deploy: Deployer) -> None:
    with pytest.raises(Exception, match="ResourceNotFoundException"):
        deploy.invoke("nobody")


def test_no_worker_outlives_the_cloud(root: Path) -> None:
    cloud = runtime.start(root)
    source = "import os, time\ndef handle(event, context):\n    time.sleep(event)\n    return os.getpid()\n"
    deploy = Deployer(cloud)
    name = deploy.function(source, timeout=60)
    idle = deploy.invoke(name, 0)["Payload"]
    deploy.invoke(name, 50, kind="Event")
    runtime.stop(root)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and _runs(idle):
        time.sleep(0.05)
    assert not _runs(idle)


def _runs(pid: int) -> bool:
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(shown.stdout.strip()) and not shown.stdout.startswith("Z")


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200), ("cron(0 * * * ? *)", None)],
)
def test_a_rate_is_a_number_of_seconds(expression: str, seconds: int | None) -> None:
    assert period_s(expression) == seconds
