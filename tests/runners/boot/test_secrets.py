"""No secret is left anywhere: no argument, no file, no log, no environment but the runner's own."""

import json
from pathlib import Path

import pytest

from runners.boot import wire
from tests.runners.boot.machine import Machine
from tests.runners.boot.services import (
    IMDS_TOKEN,
    JITCONFIG,
    SECRET_KEY,
    SESSION_TOKEN,
    Services,
    granted,
    refused,
)

SECRETS = {"configuration": JITCONFIG, "key": SECRET_KEY, "token": SESSION_TOKEN, "metadata": IMDS_TOKEN}
ENDINGS = {
    "well": "true",
    "crashed": "exit 3",
    # What a runner, or a job in its place, could do with what it has.
    "printed": 'echo "config $ACTIONS_RUNNER_INPUT_JITCONFIG end"; exit 3',
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_secret_is_in_an_argument_a_file_or_a_log(
    machine: Machine, services: Services, ending: str
) -> None:
    services.claims = [refused(204), granted(cicd=True)]
    machine.behaviour = ENDINGS[ending]
    machine.settings["CICD_ROLE"] = "arn:aws:iam::111122223333:role/slipway/ci/cicd"
    machine.prepare()
    machine.boot()
    assert machine.had_configuration()
    processes = machine.at_work("processes")
    assert "boot.sh" in processes
    for name, secret in SECRETS.items():
        assert secret not in processes, name
        assert secret not in (machine.root / "calls").read_text(), name
        assert secret not in services.finished()["log"], name
        left = machine.files_with(secret[:200])
        # The runner's own output, in memory and root's alone until the instance ends.
        assert left == (["run/job.log"] if (name, ending) == ("configuration", "printed") else []), name
    assert (machine.root / "run").stat().st_mode & 0o077 == 0


def test_the_runner_gets_nothing_in_its_environment_but_its_configuration(machine: Machine) -> None:
    machine.prepare()
    machine.boot()
    names = set(machine.at_work("environment").split())
    assert "ACTIONS_RUNNER_INPUT_JITCONFIG" in names
    assert names <= {
        "ACTIONS_RUNNER_INPUT_JITCONFIG",
        "RUNNER_MANUALLY_TRAP_SIG",
        "XDG_RUNTIME_DIR",
        "LANG",
        *("PATH", "PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"),
    }
    assert machine.at_work("arguments") == ""


EVERYBODY = """
unset ACTIONS_RUNNER_INPUT_JITCONFIG
process=$$
while ((process > 1)); do
  name=$(tr '\\0' ' ' <"/proc/$process/cmdline")
  tr '\\0' '\\n' <"/proc/$process/environ" | sed "s|^|$name: |" >>seen
  process=$(awk '/^PPid:/ { print $2 }' "/proc/$process/status")
done
"""


def test_what_a_jobs_code_can_read_is_its_own_runners_configuration_and_nothing_of_the_boot_script(
    machine: Machine,
) -> None:
    """As job.sh and docs/runners.md say: a variable that is unset stays in /proc/<process>/environ."""
    machine.behaviour = EVERYBODY
    machine.prepare()
    machine.boot()
    seen = machine.at_work("seen").splitlines()
    (holder,) = [line for line in seen if JITCONFIG in line]
    assert "run.sh : ACTIONS_RUNNER_INPUT_JITCONFIG=" in holder
    assert any("boot.sh" in line.partition(": ")[0] for line in seen)
    for name, secret in SECRETS.items():
        assert name == "configuration" or not [line for line in seen if secret in line], name


def test_a_log_keeps_its_end_without_what_looks_like_a_secret(tmp_path: Path) -> None:
    log = tmp_path / "log"
    token = "ghs_" + "A1" * 20
    log.write_text("x\n" * 90_000 + f"short known\x1b[31m {token} {'Q' * 90} the end\n")
    told = json.loads(wire.report("ok", [log], ["known"]))
    assert len(told["log"].encode()) <= wire.LOG_BYTES
    assert told["log"].endswith("short [removed][31m [removed] [removed] the end\n")


def test_a_secret_that_the_cut_went_through_is_gone_as_well(tmp_path: Path) -> None:
    log = tmp_path / "log"
    secret = "s3cret" * 10
    log.write_text("a" * 70 + f" {secret}\n" + "x\n" * ((131_072 - 20) // 2))
    assert "s3cret" not in wire.report("failed", [log], [secret])


def test_what_hides_in_control_characters_is_removed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("kno\x00wn\n")
    assert "wn" not in json.loads(wire.report("ok", [log], ["known"]))["log"].replace("[removed]", "")


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"jitconfig": 1},
        {"jitconfig": "a b"},
        {"jitconfig": 'a"\nurl = "http://elsewhere'},
        {"runner_name": ""},
        {"job_timeout_minutes": 0},
        {"job_timeout_minutes": True},
        {"job_timeout_minutes": 7_201},
        {"cicd": "true"},
    ],
)
def test_an_answer_with_anything_else_is_refused(told: dict[str, object]) -> None:
    good = {"jitconfig": "abc=", "runner_name": "a-1", "job_timeout_minutes": 5, "cicd": False}
    assert wire.claim(json.dumps(good)) == ["abc=", "a-1", "5", "false"]
    with pytest.raises(ValueError, match=r"."):
        wire.claim(json.dumps({**good, **told} if told else {}))


def test_credentials_cannot_bring_lines_into_curls_configuration() -> None:
    told = {"AccessKeyId": "A", "SecretAccessKey": 's"\nproxy = "http://elsewhere', "Token": "t"}
    with pytest.raises(ValueError, match="field"):
        wire.credentials(json.dumps(told))


def test_an_unreadable_answer_is_not_repeated_in_the_error(capsys: pytest.CaptureFixture[str]) -> None:
    import io  # noqa: PLC0415
    import sys  # noqa: PLC0415

    before, sys.stdin = sys.stdin, io.StringIO('{"jitconfig": "secret-thing"')
    try:
        assert wire.main(["claim"]) == 1
    finally:
        sys.stdin = before
    assert "secret-thing" not in "".join(capsys.readouterr())
