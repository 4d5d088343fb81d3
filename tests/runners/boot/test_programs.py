"""What goes onto the image is sound by itself: scripts, firewall, unit, user data."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runners.boot.user_data import MAX_BYTES, user_data
from tests.runners.boot.machine import BOOT, Machine
from tests.runners.boot.services import Services

RUNNERS = BOOT.parent
SCRIPTS = sorted(RUNNERS.rglob("*.sh"))
RULES = BOOT / "metadata.nft"


def data(**changed: str) -> str:
    told = {
        "fleet": "automation",
        "class_name": "linux",
        "region": "eu-west-1",
        "claim_url": "https://abc.execute-api.eu-west-1.amazonaws.com/claim",
        "finish_url": "https://abc.execute-api.eu-west-1.amazonaws.com/finish",
    }
    return user_data(**{**told, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["wire.py", "cicd.py"])
def test_programs_of_the_image_need_nothing_but_python(name: str) -> None:
    tree = ast.parse((BOOT / name).read_text(), feature_version=(3, 11))
    for node in ast.walk(tree):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert {one.partition(".")[0] for one in names} <= sys.stdlib_module_names


def test_only_root_reaches_the_metadata_service() -> None:
    lines = [line.strip() for line in RULES.read_text().splitlines() if not line.startswith("#")]
    for address in ("ip daddr 169.254.169.254", "ip6 daddr fd00:ec2::254"):
        rules = [line.removeprefix(address).strip() for line in lines if line.startswith(address)]
        # Accepted for root, refused for everybody: a packet whose user is not known is refused too.
        assert rules == ["meta skuid 0 accept", "reject", "reject"]
    assert len([line for line in lines if "hook output" in line or "hook forward" in line]) == 2


def in_a_namespace(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["unshare", "--map-root-user", "--net", "bash", "-euc", script],
        capture_output=True,
        text=True,
        check=False,
    )


needs_nft = pytest.mark.skipif(
    shutil.which("nft") is None or in_a_namespace("nft list ruleset").returncode != 0,
    reason="needs nft, and a network namespace of its own",
)


@needs_nft
def test_the_kernel_takes_the_rules_and_takes_them_again() -> None:
    done = in_a_namespace(f"nft --file {RULES}; nft --file {RULES}; nft list ruleset")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("169.254.169.254") == 3


@needs_nft
def test_the_kernel_refuses_everybody_but_root() -> None:
    """The address is on the loopback here; root is refused once the rule names another user."""
    asking = (
        "ip link set lo up; ip address add 169.254.169.254/32 dev lo;"
        f"{sys.executable} -m http.server --bind 169.254.169.254 8080 >/dev/null 2>&1 & "
        "ask() { curl --silent --noproxy '*' --max-time 9 --output /dev/null http://169.254.169.254:8080/; };"
        "for try in $(seq 300); do ask && break; sleep 0.1; done;"
        f"nft --file {RULES}; ask && echo root; "
        f"sed 's/skuid 0/skuid 4242/' {RULES} | nft --file -; ask || echo refused; kill %1"
    )
    assert in_a_namespace(asking).stdout.split() == ["root", "refused"]


def test_the_unit_ends_the_instance_whatever_becomes_of_the_script() -> None:
    unit = (BOOT / "slipway-runner.service").read_text()
    start = re.search(r"^ExecStart=(\S+) run (.*)$", unit, re.M)
    last = re.search(r"^ExecStopPost=(\S+) last-resort (.*)$", unit, re.M)
    assert start
    assert last
    assert start.groups() == last.groups()
    assert "RuntimeDirectoryPreserve=yes" in unit  # the last resort reads whether the script finished
    assert "Restart=no" in unit


def test_user_data_is_settings_and_a_start() -> None:
    text = data(cicd_role="arn:aws:iam::111122223333:role/slipway/ci/cicd")
    assert len(text.encode()) < MAX_BYTES / 16
    assert "CLASS=linux\n" in text
    assert "CICD_ROLE=arn:aws:iam::111122223333:role/slipway/ci/cicd\n" in text
    assert "CICD_ROLE" not in data()


@pytest.mark.parametrize(
    "changed",
    [
        {"fleet": "a\nb"},
        {"class_name": "x y"},
        {"region": ""},
        {"claim_url": "https://a/claim\nSETTINGS\nreboot"},
        {"finish_url": "ftp://a/finish"},
        {"finish_url": "https://user@a/finish"},
        {"cicd_role": "arn:aws:iam::1:role/x"},
    ],
    ids=str,
)
def test_user_data_takes_no_value_that_could_be_something_else(changed: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        data(**changed)


def test_the_boot_script_reads_what_the_user_data_writes(
    machine: Machine, services: Services, tmp_path: Path
) -> None:
    machine.prepare()
    etc = tmp_path / "etc"
    text = data(claim_url=f"{services.url}/claim", finish_url=f"{services.url}/finish")
    script = tmp_path / "user-data"
    script.write_text(text.replace("/etc/slipway", str(etc)))
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    subprocess.run(["sh", script], env=environment, check=True)
    assert machine.calls("systemctl") == [
        ["enable", "slipway-runner.service"],
        ["start", "--no-block", "slipway-runner.service"],
    ]
    shutil.copy(etc / "runner.conf", tmp_path / "runner.conf")
    assert machine.boot() == 0
    assert services.finished()["result"] == "ok"
