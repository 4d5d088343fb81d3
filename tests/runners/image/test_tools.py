"""The image's programs for clusters: nothing is installed, or even unpacked, that is not its publisher's."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

IMAGE = Path(__file__).parents[3] / "runners" / "image"
TOOLS = IMAGE / "tools.sh"
FINGERPRINT = "FB5DB77FD5C118B80511ADA8A6310ACC4672475C"
"""https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"""

CURL = """#!/usr/bin/env bash
while (($# > 1)); do [[ $1 == --output ]] && output=$2; shift; done
printf '%s\\n' "$1" >>"$SERVED/asked"
cp "$SERVED/${1##*/}" "$output"
"""
INSTALLER = """#!/usr/bin/env bash
set -eu
while (($#)); do case $1 in --bin-dir) bin=$2 ;; esac; shift; done
touch "$SERVED/ran"
echo aws >"$bin/aws"
"""

pytestmark = pytest.mark.skipif(
    not all(shutil.which(name) for name in ("gpg", "gpgv", "unzip")), reason="needs gpg, gpgv and unzip"
)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Publisher:
    """What the three addresses serve, and a key that signs the AWS CLI."""

    folder: Path
    architecture: str = "x86_64"
    changed: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def served(self) -> Path:
        return self.folder / "served"

    @property
    def prefix(self) -> Path:
        return self.folder / "local"

    @property
    def helm(self) -> Path:
        return (
            self.served / f"helm-v3.0.1-linux-{'amd64' if self.architecture == 'x86_64' else 'arm64'}.tar.gz"
        )

    @property
    def aws(self) -> Path:
        machine = "x86_64" if self.architecture == "x86_64" else "aarch64"
        return self.served / f"awscli-exe-linux-{machine}-2.0.1.zip"

    def gpg(self, home: str, *arguments: str) -> None:
        folder = self.folder / home
        folder.mkdir(mode=0o700, exist_ok=True)
        subprocess.run(["gpg", "--homedir", folder, "--batch", *arguments], check=True, capture_output=True)

    def sign(self, home: str) -> None:
        """Sign the archive with the key in that home, which is made first."""
        self.gpg(home, "--passphrase", "", "--quick-generate-key", f"{home}@example.com", "ed25519", "sign")
        signature = self.aws.with_name(f"{self.aws.name}.sig")
        self.gpg(home, "--yes", "--output", str(signature), "--detach-sign", str(self.aws))

    def publish(self) -> None:
        for folder in (self.served, self.folder / "bin"):
            folder.mkdir()
        (self.folder / "bin" / "curl").write_text(CURL)
        (self.folder / "bin" / "curl").chmod(0o755)
        (self.served / "kubectl").write_text("kubectl")
        with tarfile.open(self.helm, "w:gz") as archive:
            member = tarfile.TarInfo(
                f"{self.helm.name.removeprefix('helm-v3.0.1-').removesuffix('.tar.gz')}/helm"
            )
            member.size = 4
            archive.addfile(member, io.BytesIO(b"helm"))
        with zipfile.ZipFile(self.aws, "w") as archive:
            program = zipfile.ZipInfo("aws/install")
            program.external_attr = 0o755 << 16
            archive.writestr(program, INSTALLER)
        self.sign("publisher")
        self.gpg("publisher", "--armor", "--output", str(self.folder / "key.asc"), "--export")
        self.changed = {"KUBECTL_SHA256": digest(self.served / "kubectl"), "HELM_SHA256": digest(self.helm)}

    def install(self) -> subprocess.CompletedProcess[str]:
        settings = {
            "ARCHITECTURE": self.architecture,
            "KUBECTL_VERSION": "1.0.1",
            "HELM_VERSION": "3.0.1",
            "AWS_CLI_VERSION": "2.0.1",
            "AWS_CLI_KEY": str(self.folder / "key.asc"),
            "PREFIX": str(self.prefix),
            "SERVED": str(self.served),
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            **self.changed,
        }
        return subprocess.run(["bash", TOOLS], env=settings, capture_output=True, text=True, check=False)


@pytest.fixture(params=["x86_64", "arm64"])
def publisher(request: pytest.FixtureRequest, tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path, request.param)
    made.publish()
    return made


def test_what_its_publishers_made_is_installed(publisher: Publisher) -> None:
    done = publisher.install()
    assert done.returncode == 0, done.stderr
    programs = {path.name: path.read_text().strip() for path in (publisher.prefix / "bin").iterdir()}
    assert programs == {"kubectl": "kubectl", "helm": "helm", "aws": "aws"}
    asked = (publisher.served / "asked").read_text().split()
    go, aws = ("amd64", "x86_64") if publisher.architecture == "x86_64" else ("arm64", "aarch64")
    assert asked == [
        f"https://dl.k8s.io/release/v1.0.1/bin/linux/{go}/kubectl",
        f"https://get.helm.sh/helm-v3.0.1-linux-{go}.tar.gz",
        f"https://awscli.amazonaws.com/awscli-exe-linux-{aws}-2.0.1.zip",
        f"https://awscli.amazonaws.com/awscli-exe-linux-{aws}-2.0.1.zip.sig",
    ]


def other_kubectl(publisher: Publisher) -> None:
    (publisher.served / "kubectl").write_text("another")


def other_helm(publisher: Publisher) -> None:
    publisher.helm.write_bytes(publisher.helm.read_bytes() + b"\0")


def other_aws(publisher: Publisher) -> None:
    publisher.aws.write_bytes(publisher.aws.read_bytes() + b"\0")


def anothers_signature(publisher: Publisher) -> None:
    publisher.sign("somebody")


def no_signature(publisher: Publisher) -> None:
    publisher.aws.with_name(f"{publisher.aws.name}.sig").write_bytes(b"")


@pytest.mark.parametrize("attack", [other_kubectl, other_helm, other_aws, anothers_signature, no_signature])
def test_nothing_of_anybody_else_is_installed(tmp_path: Path, attack: Callable[[Publisher], None]) -> None:
    publisher = Publisher(tmp_path)
    publisher.publish()
    attack(publisher)
    assert publisher.install().returncode != 0
    assert not publisher.prefix.exists()
    assert not (publisher.served / "ran").exists()


def test_the_key_is_the_one_that_aws_publishes(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    listing = subprocess.run(
        ["gpg", "--homedir", tmp_path, "--show-keys", "--with-colons", IMAGE / "aws-cli.asc"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert re.findall(r"^fpr:+(\w+):", listing, re.MULTILINE) == [FINGERPRINT]
