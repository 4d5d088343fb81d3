"""EKS ties an access entry to the role that was there, not to its ARN: both are made anew together."""

from typing import Any

import pytest

from tests.program.conftest import Project

ROLE = "skill-pool-production"
ENTRY = "aws:eks/accessEntry:AccessEntry"


@pytest.mark.slow
def test_a_role_that_was_deleted_and_made_again_gets_a_new_access_entry(cloud: Project) -> None:
    first = cloud.result("up", "local", "--yes")
    assert first["ok"], first["diagnostics"]
    assert not cloud.result("up", "local", "--yes")["changed"]
    iam = cloud.client("iam")
    dead = iam.get_role(RoleName=ROLE)["Role"]
    for name in iam.list_role_policies(RoleName=ROLE)["PolicyNames"]:
        iam.delete_role_policy(RoleName=ROLE, PolicyName=name)
    iam.delete_role(RoleName=ROLE)

    assert cloud.run("drift", "local").returncode == 2
    repaired = cloud.result("up", "local", "--yes")
    assert repaired["ok"], repaired["diagnostics"]
    role = iam.get_role(RoleName=ROLE)["Role"]
    assert role["Arn"] == dead["Arn"]
    assert role["RoleId"] != dead["RoleId"]
    assert replaced(repaired) == [
        (f"cluster-access-job-{ROLE}", ENTRY, "replacement_trigger", dead["RoleId"], role["RoleId"])
    ]
    assert cloud.run("drift", "local").returncode == 0
    assert not cloud.result("up", "local", "--yes")["changed"]


def replaced(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (step["name"], step["type"], change["path"], change["old"], change["new"])
        for step in result["steps"]
        if step["op"] == "replace"
        for change in step["diff"]
    ]
