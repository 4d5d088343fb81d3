from __future__ import annotations

import json
import subprocess
import sys
import types
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slipway.cli import app
from slipway.engine import display, offline
from slipway.engine.interface import Diagnostic
from slipway.engine.values import UNKNOWN
from slipway.errors import SlipwayError
from tests.engine.test_revisions import commit_all, git

PROGRAM = """
import json
import pulumi
from tests.engine.toy import RemoteGroup, Thing

config = pulumi.Config()
role = pulumi.CustomResource("aws:iam/role:Role", "role", {
    "name": config.require("role"),
    "assumeRolePolicy": json.dumps({"Statement": [{"Action": config.get("action") or "sts:AssumeRole"}]}),
    "arn": None,
})
thing = Thing("thing", value=role.id, password=config.get_secret("password"))
group = RemoteGroup("group", 2)
other = pulumi.StackReference("org/other/prod")
pulumi.export("total", group.total)
pulumi.export("other", other.get_output("x"))
pulumi.export("name", config.require("role"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (root / "Pulumi.prod.yaml").write_text(
        "encryptionsalt: v1:AAAA:v1:BBBB:CCCC\n"
        "config:\n  role: deployer\n  demo:password:\n    secure: v1:xxxx:yyyy\n  aws:region: eu-west-1\n"
    )
    (root / "__main__.py").write_text(PROGRAM)
    return root


def test_render_knows_inputs_and_leaves_the_rest_unknown(project, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", lambda *a: pytest.fail("no network"))
    rendered = offline.render(project, "prod")
    by_name = {item.name: item for item in rendered.registrations}
    assert by_name["role"].inputs["name"] == "deployer"
    assert by_name["thing"].inputs["value"] is UNKNOWN
    assert repr(by_name["thing"].inputs["password"]) == "[secret]"
    assert by_name["group"].remote
    assert rendered.outputs == {"total": UNKNOWN, "other": UNKNOWN, "name": "deployer"}


def test_an_unknown_stack_suggests_the_nearest(project):
    with pytest.raises(SlipwayError, match="did you mean 'prod'"):
        offline.render(project, "prdo")


def test_broken_yaml_names_file_and_line(project):
    (project / "Pulumi.prod.yaml").write_text("config:\n  a: [1\n  b: 2\n")
    with pytest.raises(SlipwayError, match=r"Pulumi.prod.yaml:3:"):
        offline.render(project, "prod")


def _git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def test_base_shows_only_the_change_and_leaves_no_worktree(project):
    _git(project, "init", "-q", "-b", "main")
    _git(project, "add", ".")
    _git(project, "commit", "-q", "-m", "base")
    assert offline.preview(project, "prod", "HEAD").steps == ()
    text = (project / "Pulumi.prod.yaml").read_text()
    (project / "Pulumi.prod.yaml").write_text(text.replace("deployer", "shipper") + "  action: sts:Other\n")
    result = offline.preview(project, "prod", "HEAD")
    steps = {step.name: step for step in result.steps}
    assert set(steps) == {"role"}
    assert steps["role"].op == "replace"
    assert {(c.path, c.forces_replace) for c in steps["role"].diff} == {
        ("name", True),
        ("assumeRolePolicy#Statement[0].Action", False),
    }
    listed = subprocess.run(
        ["git", "-C", str(project), "worktree", "list"], capture_output=True, text=True, check=True
    )
    assert len(listed.stdout.splitlines()) == 1
    assert "forces replacement" in display.markdown(result)


LOGGING = """
import pulumi
from tests.engine.toy import Thing

