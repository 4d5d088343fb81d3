"""`make deployed`, as the deploy workflow calls it: what runs is kept, by a tag on the very image."""

import shutil
import subprocess
from pathlib import Path

import pytest

from components.registry.lifecycle import DEPLOYED
from slipway.access.permissions import MARK_IMAGES
from tests.workflows.workflows import ROOT, examples

DIGEST = "sha256:" + "ab" * 32
REGISTRY = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
MANIFEST = '{\n   "schemaVersion": 2\n}'
AWS = """#!/bin/sh
printf '<%s>' "$@" | tr '\\n' '~' >>calls
echo >>calls
case "$*" in
  *imageManifestMediaType*) echo application/vnd.oci.image.index.v1+json ;;
  *images*imageManifest*) cat manifest ;;
  *imageDigest*) echo {digest} ;;
  "ecr put-image"*) test -z "$REFUSED" || {{ echo "An error occurred ($REFUSED)" >&2; exit 254; }} ;;
esac
"""
KUBECTL = '#!/bin/sh\nprintf "%s" "$IMAGES"\n'


@pytest.fixture
def service(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "examples/skill-pool/Makefile", tmp_path)
    (tmp_path / "manifest").write_text(MANIFEST)
    (tmp_path / "bin").mkdir()
    for name, text in (("aws", AWS.format(digest=DIGEST)), ("kubectl", KUBECTL)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def deployed(service: Path, *images: str, refused: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{service / 'bin'}:/usr/bin:/bin",
        "AWS_REGION": "eu-west-1",
        "ENVIRONMENT": "staging",
        "IMAGES": " ".join(images),
        "REFUSED": refused,
    }
    return subprocess.run(
        ["make", "deployed"], cwd=service, env=environment, capture_output=True, text=True, check=False
    )


def calls(service: Path) -> list[str]:
    return [line for line in (service / "calls").read_text().splitlines() if line.startswith("<ecr>")]


@pytest.mark.parametrize(
    ("image", "asked"), [(f"@{DIGEST}", f"imageDigest={DIGEST}"), (f":{'0' * 40}", f"imageTag={'0' * 40}")]
)
def test_the_image_that_runs_gets_the_environments_tag(service: Path, image: str, asked: str) -> None:
    done = deployed(service, f"{REGISTRY}/skill-pool/server{image}")
    assert done.returncode == 0, done.stderr
    where = "<--registry-id><111111111111><--region><eu-west-1><--repository-name><skill-pool/server>"
    *got, put = calls(service)
    assert all(call.startswith(f"<ecr><batch-get-image>{where}<--image-ids><{asked}>") for call in got)
    assert put == (
        f"<ecr><put-image>{where}<--image-tag><deployed-staging><--image-digest><{DIGEST}>"
        f"<--image-manifest><{MANIFEST.replace(chr(10), '~')}>"
        "<--image-manifest-media-type><application/vnd.oci.image.index.v1+json>"
    )
    assert "deployed-staging".startswith(DEPLOYED.removesuffix("*"))


def test_every_image_of_ours_is_kept_and_no_other_is_asked_for(service: Path) -> None:
    ours = [f"{REGISTRY}/skill-pool/{name}@{DIGEST}" for name in ("server", "web")]
    assert deployed(service, *ours, "docker.io/library/redis:7", "envoy@sha256:00").returncode == 0
    put = [call for call in calls(service) if "<put-image>" in call]
    assert ["server" in put[0], "web" in put[1], len(put)] == [True, True, 2]
    assert not [call for call in calls(service) if "redis" in call or "envoy" in call]


def test_an_image_that_has_the_tag_already_is_no_mistake(service: Path) -> None:
    image = f"{REGISTRY}/skill-pool/server@{DIGEST}"
    assert deployed(service, image, refused="ImageAlreadyExistsException").returncode == 0
    done = deployed(service, image, refused="AccessDeniedException")
    assert done.returncode != 0
    assert "AccessDeniedException" in done.stderr


def test_it_calls_nothing_that_the_promoting_role_may_not_do(service: Path) -> None:
    deployed(service, f"{REGISTRY}/skill-pool/server@{DIGEST}")
    named = {call.split("><")[1].replace("-", " ").title().replace(" ", "") for call in calls(service)}
    assert {f"ecr:{action}" for action in named} == set(MARK_IMAGES)


def test_what_runs_is_told_to_the_job_that_keeps_it(service: Path) -> None:
    output = service / "output"
    environment = {
        "PATH": f"{service / 'bin'}:/usr/bin:/bin",
        "AWS_REGION": "eu-west-1",
        "EKS_CLUSTER_NAME": "slipway-staging",
        "HELM_NAMESPACE": "skill-pool",
        "HELM_RELEASE_NAME": "skill-pool",
        "HELM_VALUES_PARAMETER": "skill-pool-service-helm-values",
        "GITHUB_OUTPUT": str(output),
        "IMAGES": f"{REGISTRY}/a@{DIGEST}\nevil=x {REGISTRY}/b@{DIGEST}",
    }
    subprocess.run(["make", "running"], cwd=service, env=environment, check=True, capture_output=True)
    # One line, or an image could name another output of the step.
    assert output.read_text() == f"images={REGISTRY}/a@{DIGEST} evil=x {REGISTRY}/b@{DIGEST}\n"


def test_the_workflow_keeps_what_runs_whatever_became_of_the_deploy() -> None:
    (deploy,) = [workflow for workflow in examples() if workflow.path.stem == "deploy"]
    steps = deploy.jobs["deploy"]["steps"]
    assert steps[-1]["run"] == "make running"
    assert "failure" not in steps[-1]["if"]
    assert [step["run"] for step in steps if "run" in step].index("make version") == 0
    keep = deploy.jobs["keep"]
    assert (keep["environment"], keep["needs"], keep["steps"][-1]["run"]) == (
        "promote",
        "deploy",
        "make deployed",
    )
    assert keep["env"]["ENVIRONMENT"] == deploy.jobs["deploy"]["environment"]["name"]
