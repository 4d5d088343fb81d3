"""The example's chart: it parses, its images are pinned, its migration runs first and leaves its logs."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from components.release.values import ImageReference, release_values
from slipway.errors import SlipwayError
from tests.workflows.workflows import ROOT, load

SERVICE = ROOT / "examples/skill-pool"
CHART = SERVICE / "chart"
DIGEST = "sha256:" + "ab" * 32
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
helm = pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not on PATH")


def pinned() -> dict[str, str]:
    return SCHEMA["definitions"]["image"]["properties"]


def test_the_chart_and_its_values_parse() -> None:
    assert load(CHART / "Chart.yaml")["name"] == "skill-pool"
    values = load(CHART / "values.yaml")
    assert set(values) == set(SCHEMA["required"])
    assert set(values["image"]) == {"registry", "server", "web"}


def test_no_default_says_which_build_runs() -> None:
    for image in ("server", "web"):
        assert not {"tag", "digest"} & set(load(CHART / "values.yaml")["image"][image])
    assert SCHEMA["definitions"]["image"]["oneOf"] == [{"required": ["digest"]}, {"required": ["tag"]}]


@pytest.mark.parametrize("tag", ["latest", "", "main", "v1", "v1.2", "stable", "deployed-prod"])
def test_the_schema_refuses_a_tag_that_can_move(tag: str) -> None:
    assert not re.search(pinned()["tag"]["pattern"], tag)


@pytest.mark.parametrize(
    "tag", ["v0.2.0", "1.0.0-rc.1", "0" * 40, "sha-0a1b2c3", "latest", "v1", "01.2.3", "", "x"]
)
def test_chart_and_component_take_the_same_tags(tag: str) -> None:
    try:
        ImageReference(repository="skill-pool/server", tag=tag)
        taken = True
    except SlipwayError:
        taken = False
    assert bool(re.search(pinned()["tag"]["pattern"], tag)) is taken


def test_the_chart_takes_what_the_component_gives() -> None:
    reference = ImageReference(
        repository="1.dkr.ecr.eu-west-1.amazonaws.com/skill-pool/server", digest=DIGEST
    )
    given = release_values({"server": reference}, {})["image"]["server"]
    assert set(given) <= set(pinned())
    assert re.search(pinned()["digest"]["pattern"], given["digest"])
    assert re.search(pinned()["repository"]["pattern"], given["repository"])


def test_the_migration_comes_first_and_leaves_its_logs() -> None:
    job = (CHART / "templates/migration-job.yaml").read_text()
    assert "helm.sh/hook: pre-install,pre-upgrade\n" in job
    assert "helm.sh/hook-delete-policy: before-hook-creation\n" in job
    assert "command: [/usr/local/bin/skill-pool-server, migrate]" in job
    assert "skill-pool.databaseEnv" in job
    database = load(CHART / "values.yaml")["database"]
    assert database == {"secret": "skill-pool-db", "key": "SKILL_POOL_DATABASE_URL"}


def test_the_services_file_names_the_same_secret_and_images() -> None:
    block = load(ROOT / "services" / "skill-pool.yaml")
    assert block["database"] == load(CHART / "values.yaml")["database"]
    assert set(block["images"]) == set(load(CHART / "values.yaml")["image"]) - {"registry"}
    assert (ROOT / block["chart"] / "Chart.yaml").exists()


def render(*settings: str) -> subprocess.CompletedProcess[str]:
    arguments = [item for one in settings for item in ("--set", one)]
    return subprocess.run(
        ["helm", "template", "skill-pool", CHART, *arguments], capture_output=True, text=True, check=False
    )


GOOD = (f"image.server.digest={DIGEST}", "image.web.tag=v0.2.0", "ingress.host=skill-pool.example.com")


@helm
def test_helm_renders_pods_that_satisfy_the_restricted_standard(tmp_path: Any) -> None:
    rendered = render(*GOOD)
    assert rendered.returncode == 0, rendered.stderr
    file = tmp_path / "all.yaml"
    pods = []
    for text in rendered.stdout.split("\n---\n"):
        file.write_text(text)
        if (found := load(file)) and found["kind"] in ("Deployment", "Job"):
            pods.append(found["spec"]["template"]["spec"])
    assert len(pods) == 3
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@helm
@pytest.mark.parametrize("bad", ["image.web.tag=latest", "image.web.tag=", f"image.web.digest={DIGEST}"])
def test_helm_refuses_an_image_without_one_good_pin(bad: str) -> None:
    assert render(*GOOD, bad).returncode != 0
