"""The tools around the code: the type checker's list; the pins and the processes of `make kubernetes`, as far
as they can be held without building it.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from slipway.errors import SlipwayError
from tools import kubernetes


def test_whatever_ships_is_type_checked_strictly() -> None:
    tools = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["tool"]
    shipped = set(tools["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert shipped >= {"runners", "slipway"}
    assert shipped - set(tools["basedpyright"]["include"]) == set()
    assert tools["basedpyright"]["typeCheckingMode"] == "strict"


def test_the_modules_of_kubernetes_fit_each_other() -> None:
    pinned = kubernetes.versions()
    major, rest = pinned["k8s.io/kubernetes"].removeprefix("v").split(".", 1)
    assert major == "1"
    together = {
        name: version for name, version in pinned.items() if version.startswith("v0.") and _staged(name)
    }
    assert len(together) > 20
    assert set(together.values()) == {f"v0.{rest}"}


def _staged(name: str) -> bool:
    return name.startswith("k8s.io/") and name not in (
        "k8s.io/gengo/v2",
        "k8s.io/kube-openapi",
        "k8s.io/system-validators",
        "k8s.io/utils",
    )


def test_every_program_is_a_tool_of_the_module() -> None:
    lines = (kubernetes.TOOLS / "go.mod").read_text().partition("tool (")[2].partition(")")[0].split()
    built = {line.removesuffix("/v3").rpartition("/")[2] for line in lines}
    assert built == set(kubernetes.PROGRAMS)


def test_without_go_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "BIN", tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SlipwayError, match="needs Go") as raised:
        kubernetes.build(kubernetes.Console(quiet=True))
    assert "make up" in raised.value.fix
    assert not (tmp_path / "bin").exists()


def test_stop_ends_its_own_processes_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BIN", "RUN"):
        monkeypatch.setattr(kubernetes, name, tmp_path / name)
        (tmp_path / name).mkdir()
    monkeypatch.setattr(kubernetes, "KUBECONFIG", tmp_path / "kubeconfig")
    monkeypatch.setattr(kubernetes, "PROCESSES", tmp_path / "RUN" / "processes.json")
    (tmp_path / "BIN" / "etcd").symlink_to("/bin/sleep")
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        kubernetes._spawn("etcd", ["60"])
        own = kubernetes.processes()["etcd"]
        kubernetes.PROCESSES.write_text(f'{{"etcd": {own}, "kwok": {stranger.pid}}}')
        assert kubernetes.alive() == {"etcd": own}
        assert kubernetes.stop()
        assert not Path(f"/proc/{own}/cmdline").exists() or not Path(f"/proc/{own}/cmdline").read_bytes()
        assert stranger.poll() is None
        assert not kubernetes.stop()
    finally:
        stranger.kill()
        stranger.wait()


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    kubernetes._secret(tmp_path / "key", "it")
    kubernetes._secret(tmp_path / "key", "another")
    assert (tmp_path / "key").read_text() == "another"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
