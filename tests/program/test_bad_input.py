"""Bad input gives a clear message and a failing exit, and nothing is half-done."""

import socket
from collections.abc import Callable

import pytest

from tests.program.conftest import Project


def snapshot(project: Project) -> set[str]:
    """Every file that a run could have left."""
    return {str(path) for path in (project.root / ".slipway").rglob("*") if path.is_file()}


def refuse(project: Project, *arguments: str) -> str:
    """Run a command that must fail with one clear message; the message."""
    done = project.run(*arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def break_yaml(project: Project) -> None:
    project.edit("config:", "config: [")


def misspell(project: Project) -> None:
    project.edit("flow_log_days", "flow_log_dayz")


def claim_twice(project: Project) -> None:
    path = project.root / "Pulumi.local.yaml"
    text = path.read_text()
    block = text[text.index("    skill-pool:\n") :]
    path.write_text(text + block.replace("    skill-pool:\n", "    other:\n", 1))


def bad_name(project: Project) -> None:
    project.edit("    skill-pool:\n", "    Skill_Pool:\n")


def unknown_job(project: Project) -> None:
    project.edit("        chart: {}\n", "        blue: {}\n")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (break_yaml, ["Pulumi.local.yaml"]),
        (misspell, ["flow_log_dayz", "did you mean 'flow_log_days'"]),
        (claim_twice, [".repository: found", "has claimed this one", ".hostname: found"]),
        (bad_name, ["Skill_Pool", "expected text of the form"]),
        (unknown_job, ["environments.blue", "'jobs' and 'branches' or 'tags'"]),
    ],
)
def test_a_bad_stack_file_is_refused_before_anything_is_registered(
    cloud: Project, change: Callable[[Project], None], expected: list[str]
) -> None:
    change(cloud)
    for command in (("up", "local", "--yes"), ("preview", "local")):
        done = cloud.run(*command, "--engine", "embedded")
        assert done.returncode == 1
        said = (done.stdout + done.stderr).replace("\n", " ")
        for text in expected:
            assert text in " ".join(said.split()), said
        assert "Traceback" not in said
    assert not cloud.client("iam").list_roles()["Roles"]
    assert not cloud.client("ecr").describe_repositories()["repositories"]


def test_an_unknown_stack_is_named_with_the_nearest_one(project: Project) -> None:
    assert "did you mean 'local'" in refuse(project, "up", "lcoal", "--yes")
    assert not snapshot(project)


def test_without_the_cloud_up_says_how_to_start_it(project: Project) -> None:
    said = refuse(project, "up", "local", "--yes", "--engine", "embedded")
    assert "slipway cloud start" in said


def test_a_port_that_is_taken_is_named_and_nothing_is_left(project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refuse(project, "cloud", "start", "--port", f"aws={port}")
    assert str(port) in said
    assert not (project.root / ".slipway" / "cloud.json").exists()


def test_base_without_offline_says_what_to_type(project: Project) -> None:
    assert "--offline --base HEAD" in refuse(project, "preview", "prod", "--base", "HEAD")


def test_nobody_is_asked_where_nobody_is(cloud: Project) -> None:
    assert "add --yes" in refuse(cloud, "destroy", "local")


@pytest.mark.parametrize("arguments", [("drift",), ("drift", "local", "--nonsense"), ("drfit", "local")])
def test_a_mistyped_drift_is_an_error_and_not_drift(project: Project, arguments: tuple[str, ...]) -> None:
    assert "slipway drift" in refuse(project, *arguments) or arguments[0] != "drift"


def test_a_mistyped_option_is_named_with_where_to_look(project: Project) -> None:
    said = refuse(project, "cloud", "start", "--nonsense")
    assert "No such option: --nonsense" in said
    assert "slipway cloud start --help" in said


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("up",),
        ("preview",),
        ("refresh",),
        ("destroy",),
        ("drift",),
        ("access",),
        ("bootstrap",),
        ("cloud",),
        ("cloud", "start"),
        ("cloud", "stop"),
        ("cloud", "status"),
    ],
)
def test_every_command_explains_itself(project: Project, arguments: tuple[str, ...]) -> None:
    done = project.run(*arguments, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_the_embedded_engine_refuses_a_real_stack(project: Project) -> None:
    said = refuse(project, "up", "prod", "--yes", "--engine", "embedded")
    assert "'local' only" in said