pulumi.log.warn("of a resource", Thing("b"))
pulumi.log.warn("of another", Thing("a"))
pulumi.log.info("of all")
pulumi.log.debug("of nobody's interest")
"""


def _urn(name: str) -> str:
    return f"urn:pulumi:prod::demo::toy:index:Thing::{name}"


@pytest.mark.parametrize("base", [None, "HEAD"])
@pytest.mark.parametrize("here", [True, False])
def test_what_the_program_logs_is_said_once(project, base, here, capfd, monkeypatch):
    (project / "__main__.py").write_text(LOGGING)
    _git(project, "init", "-q", "-b", "main")
    _git(project, "add", ".")
    _git(project, "commit", "-q", "-m", "base")
    if here:  # without what it does to the process for good
        monkeypatch.setattr(offline, "render_here", offline.render)
    result = offline.preview(project, "prod", base, here=here)
    assert result.ok
    assert list(result.diagnostics) == [
        Diagnostic("info", "of all"),
        Diagnostic("warning", "of another", _urn("a")),
        Diagnostic("warning", "of a resource", _urn("b")),
    ]
    assert capfd.readouterr() == ("", "")


def test_a_logged_error_is_a_failed_preview(project):
    (project / "__main__.py").write_text("import pulumi\npulumi.log.error('no zone')\n")
    result = offline.preview(project, "prod")
    assert not result.ok
    assert list(result.diagnostics) == [Diagnostic("error", "no zone")]


def test_a_trigger_replaces_where_it_is_known(project):
    program = (
        "import pulumi, pulumi_aws as aws\n"
        "q = aws.sqs.Queue('q')\n"
        "aws.iam.Role('role', name='n', assume_role_policy='{{}}',"
        " opts=pulumi.ResourceOptions(replacement_trigger={}))\n"
    )
    shown = {}
    _git(project, "init", "-q", "-b", "main")
    for before, after in (("'1'", "'2'"), ("'1'", "'1'"), ("'1'", "q.arn")):
        (project / "__main__.py").write_text(program.format(before))
        _git(project, "add", ".")
        _git(project, "commit", "-q", "--allow-empty", "-m", "base")
        (project / "__main__.py").write_text(program.format(after))
        steps = offline.preview(project, "prod", "HEAD").steps
        shown[after] = [(step.name, step.op, [change.path for change in step.diff]) for step in steps]
    assert shown == {
        "'2'": [("role", "replace", ["replacement_trigger"])],
        "'1'": [],
        "q.arn": [],
    }


def test_credentials_never_reach_the_other_process(project, monkeypatch):
    (project / "__main__.py").write_text(
        "import os, pulumi\n"
        "pulumi.export('seen', sorted(k for k in os.environ if 'AWS' in k or 'TOKEN' in k))\n"
    )
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("GITHUB_TOKEN", "x")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "x")
    assert offline.preview(project, "prod").outputs == {"seen": []}


def test_a_failing_program_is_named(project):
    (project / "__main__.py").write_text("raise ValueError('no zone')\n")
    with pytest.raises(SlipwayError, match=r"ValueError: no zone[\s\S]*__main__.py:1"):
        offline.preview(project, "prod")


REFUSING = """
from slipway.errors import SlipwayError
raise SlipwayError("no zone", where="Pulumi.prod.yaml", fix="name one", exit_code=3)
"""


def test_what_a_program_refuses_is_told_as_it_said_it_with_one_place(project):
    (project / "__main__.py").write_text(REFUSING)
    with pytest.raises(SlipwayError) as raised:
        offline.render_apart(project, "prod", "key")
    told = raised.value
    assert (told.what, told.fix, told.exit_code) == ("no zone", "name one", 3)
    assert told.where == f"Pulumi.prod.yaml (the program at {project}, stack 'prod')"
    assert str(told).count("where:") == 1


SETTINGS = "import pulumi\nROLE = pulumi.Config().require('role')\nprint('said by the program')\n"


def test_stacks_in_one_process_know_nothing_of_each_other(project):
    (project / "rules").mkdir()
    (project / "rules" / "settings.py").write_text(SETTINGS)
    (project / "plain.py").write_text("from rules import settings\nROLE = settings.ROLE\n")
    (project / "__main__.py").write_text(
        "import plain, pulumi\nfrom rules import settings\n"
        "pulumi.export('role', [plain.ROLE, settings.ROLE])\n"
    )
    (project / "Pulumi.qa.yaml").write_text("config:\n  role: tester\n")
    rendered = offline.render_stacks(project, ["prod", "qa", "prod"], "key")
    assert [item.stack for item in rendered] == ["prod", "qa", "prod"]
    roles = [item.outputs["role"] for item in rendered]
    assert roles == [["deployer"] * 2, ["tester"] * 2, ["deployer"] * 2]
    assert rendered == [offline.render_apart(project, stack, "key") for stack in ("prod", "qa", "prod")]


@pytest.mark.parametrize(
    ("name", "kept"), [("slipway.platform.spelling", True), ("infra.tags_of_a_test", False)]
)
def test_of_this_repository_the_packages_own_modules_are_loaded_once(monkeypatch, name, kept):
    """They take as long again for each stack, and read nothing of one."""
    root = Path(offline.__file__).resolve().parents[2]
    monkeypatch.delitem(sys.modules, name, raising=False)
    with offline._modules_of_its_own(root):
        module = types.ModuleType(name)
        module.__file__ = str(root / f"{name.replace('.', '/')}.py")
        monkeypatch.setitem(sys.modules, name, module)
    assert (name in sys.modules) is kept


def test_of_several_stacks_the_one_that_fails_is_named(project):
    (project / "__main__.py").write_text("import pulumi\npulumi.Config().require('role')\n")
    (project / "Pulumi.qa.yaml").write_text("config: {}\n")
    with pytest.raises(SlipwayError, match="role") as raised:
        offline.render_stacks(project, ["prod", "qa", "prod"], "key")
    assert "stack 'qa'" in raised.value.where
    assert offline.render_stacks(project, [], "key") == []
    before, failed, after = offline.attempts(project, ["prod", "qa", "prod"], "key")
    assert str(failed) == str(raised.value)
    assert before == after == offline.render_apart(project, "prod", "key")


@pytest.mark.parametrize("broken", ["config: {}\n", "config: [\n"])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_stack_that_is_broken_hides_no_other(project, broken, form):
    (project / "Pulumi.qa.yaml").write_text(broken)
    command = ["preview", "qa", "prod", "--offline", "--root", str(project), *form]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "stack 'qa'" in done.stderr
    if form:
        told = json.loads(done.stdout)
        assert [each["stack"] for each in told["previews"]] == ["prod"]
        assert "stack 'qa'" in told["errors"][0]["where"]
    else:
        assert "preview prod: " in done.stdout


def test_a_stack_that_was_broken_at_the_base_is_not_shown_as_new(project):
    (project / "Pulumi.qa.yaml").write_text("config: {}\n")
    git(project, "init", "--quiet", "--initial-branch=main")
    commit_all(project)
    (project / "Pulumi.qa.yaml").write_text("config:\n  role: tester\n")
    qa, prod = offline.previews(project, ["qa", "prod"], "HEAD")
    assert "slipway-base-" in str(qa)
    assert isinstance(prod, offline.Preview)
    assert not prod.result.changed


def test_a_program_that_ends_its_process_is_told_of_and_so_are_those_after_it(project):
    (project / "__main__.py").write_text(
        "import os, sys\nprint('out of memory', file=sys.stderr)\nos._exit(9)\n"
    )
    first, second = offline.attempts(project, ["prod", "prod"], "key")
    assert "out of memory" in str(first)
    assert "not rendered" in str(second)


def test_extra_configuration_lies_on_top(project):
    rendered = offline.render(project, "prod", {"demo:role": "other"})
    assert rendered.outputs["name"] == "other"
