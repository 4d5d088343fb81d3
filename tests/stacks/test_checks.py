"""Checks of a plan: what they are given, what they may answer, and checks that mean harm."""

import json
import os
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from slipway.engine.plan import PlanRefused
from slipway.stacks import settings
from slipway.stacks.checks import contract
from slipway.stacks.checks.running import LARGEST, outcomes, run_checks
from slipway.stacks.comment.page import page
from slipway.stacks.plans.admission import require_passed
from slipway.stacks.settings import Check, Level
from slipway.stacks.summary import Finding, Summary
from tests.stacks import plans
from tests.stacks.pages import rendered

ROOT = Path(__file__).parents[2]
SUMMARY = plans.summary(1, 3, nasty=False, findings=())
URN = SUMMARY.steps[0].urn
FINE = {"rule": "r", "message": "m"}
GITHUB = "ghp_" + "a1B2" * 9


def check(folder: Path, code: str, level: Level = Level.MANDATORY) -> Check:
    """A check that is this Python."""
    file = folder / "check.py"
    file.write_text(f"import json, os, sys, time\n{code}\n")
    return Check(run=shlex.join([sys.executable, str(file)]), level=level)


def answer(*findings: dict[str, Any]) -> bytes:
    return json.dumps({"version": 1, "findings": findings}).encode()


def found(folder: Path, code: str, level: Level = Level.MANDATORY, **more: Any) -> tuple[Finding, ...]:
    return run_checks({"it": check(folder, code, level)}, SUMMARY, folder, **more)


def read(
    content: bytes, level: Level = Level.MANDATORY, secrets: tuple[str, ...] = ()
) -> tuple[Finding, ...]:
    return contract.findings_of(content, "it", level, SUMMARY, secrets)


def test_a_check_gets_the_plan_and_its_findings_are_the_summarys(tmp_path: Path) -> None:
    code = (
        "given = json.load(sys.stdin)['summary']\n"
        "assert os.getcwd() == os.path.dirname(os.path.abspath(__file__))\n"
        "step = given['steps'][0]\n"
        "print(json.dumps({'version': 1, 'findings': [\n"
        "    {'rule': 'cost', 'message': f'{step[\"op\"]} is dear', 'resource': step['urn']},\n"
        "    {'rule': 'words', 'message': 'as well', 'level': 'advisory'}]}))"
    )
    assert found(tmp_path, code) == (
        Finding("it", "mandatory", f"cost: {SUMMARY.steps[0].op} is dear", URN),
        Finding("it", "advisory", "words: as well"),
    )


def test_checks_answer_in_the_order_of_their_names(tmp_path: Path) -> None:
    one = check(tmp_path, "print(json.dumps({'version': 1, 'findings': [{'rule': 'r', 'message': 'm'}]}))")
    told = run_checks({"b": one, "a": one}, SUMMARY, tmp_path)
    assert [finding.check for finding in told] == ["a", "b"]


def test_no_level_is_higher_than_the_checks_own() -> None:
    said = answer(*({**FINE, "level": level} for level in ("mandatory", "advisory", None)))
    assert [each.level for each in read(said)] == ["mandatory", "advisory", "mandatory"]
    assert {each.level for each in read(said, Level.ADVISORY)} == {"advisory"}


def test_a_check_sees_no_credential_and_no_home(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/home/somebody",
        "AWS_SECRET_ACCESS_KEY": "a" * 40,
        "AWS_PROFILE": "prod",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "b" * 40,
        "GITHUB_TOKEN": GITHUB,
        "PULUMI_CONFIG_PASSPHRASE": "correct horse",
        "HTTPS_PROXY": "http://user:pass@proxy",
        "SLIPWAY_STORE": "s3://plans",
    }
    code = (
        "seen = {k: v for k, v in os.environ.items() if k not in ('PATH', 'LC_CTYPE')}\n"
        "print(json.dumps({'version': 1, 'findings': [{'rule': 'env', 'message': json.dumps(sorted(seen))},\n"
        "    {'rule': 'home', 'message': str(os.listdir(os.environ['HOME']))}]}))"
    )
    names, home = found(tmp_path, code, environment=environment)
    assert names.text == 'env: ["HOME", "TMPDIR"]'
    assert home.text == "home: []"


