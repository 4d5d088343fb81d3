"""A second service comes aboard with the README's block as its one file, and with nothing else."""

import json
import re
from pathlib import Path
from typing import Any

from tests.program.conftest import ROOT, Clone, Project

SERVICE = "invoices"
CI = "role/slipway/ci"


def add(root: Path) -> int:
    """Write the README's block as the service's file; how many lines it has."""
    readme = (ROOT / "README.md").read_text()
    (block,) = re.findall(r"```yaml\n(# yaml-language-server.*?)```", readme, re.DOTALL)
    assert f"acme/{SERVICE}" in block
    (root / "services" / f"{SERVICE}.yaml").write_text(block)
    return len(block.splitlines())


def test_one_file_brings_a_service_into_every_stack(cloned: Clone) -> None:
    assert add(cloned.root) <= 12
    made = {
        "automation": {"invoices-build", "invoices-chart", "invoices-preview-build"},
        "staging": {"invoices-preview", "invoices-staging"},
        "prod": {"invoices-production"},
    }
    told: dict[str, Any] = json.loads(cloned.ok("preview", *made, "--offline", "--base", "HEAD", "--json"))
    for shown, roles in zip(told["previews"], made.values(), strict=True):
        created = {step["name"] for step in shown["steps"] if step["op"] == "create"}
        assert roles <= created
        # Nothing of the other service is touched; what is shared may only grow.
        others = [step for step in shown["steps"] if step["op"] != "create"]
        assert {step["op"] for step in others} <= {"update"}
        assert not any("skill-pool" in step["name"] for step in others), others
    difference: dict[str, Any] = told["access"]
    # The class that serves every repository has another name with one more, and the same rights.
    shared = "runner class cluster ("
    assert all(row["who"].startswith(shared) for row in difference["no_longer_allowed"])
    gained = {
        (row["who"], row["environment"], row["role"])
        for row in difference["newly_allowed"]
        if not row["who"].startswith(shared)
    }
    accounts = {"automation": "1" * 12, "staging": "2" * 12, "prod": "3" * 12}
    assert gained >= {
        (f"acme/{SERVICE}", role.removeprefix(f"{SERVICE}-"), f"arn:aws:iam::{accounts[stack]}:{CI}/{role}")
        for stack, roles in made.items()
        for role in roles
    }
    # The runners of the first service reach nothing of the second's.
    assert {who for who, _, _ in gained} == {f"acme/{SERVICE}"}


def test_one_file_brings_a_service_up_beside_the_first(cloud: Project) -> None:
    cloud.result("up", "local", "--yes")
    assert add(cloud.root) <= 12
    steps = cloud.result("preview", "local")["steps"]
    assert {"invoices-build", "invoices-production"} <= {s["name"] for s in steps if s["op"] == "create"}
    assert cloud.result("up", "local", "--yes")["ok"]
    repositories = cloud.client("ecr").describe_repositories()["repositories"]
    assert {"invoices/server", "invoices/chart", "skill-pool/server"} <= {
        repository["repositoryName"] for repository in repositories
    }
    roles = {role["RoleName"] for role in cloud.client("iam").list_roles()["Roles"]}
    assert {"invoices-build", "invoices-production", "skill-pool-production"} <= roles
    assert not cloud.result("drift", "local")["changed"]
