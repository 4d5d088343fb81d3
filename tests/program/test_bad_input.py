"""Bad input gives a clear message and a failing exit, and nothing is half-done."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from slipway.localcloud.github.world import DEFAULT_LABELS
from tests.program.conftest import Project

SERVICE = "services/skill-pool.yaml"


def snapshot(project: Project) -> set[str]:
    """Every file that a run could have left."""
    return {str(path) for path in (project.root / ".slipway").rglob("*") if path.is_file()}


def held(project: Project) -> object:
    """What the cloud holds, but for the repositories that it is given to begin with, and the state.

    The state's root is left out: an engine writes it before the program begins.
    """
    told = json.loads(project.ok("cloud", "status", "--json"))
    made = {key: told["counts"][key] for key in ("aws", "kubernetes")}
    github = dict(told["counts"]["github"])
    github.pop("Organizations", None)
    # A repository comes with GitHub's own labels, and with no other.
    assert github.pop("Labels", 0) == len(DEFAULT_LABELS) * github.pop("Repositories", 0)
    state = project.root / ".slipway" / "state" / "local.json"
    deployment: dict[str, Any] = json.loads(state.read_text())["deployment"] if state.exists() else {}
    resources: list[dict[str, Any]] = deployment.get("resources") or []
    kept = [one["urn"] for one in resources if one["type"] != "pulumi:pulumi:Stack"]
    return made, github, told["recorded"], kept


def refuse(project: Project, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run a command that must fail with one clear message; the message."""
    done = project.run(*arguments, environment=environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def break_yaml(project: Project) -> None:
    project.edit("config:", "config: [")


def misspell(project: Project) -> None:
    project.edit("flow_log_days", "flow_log_dayz")


def claim_twice(project: Project) -> None:
    shutil.copy(project.root / SERVICE, project.root / "services" / "other.yaml")


def bad_name(project: Project) -> None:
    (project.root / SERVICE).rename(project.root / "services" / "Skill_Pool.yaml")


def unknown_job(project: Project) -> None:
    project.edit("  [build, chart,", "  [build, blue,", SERVICE)


def misspell_the_shared_block(project: Project) -> None:
    project.edit("  slipway:platform:\n", "  slipway:platfrom:\n")


def misspell_the_top(project: Project) -> None:
    project.edit("config:\n", "confg:\n")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (break_yaml, ["Pulumi.local.yaml"]),
        (misspell_the_shared_block, ["slipway:platfrom: found an unknown key", "did you mean 'platform'"]),
        (misspell_the_top, ["unknown key 'confg'", "Pulumi.local.yaml", "did you mean 'config'"]),
        (misspell, ["flow_log_dayz", "did you mean 'flow_log_days'"]),
        (claim_twice, ["repository: found", "has claimed this one", "hostname: found"]),
        (bad_name, ["Skill_Pool", "expected lower-case letters, digits and single hyphens"]),
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


def no_app(project: Project) -> None:
    project.edit("        app_id: 424242\n", "", "Pulumi.yaml")


def twins_without_a_chart(project: Project) -> None:
    project.edit("images: [server, web]", "images: [server, web, a-b, a_b]", SERVICE)
    project.edit("chart: examples/skill-pool/chart", "chart: examples/skill-pool/no-chart", SERVICE)


def open_to_all(project: Project) -> None:
    project.edit(
        "authentication_mode: API\n",
        "authentication_mode: API\n      reach: addresses\n      addresses: {all: [0.0.0.0/0, 10.0.0.0/8]}\n",
    )


def two_architectures_in_a_small_network(project: Project) -> None:
    project.edit("instance_types: [t3.medium], minimum", "instance_types: [m7g.large, m7i.large], minimum")
    project.edit("cidr: 10.90.0.0/16", "cidr: 10.90.0.0/28")


def one_role_twice(project: Project) -> None:
    (project.root / "services" / "skill-pool-preview.yaml").write_text(COMPANION)


COMPANION = """\
repository: acme/companion
repository_id: 70002
images: [server]
hostname: preview.skill-pool.example.com
environments: [build]
"""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (no_app, ["slipway:organization.github.app_id: found nothing"]),
        (
            twins_without_a_chart,
            ["services/skill-pool.yaml:4: images: found", "services/skill-pool.yaml:5: chart: found"],
        ),
        (open_to_all, ["cluster.addresses.all.0: found", "cluster.addresses.all.1: found"]),
        (
            two_architectures_in_a_small_network,
            ["platform.network.cidr: found", "node_groups.default.instance_types: found"],
        ),
        (
            one_role_twice,
            [
                "services/skill-pool-preview.yaml:5: environments.build: found the IAM role name",
                "services/skill-pool.yaml:7: environments.preview: found the hostname",
            ],
        ),
    ],
)
def test_what_would_be_refused_half_way_is_refused_before_the_first_resource(
    cloud: Project, change: Callable[[Project], None], expected: list[str]
) -> None:
    change(cloud)
    before = held(cloud)
    done = cloud.run("up", "local", "--yes", "--engine", "embedded")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    said = " ".join((done.stdout + done.stderr).split())
    for text in expected:
        assert text in said, said
    assert f"{len(expected)} mistake{'s' if len(expected) > 1 else ''} in " in said
    assert held(cloud) == before
    assert not cloud.client("iam").list_roles()["Roles"]


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


def test_without_a_command_there_is_help_and_no_empty_error(project: Project) -> None:
    for arguments in ((), ("cloud",)):
        done = project.run(*arguments)
        assert done.returncode == 1
        assert "Usage: slipway" in done.stdout
        assert "error" not in done.stderr


def test_local_has_no_offline_preview(project: Project) -> None:
    done = project.run("preview", "local", "--offline")
    assert done.returncode == 1
    assert "do:    slipway preview local" in done.stderr


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


def test_a_real_stack_without_the_cli_says_what_does_without(project: Project, tmp_path: Path) -> None:
    said = refuse(project, "preview", "prod", environment={**os.environ, "PATH": str(tmp_path)})
    assert "slipway preview prod --offline" in said


def test_a_second_start_does_not_say_it_all_again(cloud: Project) -> None:
    (line,) = cloud.ok("cloud", "start").splitlines()
    assert "already runs: http://127.0.0.1:" in line


def test_the_version_is_the_projects(project: Project) -> None:
    assert project.ok("--version").strip() == f"slipway {metadata.version('slipway')}"


def test_the_embedded_engine_refuses_a_real_stack(project: Project) -> None:
    said = refuse(project, "up", "prod", "--yes", "--engine", "embedded")
    assert "stacks on a stand-in only, and 'prod' is real" in said
