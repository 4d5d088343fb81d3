"""With every real credential in the environment, `local` uses none, prints none, and talks to nobody else."""

import os
import shutil
import textwrap
from pathlib import Path

import pytest

from slipway.engine.offline import render_apart
from slipway.errors import SlipwayError
from tests.program.conftest import Project

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
    "AWS_SECRET_ACCESS_KEY": "real-secret-access-key",
    "AWS_SESSION_TOKEN": "real-session-token",
    "AWS_PROFILE": "the-real-profile",
    "AWS_ENDPOINT_URL": "https://sts.amazonaws.com",
    "GITHUB_TOKEN": "ghp_realrealrealrealrealrealrealreal0000",
    "GH_TOKEN": "ghp_anotherrealtokenrealrealrealreal0000",
    "PULUMI_ACCESS_TOKEN": "pul-real0000000000000000000000000000000000",
    "PULUMI_BACKEND_URL": "https://api.pulumi.com",
    "PULUMI_CONFIG_PASSPHRASE": "the-real-passphrase",
    "HTTPS_PROXY": "http://proxy.invalid:3128",
    "HTTP_PROXY": "http://proxy.invalid:3128",
}

GUARD = textwrap.dedent(
    '''
    """Loaded by Python itself in every process of the test: no connection leaves this machine."""
    import ipaddress
    import os
    import socket

    _connect = socket.socket.connect

    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            try:
                local = ipaddress.ip_address(address[0]).is_loopback
            except ValueError:
                local = address[0] == "localhost"
            if not local:
                with open(os.environ["SLIPWAY_TEST_TRESPASSES"], "a") as log:
                    log.write(f"connect {address}\\n")
                raise OSError("a connection off loopback is forbidden in this test")
        return _connect(self, address)

    _getaddrinfo = socket.getaddrinfo

    def getaddrinfo(host, *rest, **named):
        if host not in ("127.0.0.1", "localhost", "::1", None, "", b"127.0.0.1", b"localhost"):
            with open(os.environ["SLIPWAY_TEST_TRESPASSES"], "a") as log:
                log.write(f"resolve {host}\\n")
            raise OSError("a look-up off loopback is forbidden in this test")
        return _getaddrinfo(host, *rest, **named)

    socket.socket.connect = connect
    socket.getaddrinfo = getaddrinfo
    '''
)


@pytest.fixture
def hostile(tmp_path: Path) -> dict[str, str]:
    """An environment full of real credentials, in which every process is watched."""
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "credentials").write_text(
        "[the-real-profile]\naws_access_key_id = AKIAFILEFILEFILEFILE\naws_secret_access_key = file-secret\n"
    )
    (home / ".aws" / "config").write_text("[profile the-real-profile]\nregion = us-east-1\n")
    kube = home / ".kube" / "config"
    kube.parent.mkdir()
    kube.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: real\n"
        "contexts: [{name: real, context: {cluster: real, user: real}}]\n"
        "clusters: [{name: real, cluster: {server: 'https://10.0.0.1:6443'}}]\n"
        "users: [{name: real, user: {token: real-cluster-token}}]\n"
    )
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD)
    return {
        **os.environ,
        **SECRETS,
        "HOME": str(home),
        "KUBECONFIG": str(kube),
        "PYTHONPATH": str(guard),
        "SLIPWAY_TEST_TRESPASSES": str(tmp_path / "trespasses"),
    }


def secrets_in(text: str) -> list[str]:
    values = [*SECRETS.values(), "AKIAFILEFILEFILEFILE", "file-secret", "real-cluster-token"]
    return [value for value in values if value in text and not value.startswith("http")]


@pytest.mark.slow
def test_local_uses_and_prints_no_real_credential_and_never_leaves_loopback(
    project: Project, hostile: dict[str, str], tmp_path: Path
) -> None:
    said = ""
    for arguments in (
        ("cloud", "start"),
        ("up", "local", "--yes", "--engine", "embedded"),
        ("preview", "local"),
        ("drift", "local"),
        ("cloud", "status", "--json"),
        ("destroy", "local", "--yes"),
    ):
        done = project.run(*arguments, environment=hostile)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        said += done.stdout + done.stderr
    trespasses = tmp_path / "trespasses"
    assert not trespasses.exists(), trespasses.read_text()
    assert not secrets_in(said)
    for path in (project.root / ".slipway").rglob("*"):
        if path.is_file():
            assert not secrets_in(path.read_bytes().decode("utf-8", "replace")), path


def test_the_guard_of_these_tests_works(hostile: dict[str, str], tmp_path: Path) -> None:
    python = shutil.which("python3")
    assert python
    status = os.spawnve(  # noqa: S606
        os.P_WAIT,
        python,
        [python, "-c", "import socket; socket.create_connection(('192.0.2.1', 80))"],
        hostile,
    )
    assert status != 0
    assert "192.0.2.1" in (tmp_path / "trespasses").read_text()


def test_a_real_stack_on_a_stand_in_is_refused(cloud: Project) -> None:
    cloud.edit(
        "config:\n",
        "config:\n  slipway:endpoints: {aws: 'http://127.0.0.1:1', github: 'http://127.0.0.1:1', "
        "kubernetes: 'http://127.0.0.1:1'}\n",
        "Pulumi.prod.yaml",
    )
    done = cloud.run("preview", "prod", "--offline")
    assert done.returncode == 1
    assert "cannot run on stand-ins" in done.stderr


def test_local_on_a_real_cloud_is_refused(project: Project) -> None:
    # The program itself, which the command does not even run without an embedded cloud.
    with pytest.raises(SlipwayError, match="runs on a stand-in only, and none was named"):
        render_apart(project.root, "local", "")
    project.edit(
        "config:\n",
        "config:\n  slipway:endpoints: {aws: 'https://iam.amazonaws.com', github: 'https://api.github.com', "
        "kubernetes: 'https://10.0.0.1'}\n",
    )
    with pytest.raises(SlipwayError, match="is not on this machine"):
        render_apart(project.root, "local", "")
