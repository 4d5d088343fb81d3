"""pulumi-github itself on the GitHub stand-in: what `local` has there comes up, stays, and shows its drift.

It runs where both `pulumi` and `pulumi-resource-github` are on PATH. The same program runs on the embedded
engine beside it, on a GitHub of its own, and both are changed by hand in the same ways.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from slipway.cli.seeding import seed_of
from slipway.cli.session import Session, open_session
from slipway.engine.cli_local import local_engine
from slipway.engine.fence import Fence
from slipway.engine.interface import Result
from slipway.github import Client, connect, token
from slipway.localcloud.cloud import Cloud
from slipway.localcloud.github.app import GitHub
from slipway.localcloud.web import RequestLog
from tests.program.conftest import clone

NEEDED = ("pulumi", "pulumi-resource-github")
MISSING = [name for name in NEEDED if shutil.which(name) is None]
PROGRAM = """
from pathlib import Path

import pulumi

from infra import github, program
from infra.providers import github_provider, require_fence
from infra.settings import load
from slipway.platform.environments import environments

settings = load(pulumi.Config(), pulumi.get_stack())
require_fence(settings, Path(pulumi.get_root_directory()))
platform = settings.platform.model_copy(update={"runners": None})  # then there is a runner group for all
settings = settings.model_copy(update={"platform": platform})
hub = github_provider(settings)
settings = program.as_github_spells(settings, hub)
opts = pulumi.ResourceOptions(providers=[hub])
github.organization(settings, pulumi.Output.secret("a token"), opts)
for name in settings.services:
    declared = [one for one in environments(settings) if one.service == name]
    program._repository(settings, name, declared, hub, opts)
"""
REPOSITORY = "/repos/acme/skill-pool"


@dataclass
class Side:
    """One provider with a GitHub of its own."""

    session: Session
    github: Client


@pytest.fixture
def servers() -> Iterator[list[Any]]:
    started: list[Any] = []
    yield started
    for server in started:
        server.shutdown()


@pytest.fixture
def side(tmp_path: Path, servers: list[Any]) -> Callable[[str], Side]:
    """Makes one, by its engine's name: the embedded provider, or the real one under Pulumi's own engine."""

    def make(name: Literal["embedded", "pulumi"]) -> Side:
        root = clone(tmp_path / name).root
        (root / "__main__.py").write_text(PROGRAM)
        app = GitHub(RequestLog())
        servers.append(make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        app.world.seed(seed_of(root))
        elsewhere = dict.fromkeys(("aws", "kubernetes", "console"), "http://127.0.0.1:9")
        url = f"http://127.0.0.1:{servers[-1].server_port}"
        cloud = Cloud(id=name, pid=os.getpid(), github=url, **elsewhere, started_at="")
        session = open_session(root, "local", name, cloud=cloud)
        if name == "pulumi":
            fence = Fence({"aws": cloud.aws, "github": cloud.github, "kubernetes": cloud.kubernetes})
            plugins = {"github": plugin(root / "plugin")}
            engine = local_engine(root, "local", fence=fence, plugins=plugins)
            session = replace(session, engine=engine)
        return Side(session, connect(token("stand-in"), url))

    return make


def plugin(folder: Path) -> Path:
    """A folder that holds the provider's program and nothing else."""
    binary = Path(str(shutil.which(NEEDED[1]))).resolve()
    folder.mkdir()
    (folder / binary.name).symlink_to(binary)
    return folder


