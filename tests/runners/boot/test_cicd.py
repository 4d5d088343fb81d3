"""The CICD role's credentials: for the job's user of a class that opts in, and for nobody else."""

import json
import os
import re
import socket
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runners.boot import cicd
from tests.runners.boot.machine import BOOT, Machine, until
from tests.runners.boot.services import CICD_SECRET, INSTANCE, KEY_ID, REGION, Services, granted

ROLE = "arn:aws:iam::111122223333:role/slipway/ci/cicd"
ASKING = """\
python=$(command -v python3)
for try in {1..1000}; do [[ -S ../../s ]] && break; /bin/sleep 0.05; done
"$python" -I ../../programs/cicd.py get --socket ../../s >credentials 2>refusal
cp ../.aws/config config 2>/dev/null
true
"""


def test_a_job_asks_where_the_boot_script_answers() -> None:
    assert f"[CICD_SOCKET]={cicd.SOCKET}\n" in (BOOT / "boot.sh").read_text()
    assert re.search(r"cicd\.py get$", (BOOT / "aws-config").read_text().strip())


def chain(services: Services) -> cicd.Chain:
    return cicd.Chain(
        role=ROLE, session=f"gha-runner-{INSTANCE}", region=REGION, metadata=services.url, sts=services.url
    )


def test_a_job_of_a_class_that_opts_in_gets_them(machine: Machine, services: Services) -> None:
    services.claims = [granted(cicd=True)]
    machine.behaviour = ASKING
    machine.settings["CICD_ROLE"] = ROLE
    machine.prepare()
    machine.boot()
    told = json.loads(machine.at_work("credentials"))
    assert told["Version"] == 1
    assert told["SecretAccessKey"] == CICD_SECRET
    asked = next(body for path, body in services.bodies if path == "/")
    assert asked["RoleArn"] == ROLE
    # The trust of the CICD role takes sessions of this form, and CloudTrail shows which instance it was.
    assert asked["RoleSessionName"] == f"gha-runner-{INSTANCE}"
    assert asked["DurationSeconds"] == "3600"
    assert services.unsigned == []
    assert machine.at_work("config") == (BOOT / "aws-config").read_text()
    assert not (machine.root / "s").exists()


@pytest.mark.parametrize("role", [ROLE, ""])
def test_a_job_of_any_other_class_gets_none(machine: Machine, services: Services, role: str) -> None:
    services.claims = [granted(cicd=not role)]
    machine.behaviour = ASKING.replace("{1..1000}", "1")
    machine.settings["CICD_ROLE"] = role
    machine.prepare()
    assert machine.boot() == 0
    assert machine.at_work("credentials") == ""
    assert "hands out no CICD credentials" in machine.at_work("refusal")
    assert not (machine.root / "home/.aws").exists()
    assert not [body for path, body in services.bodies if path == "/"]


def connected(services: Services, uid: int) -> dict[str, str]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        cicd.answer(ours, cicd.Credentials(chain(services)), uid)
        ours.close()
        return json.loads(b"".join(iter(lambda: theirs.recv(65_536), b"")))


def test_the_kernel_says_who_asks(services: Services) -> None:
    assert connected(services, os.geteuid())["SecretAccessKey"] == CICD_SECRET
    refused = connected(services, os.geteuid() + 1)
    assert set(refused) == {"error"}


def test_a_refusal_by_aws_says_why_and_no_more(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    services.role_refused = True
    told = connected(services, os.geteuid())
    assert told == {"error": "the CICD role could not be assumed: 403 AccessDenied"}
    assert KEY_ID not in json.dumps(told) + "".join(capsys.readouterr())


def test_they_are_kept_and_renewed_before_they_end(services: Services) -> None:
    credentials, now = cicd.Credentials(chain(services)), datetime.now(UTC)
    credentials.current(now)
    credentials.current(now + timedelta(minutes=39))
    assert services.count("/") == 1
    credentials.current(now + timedelta(minutes=41))
    assert services.count("/") == 2


ANSWER = '<A xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{}</A>'


@pytest.mark.parametrize(
    "told",
    [
        "{}",
        "<A/>",
        ANSWER.format(""),
        ANSWER.format("<Credentials><AccessKeyId>A</AccessKeyId></Credentials>"),
    ],
)
def test_an_answer_without_credentials_is_refused(services: Services, told: str) -> None:
    def answered(request: urllib.request.Request) -> bytes:
        return told.encode() if request.get_method() == "POST" else cicd.fetch(request)

    with pytest.raises(cicd.NoCredentials):
        cicd.assume_role(chain(services), datetime.now(UTC), answered)


def test_no_file_is_read_as_an_address() -> None:
    with pytest.raises(cicd.NoCredentials, match="address"):
        cicd.instance_credentials("file:///etc")


def test_a_caller_that_hangs_up_does_not_end_the_service(services: Services, tmp_path: Path) -> None:
    path, user = tmp_path / "s", Path("/proc/self").owner()
    thread = threading.Thread(target=cicd.serve, args=(path, user, chain(services)), daemon=True)
    thread.start()
    until(path.exists)
    for _ in range(3):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.connect(str(path))
    assert cicd.get(path) == 0