def test_no_credential_that_a_check_got_at_elsewhere_is_in_what_it_says(tmp_path: Path) -> None:
    """As from the machine's own files: by its value where this process has it too, else by its shape."""
    secret, key = "n0t-4-shape-of-any", "AKIA" + "Q" * 16
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln"
    text = f"see {secret} {key} {GITHUB} -----BEGIN RSA PRIVATE KEY----- {token}"
    file = tmp_path / "text"
    file.write_text(text)
    code = f"text = open({str(file)!r}).read()\n"
    code += f"said = {{'rule': 'r', 'message': text, 'resource': {URN!r} + text}}\n"
    code += "print(json.dumps({'version': 1, 'findings': [said]}))"
    (finding,) = found(tmp_path, code, environment={**os.environ, "DATABASE_PASSWORD": secret})
    assert finding.text == "r: see [secret] [secret] [secret] [secret] [secret]"
    for part in (secret, key, GITHUB):
        assert part not in finding.urn


HARM = {
    "says nothing": ("", "what it printed is no answer"),
    "fails": ("print(json.dumps({'version': 1, 'findings': []}))\nsys.exit(3)", "it ended with status 3"),
    "dies": ("import signal\nos.kill(os.getpid(), signal.SIGKILL)", "it ended with status -9"),
    "hangs": ("time.sleep(60)", "it took longer than 1 seconds"),
    "closes its output and hangs": ("os.close(1)\ntime.sleep(60)", "it took longer than 1 seconds"),
    "floods": ("while True:\n    sys.stdout.write('x' * 65536)", f"it printed more than {LARGEST} bytes"),
    "floods with errors": ("while True:\n    sys.stderr.write('x' * 65536)", "it took longer than 1 seconds"),
    "talks": ("print('all is well')", "what it printed is no answer"),
    "talks after it": (
        "print(json.dumps({'version': 1, 'findings': []}))\nprint('done')",
        "what it printed is no answer",
    ),
    "nests": ("print('[' * 100000)", "what it printed is no answer"),
}


@pytest.mark.parametrize(("code", "reason"), HARM.values(), ids=HARM)
def test_a_check_that_does_not_answer_holds_what_it_was_to_look_at(
    tmp_path: Path, code: str, reason: str
) -> None:
    began = time.monotonic()
    (finding,) = found(tmp_path, code, seconds=1.0)
    assert (finding.check, finding.level) == ("it", "mandatory")
    assert finding.text.startswith(f"the check did not answer: {reason}")
    assert time.monotonic() - began < 20


def test_an_advisory_check_that_does_not_answer_is_told_and_holds_nothing(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, "sys.exit(1)", Level.ADVISORY)
    assert finding.level == "advisory"


def test_what_a_check_has_started_ends_with_it(tmp_path: Path) -> None:
    """Also what holds its output open, so that nothing waits for that."""
    pid = tmp_path / "pid"
    code = (
        "import subprocess\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))"
    )
    (finding,) = found(tmp_path, code, seconds=2.0)
    assert "it took longer" in finding.text
    for _ in range(50):
        try:
            os.kill(int(pid.read_text()), 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid.read_text()}/stat").read_text().split()[2] == "Z":
            return  # dead, and only its parent's to bury
        time.sleep(0.1)
    os.kill(int(pid.read_text()), signal.SIGKILL)
    pytest.fail("it lives on")


@pytest.mark.parametrize("run", ["no-such-command", "'open", "  ", "/", "\0"])
def test_a_command_that_cannot_be_started_is_told(tmp_path: Path, run: str) -> None:
    (finding,) = run_checks({"it": Check(run=run, level=Level.MANDATORY)}, SUMMARY, tmp_path)
    assert "its command cannot be" in finding.text


def test_a_command_is_no_line_of_a_shell(tmp_path: Path) -> None:
    run_checks({"it": Check(run=f"true; touch {tmp_path}/pwned")}, SUMMARY, tmp_path)
    run_checks({"it": Check(run=f"echo $(touch {tmp_path}/pwned)")}, SUMMARY, tmp_path)
    assert not (tmp_path / "pwned").exists()


