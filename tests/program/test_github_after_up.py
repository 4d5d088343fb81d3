"""What GitHub says about a service's repository after `up local`, to anybody who asks its REST interface."""

import json
import re
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.program.conftest import ROOT, Project

WORKFLOWS = ROOT / "examples" / "skill-pool" / ".github" / "workflows"
REPOSITORY = "/repos/acme/skill-pool"
ACCOUNT = "123456789012"
TOKEN = "a-token-of-the-test"

# What the files of `local` mean: where the jobs of each environment are on the cluster, and its hostname.
PLACES: dict[str, dict[str, str]] = {
    "build": {},
    "chart": {},
    "preview-build": {},
    "preview": {"HELM_NAMESPACE": "skill-pool-preview", "PUBLIC_HOSTNAME": "preview.skill-pool.example.com"},
    "staging": {"HELM_NAMESPACE": "skill-pool-staging", "PUBLIC_HOSTNAME": "staging.skill-pool.example.com"},
    "prod": {"HELM_NAMESPACE": "skill-pool", "PUBLIC_HOSTNAME": "skill-pool.example.com"},
    "production": {"HELM_NAMESPACE": "skill-pool", "PUBLIC_HOSTNAME": "skill-pool.example.com"},
}


class GitHub:
    """The stand-in's REST interface, with the token of the stack's own provider."""

    def __init__(self, project: Project) -> None:
        status = json.loads(project.ok("cloud", "status", "--json"))
        self._host = urlsplit(status["endpoints"]["github"]).netloc

    def get(self, path: str) -> tuple[int, Any]:
        """Status and body of the answer."""
        connection = HTTPConnection(self._host, timeout=120)
        connection.request("GET", path, headers={"Authorization": "Bearer stand-in"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def variables(self, path: str) -> dict[str, str]:
        """Name and value of every variable there."""
        status, body = self.get(f"{path}/variables?per_page=30")
        assert (status, body["total_count"]) == (200, len(body["variables"])), body
        return {one["name"]: one["value"] for one in body["variables"]}


def used() -> dict[str, set[str]]:
    """Environment -> the variables that a job of the example's workflows reads there."""
    found: dict[str, set[str]] = {}
    for file in WORKFLOWS.glob("*.yml"):
        workflow = yaml.safe_load(file.read_text())
        # YAML 1.1 reads the key `on` as true.
        inputs = ((workflow[True] or {}).get("workflow_dispatch") or {}).get("inputs") or {}
        for job in workflow["jobs"].values():
            names = set(re.findall(r"\bvars\.(\w+)", json.dumps(job)))
            given = job.get("environment", "")
            environment = given["name"] if isinstance(given, dict) else given
            chosen = re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", environment)
            for name in inputs[chosen[1]]["options"] if chosen else [environment]:
                if names:
                    found.setdefault(name, set()).update(names)
    return found


@pytest.mark.slow
def test_github_holds_what_the_stack_file_means(cloud: Project) -> None:
    token = "        app_id: 424242\n"
    cloud.edit(token, f"{token}        private_actions: true\n", "Pulumi.yaml")
    cloud.edit("config:\n", f"config:\n  slipway:privateActionsToken: {TOKEN}\n")
    done = cloud.result("up", "local", "--yes")
    assert done["ok"], done["diagnostics"]
    github = GitHub(cloud)

    status, environments = github.get(f"{REPOSITORY}/environments")
    assert status == 200
    assert {one["name"] for one in environments["environments"]} == set(PLACES)
    protected = {
        one["name"]
        for one in environments["environments"]
        if any(rule["type"] == "required_reviewers" for rule in one["protection_rules"])
    }
    assert protected == {"prod", "production"}

    shared = github.variables(f"{REPOSITORY}/actions")
    assert shared == {
        "AWS_REGION": "eu-west-1",
        "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/slipway/ci/skill-pool-build",
        "DEPLOY_RUNS_ON": '["self-hosted", "cluster"]',
        "MIGRATE_RUNS_ON": '["self-hosted", "cluster"]',
        "ECR_REPO_SERVER": "skill-pool/server",
        "ECR_REPO_WEB": "skill-pool/web",
        "HELM_RELEASE_NAME": "skill-pool",
    }
    given = {name: github.variables(f"{REPOSITORY}/environments/{name}") for name in PLACES}
    for name, place in PLACES.items():
        role = f"arn:aws:iam::{ACCOUNT}:role/slipway/ci/skill-pool-{name}"
        expected = {"AWS_REGION": "eu-west-1", "AWS_ROLE_ARN": role, **place}
        if place:
            expected["EKS_CLUSTER_NAME"] = "slipway-local"
        if place and name != "prod":  # where migrations run, and no release
            expected["HELM_VALUES_PARAMETER"] = "skill-pool-service-helm-values"
        assert given[name] == expected, name

    reads = used()
    assert {"build", "production", "staging", "prod"} <= set(reads)
    for name, names in reads.items():
        # `local` brings up a few of the service's environments; every one has the two of its role.
        there = given.get(name, ("AWS_REGION", "AWS_ROLE_ARN"))
        assert not names - set(shared) - set(there), f"a job in {name} reads what nobody sets"

    assert_secrets(github)


def assert_secrets(github: GitHub) -> None:
    """There is the one secret that the stack file asks for; it tells its name and never its value."""
    status, body = github.get("/orgs/acme/actions/secrets/PRIVATE_ACTIONS_TOKEN")
    assert (status, body["name"], body["visibility"]) == (200, "PRIVATE_ACTIONS_TOKEN", "selected")
    assert TOKEN not in json.dumps(body)
    for path in (f"{REPOSITORY}/actions", *(f"{REPOSITORY}/environments/{name}" for name in PLACES)):
        # No credential of AWS is kept anywhere: every role is assumed with a job's own token.
        assert github.get(f"{path}/secrets") == (200, {"total_count": 0, "secrets": []}), path
