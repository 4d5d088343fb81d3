"""The runner image: what the template asks for, and what its scripts put where the boot script looks."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from infra.runner_images import MINIMUM_RUNNER_VERSION
from runners.image.block import block
from slipway.platform.naming import BUILD_TAG
from slipway.platform.runner_classes import RunnerClassSettings, RunnerImage
from tests.runners.boot.machine import BOOT
from tests.workflows.workflows import load

IMAGE = BOOT.parent / "image"
ROOT = BOOT.parents[1]
TEMPLATE = (IMAGE / "runner.pkr.hcl").read_text()
PROVISION, CHECK, CLEAN = ((IMAGE / f"{name}.sh").read_text() for name in ("provision", "check", "clean"))
BOOT_SCRIPT = (BOOT / "boot.sh").read_text()


def default(variable: str) -> str:
    found = re.search(rf'variable "{variable}" {{(.*?)\n}}', TEMPLATE, re.DOTALL)
    assert found
    return found[1]


def test_the_runner_is_pinned_by_version_and_checksum_for_each_architecture() -> None:
    version = re.search(r'default = "(\d+)\.(\d+)\.(\d+)"', default("runner_version"))
    assert version
    oldest = tuple(int(part) for part in MINIMUM_RUNNER_VERSION.split("."))
    assert tuple(int(part) for part in version.groups()) >= oldest
    sums = dict(re.findall(r'(\w+) += "([0-9a-f]{64})"', default("runner_sha256")))
    assert set(sums) == set(get_args(RunnerClassSettings.model_fields["architecture"].annotation))
    assert len(set(sums.values())) == len(sums)


@pytest.mark.parametrize(
    "line",
    [
        'http_tokens                 = "required"',
        "http_put_response_hop_limit = 1",
        "  encrypted             = true",
        "security_group_ids          = [var.security_group_id]",
        "ssh_clear_authorized_keys   = true",
    ],
)
def test_the_machine_that_is_built_is_closed(line: str) -> None:
    assert f"  {line}\n" in TEMPLATE
    assert "temporary_security_group" not in TEMPLATE


def test_an_image_says_what_is_in_it() -> None:
    tags = re.search(r"\n  tags = {(.*?)\n  }", TEMPLATE, re.DOTALL)
    assert tags
    assert set(re.findall(r'"(slipway:[\w-]+)"', tags[1])) == {
        "slipway:fleet",
        "slipway:architecture",
        "slipway:runner-version",
        "slipway:runner-sha256",
        "slipway:built-at",
        BUILD_TAG,
    }
    # The image role makes and changes nothing without this tag.
    assert f'"{BUILD_TAG}"    = var.fleet' in tags[1]
    for kind in ("tags ", "snapshot_tags", "run_tags", "run_volume_tags"):
        assert re.search(rf"^  {kind} *= (merge\()?local\.tags", TEMPLATE, re.MULTILINE)


def test_the_image_is_checked_before_it_is_cleaned() -> None:
    scripts = re.search(r"scripts = \[for name in \[(.*?)\] : ", TEMPLATE)
    assert scripts
    assert re.findall(r'"(\w+)"', scripts[1]) == ["provision", "tools", "check", "clean"]


def test_everything_that_the_boot_script_starts_is_on_the_image() -> None:
    used = set(re.findall(r'\$programs/([\w.-]+)"', BOOT_SCRIPT))
    lines = [line for line in PROVISION.splitlines() if line.startswith("install ")]
    installed = {name for line in lines for name in re.findall(r"/boot/([\w.-]+)", line)}
    assert used == {"wire.py", "cicd.py", "metadata.nft", "job.sh", "aws-config"}
    assert used | {"boot.sh", "slipway-runner.service"} == installed
    for program in ("curl", "nftables", "python3", "podman", "uidmap", "git"):
        assert re.search(rf"(^|\s){program}(\s|$)", PROVISION)


def test_the_image_writes_settings_that_the_boot_script_reads() -> None:
    (key,) = re.findall(r"printf '(\w+)=%s.n' .* >/opt/slipway/image\.conf", PROVISION)
    assert f"[{key}]=" in BOOT_SCRIPT
    archives = set(re.findall(r"/opt/slipway/[\w-]+\.tar\.gz", PROVISION + CHECK + BOOT_SCRIPT))
    assert archives == {"/opt/slipway/actions-runner.tar.gz"}


def test_the_runner_is_checked_before_and_after_it_is_on_the_image() -> None:
    assert PROVISION.index("curl --fail") < PROVISION.index("sha256sum --check --strict")
    assert "sha256sum --check" in CHECK


@pytest.mark.parametrize(
    "words",
    ["may use sudo", "reaches the metadata service", "built without root", "calls itself", "set-user-id"],
)
def test_the_checks_fail_the_build_of_a_bad_image(words: str) -> None:
    assert re.search(rf"fail \"[^\"]*{words}", CHECK)
    assert all("set -euo pipefail" in script for script in (PROVISION, CHECK, CLEAN))


def test_nobody_can_log_in_to_an_instance() -> None:
    assert "systemctl disable ssh.service ssh.socket" in CLEAN
    assert "ssh_host_" in CLEAN


def manifest(**changed: object) -> str:
    data = {"architecture": "arm64", "built": "2026-11-20", "runner_version": "2.337.0"}
    build = {
        "artifact_id": "eu-west-1:ami-0123456789abcdef0",
        "packer_run_uuid": "this",
        "custom_data": data,
        **changed,
    }
    older = {**build, "packer_run_uuid": "older", "artifact_id": "eu-west-1:ami-000000000000000ff"}
    return json.dumps({"builds": [older, build], "last_run_uuid": "this"})


def test_what_a_build_prints_goes_into_the_stack_file(tmp_path: Path) -> None:
    text = block(manifest())
    path = tmp_path / "block.yaml"
    path.write_text(text)
    image = RunnerImage.model_validate(load(path)["image"])
    assert image.id == "ami-0123456789abcdef0"
    assert "arm64" in text


@pytest.mark.parametrize("told", ["{}", manifest(artifact_id=""), manifest(packer_run_uuid="other")])
def test_a_build_without_an_image_prints_none(told: str) -> None:
    with pytest.raises(ValueError, match="no image"):
        block(told)


def test_the_functions_image_holds_the_functions_alone() -> None:
    docker = (ROOT / "runners/Dockerfile").read_text()
    copied = re.findall(r"^COPY (\S+)", docker, re.MULTILINE)
    assert copied == ["runners/__init__.py", "runners/webhook/", "runners/control/"]
    assert "FROM public.ecr.aws/lambda/python@${BASE_DIGEST}" in docker
    ignored = (ROOT / "runners/Dockerfile.dockerignore").read_text().splitlines()
    assert next(line for line in ignored if not line.startswith("#")) == "*"