NONSENSE: list[dict[str, Any]] = [
    {},
    {"version": 2, "findings": []},
    {"version": 1},
    {"version": 1, "findings": {}},
    {"version": 1, "findings": [], "approved": True},
    {"version": 1, "findings": [{**FINE, "more": 1}]},
    {"version": 1, "findings": [{"rule": "r"}]},
    {"version": 1, "findings": [{**FINE, "message": ""}]},
    {"version": 1, "findings": [{**FINE, "message": "m" * (contract.LONGEST + 1)}]},
    {"version": 1, "findings": [{**FINE, "message": 1}]},
    {"version": 1, "findings": [{**FINE, "rule": "a b"}]},
    {"version": 1, "findings": [{**FINE, "level": "fatal"}]},
    {"version": 1, "findings": [FINE] * (contract.MOST + 1)},
]


@pytest.mark.parametrize("document", NONSENSE)
def test_nonsense_is_no_answer_and_the_schema_says_so_too(document: Any) -> None:
    with pytest.raises(contract.BadAnswer):
        read(json.dumps(document).encode())
    validator: Any = Draft202012Validator(contract.schema())
    assert [*validator.iter_errors(document)]


@pytest.mark.parametrize(
    "urn",
    [
        URN.replace("::shop::", "::other::"),
        URN.replace(":prod::", ":dev::"),
        f" {URN}",
        "urn:pulumi:prod::shop-2::a:b/c:D::e",
        "arn:aws:s3:::bucket",
    ],
)
def test_a_check_cannot_speak_of_another_stack(urn: str) -> None:
    with pytest.raises(contract.BadAnswer, match="not of this stack"):
        read(answer({**FINE, "resource": urn}))
    assert read(answer({**FINE, "resource": URN}))[0].urn == URN


@examples(max_examples=50)
@given(st.text(min_size=1, max_size=200))
def test_whatever_a_check_says_is_one_line_that_does_nothing(message: str) -> None:
    try:
        (finding,) = read(answer({**FINE, "message": message}))
    except contract.BadAnswer:
        return
    assert finding.text.isprintable()
    assert read(answer({**FINE, "message": message}))[0] == finding


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_none(content: bytes) -> None:
    with pytest.raises(contract.BadAnswer):
        read(content)


def test_mandatory_findings_hold_a_plan_and_others_do_not() -> None:
    held, free = Finding("a", "mandatory", "cost: too much"), Finding("b", "advisory", "words")
    checks = {"a": Check(run="x", level=Level.MANDATORY), "b": Check(run="y")}
    summary = Summary("shop", "prod", "up", "pulumi", findings=(held, free))
    assert summary.held_by == (held,)
    assert outcomes(checks, summary.findings) == {"a": ("cost: too much",), "b": ()}
    with pytest.raises(PlanRefused, match="a: cost: too much"):
        require_passed(checks, outcomes(checks, summary.findings), "shop/prod")
    require_passed(checks, outcomes(checks, [free]), "shop/prod")


def test_a_check_that_came_after_the_plan_has_not_looked_at_it() -> None:
    checks = {"late": Check(run="x", level=Level.MANDATORY)}
    with pytest.raises(PlanRefused, match="late: it has not looked at this plan"):
        require_passed(checks, {}, "shop/prod")
    require_passed({"late": Check(run="x")}, {}, "shop/prod")


def test_a_check_that_is_gone_by_now_still_holds_what_it_held() -> None:
    with pytest.raises(PlanRefused, match="gone: cost"):
        require_passed({}, {"gone": ("cost",)}, "shop/prod")


def test_what_a_check_says_is_text_in_the_comment_and_mandatory_comes_first() -> None:
    hostile = {**FINE, "message": "@acme/admins <img src=x> ```\n</details> | [a](b)"}
    said = answer({**FINE, "level": "advisory"}, hostile)
    summary = plans.summary(1, 3, nasty=False, findings=read(said))
    body = page([summary])
    assert body.index("<b>mandatory</b>") < body.index("<b>advisory</b>")
    assert "@acme" not in body
    assert rendered(body).elements["img"] == 0


@pytest.mark.parametrize(("kind", "of_today"), [("findings", contract.schema), ("delivery", settings.schema)])
def test_a_schema_is_one_and_the_written_one_is_of_today(kind: str, of_today: Any) -> None:
    Draft202012Validator.check_schema(of_today())
    written = json.loads((ROOT / "docs" / "schemas" / f"{kind}.json").read_text())
    assert written == of_today(), "run `make schemas`"