class _Quiet(MotoRequestHandler):
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: pytest shows what failed."""


def by_hand(github: Client) -> None:
    """Change what was made in as many ways as there are, each another resource."""
    environments = f"{REPOSITORY}/environments"

    def environment(name: str, **changes: Any) -> None:
        found = github.send("GET", f"{environments}/{name}")
        rules = {one["type"]: one for one in found["protection_rules"]}
        review = rules.get("required_reviewers", {})
        kept = {
            "deployment_branch_policy": found["deployment_branch_policy"],
            "can_admins_bypass": found["can_admins_bypass"],
            "prevent_self_review": review.get("prevent_self_review", False),
            "reviewers": [
                {"type": one["type"], "id": one["reviewer"]["id"]} for one in review.get("reviewers", [])
            ],
        }
        github.send("PUT", f"{environments}/{name}", {**kept, **changes})

    def policy(name: str, pattern: str) -> str:
        place = f"{environments}/{name}/deployment-branch-policies"
        (id_,) = (one["id"] for one in github.every(place, "branch_policies") if one["name"] == pattern)
        return f"{place}/{id_}"

    github.send("DELETE", f"{environments}/chart")
    environment("prod", reviewers=None, prevent_self_review=False)
    environment("production", can_admins_bypass=True)
    environment("staging", wait_timer=5)
    github.send("DELETE", policy("preview", "refs/pull/*/merge"))
    github.send("PUT", policy("staging", "main"), {"name": "mine/*"})
    github.send("POST", f"{environments}/build/deployment-branch-policies", {"name": "*", "type": "branch"})
    github.send("PATCH", f"{REPOSITORY}/actions/variables/AWS_REGION", {"value": "us-east-1"})
    github.send("DELETE", f"{environments}/staging/variables/HELM_NAMESPACE")
    rulesets = {one["name"]: one["id"] for one in github.every(f"{REPOSITORY}/rulesets")}
    for name, body in (
        ("slipway: default branch", {"enforcement": "disabled"}),
        ("slipway: version tags", {"bypass_actors": [{"actor_type": "OrganizationAdmin", "actor_id": 1}]}),
        ("slipway: release branches", {"rules": [{"type": "non_fast_forward"}]}),
    ):
        github.send("PUT", f"{REPOSITORY}/rulesets/{rulesets[name]}", body)
    github.send("DELETE", f"{REPOSITORY}/labels/deploy")
    github.send("PATCH", f"{REPOSITORY}/labels/hotfix", {"color": "000000"})
    may_approve = {"can_approve_pull_request_reviews": True}
    github.send("PUT", f"{REPOSITORY}/actions/permissions/workflow", may_approve)
    github.send("PUT", "/orgs/acme/actions/permissions/workflow", may_approve)
    github.send("PUT", f"{REPOSITORY}/actions/permissions", {"enabled": True, "sha_pinning_required": False})
    github.send("PATCH", runner_group(github), {"visibility": "all"})
    github.send("DELETE", "/orgs/acme/actions/secrets/PRIVATE_ACTIONS_TOKEN")


def runner_group(github: Client) -> str:
    """The path of ours."""
    place = "/orgs/acme/actions/runner-groups"
    (id_,) = (one["id"] for one in github.every(place, "runner_groups") if one["name"] == "slipway")
    return f"{place}/{id_}"


def seen(result: Result) -> dict[str, tuple[str, list[str]]]:
    """By name, what is told of each resource that differs: the operation, and the properties at the top."""
    return {
        step.name: (
            step.op,
            sorted({change.path.partition(".")[0].partition("[")[0] for change in step.diff}),
        )
        for step in result.steps
        if not step.quiet
    }


CHANGED = {
    "organization-private-actions": ("delete", []),
    "organization-runners": ("update", ["selectedRepositoryIds", "visibility"]),
    "organization-token": ("update", ["canApprovePullRequestReviews"]),
    "skill-pool-actions": ("update", ["shaPinningRequired"]),
    "skill-pool-build-environment": ("update", ["branch *"]),
    "skill-pool-chart-branch-main": ("delete", []),
    "skill-pool-chart-environment": ("delete", []),
    "skill-pool-chart-variable-aws-region": ("delete", []),
    "skill-pool-chart-variable-aws-role-arn": ("delete", []),
    "skill-pool-label-deploy": ("delete", []),
    "skill-pool-label-hotfix": ("update", ["color"]),
    "skill-pool-preview-branch-refs-pull-any-merge": ("delete", []),
    "skill-pool-prod-environment": ("update", ["preventSelfReview", "reviewers"]),
    "skill-pool-production-environment": ("update", ["canAdminsBypass"]),
    "skill-pool-ruleset-default-branch": ("update", ["enforcement"]),
    "skill-pool-ruleset-release-branches": ("update", ["rules"]),
    "skill-pool-ruleset-version-tags": ("update", ["bypassActors"]),
    "skill-pool-staging-branch-main": ("update", ["branchPattern"]),
    "skill-pool-staging-environment": ("update", ["branch mine/*", "waitTimer"]),
    "skill-pool-staging-variable-helm-namespace": ("delete", []),
    "skill-pool-token": ("update", ["canApprovePullRequestReviews"]),
    "skill-pool-variable-aws-region": ("update", ["value"]),
}
"""What `by_hand` does, as drift has to tell it; the runner group's repositories go with its visibility."""
NOT_OURS = {"skill-pool-build-environment": ("update", ["branch *"])}
"""What nothing declares, and so nothing takes away."""


@pytest.mark.slow
@pytest.mark.pulumi_cli
@pytest.mark.skipif(bool(MISSING), reason=f"not on PATH: {', '.join(MISSING)}")
def test_github_comes_up_stays_and_shows_each_change_by_hand(side: Callable[[str], Side]) -> None:
    for one in (side("embedded"), side("pulumi")):
        name, session = one.session.engine.name, one.session
        first = session.up()
        assert first.ok, (name, first.errors)
        assert {op: first.counts[op] for op in ("import", "update")} == {"import": 2, "update": 2}, name
        again = session.up()
        assert (again.ok, seen(again)) == (True, {}), (name, again.errors)
        assert seen(session.drift()) == {}, name

        by_hand(one.github)
        assert seen(session.drift()) == CHANGED, name
        repaired = session.up()
        assert [
            item.message for item in repaired.errors if "nothing here declares it" not in item.message
        ] == []
        assert seen(session.drift()) == NOT_OURS, name

        # The real provider takes the answer that it is gone for "not modified".
        gone = runner_group(one.github)
        one.github.send("DELETE", gone)
        assert seen(session.drift()) == {**NOT_OURS, "organization-runners": ("delete", [])}, name
        made = session.up()
        assert seen(made)["organization-runners"][0] == "create", (name, made.errors)
        assert runner_group(one.github) != gone
        assert seen(session.drift()) == NOT_OURS, name


def test_another_case_of_a_repository_in_its_file_changes_nothing(
    side: Callable[[str], Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = side("embedded")
    monkeypatch.chdir(one.session.root)
    assert one.session.up().ok
    file = one.session.root / "services" / "skill-pool.yaml"
    file.write_text(file.read_text().replace("acme/skill-pool", "acme/Skill-Pool"))
    again = one.session.up()
    assert (again.ok, seen(again)) == (True, {}), again.errors
    (warning,) = [item.message for item in again.diagnostics if item.severity == "warning"]
    assert "GitHub spells acme/Skill-Pool as acme/skill-pool" in warning
