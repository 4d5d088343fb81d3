"""`slipway stacks init`: what it writes into a repository of one's own, and what it leaves alone."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from slipway.access.evaluate import Mode, evaluate
from slipway.adoption.workflows import ACTIONS, PULUMI, Delivered, workflows
from slipway.cli import app
from slipway.platform.plan_store import AREAS, PROJECT_CONTEXT, STACK_CONTEXT
from tests.git import git
from tests.stacks.clones import Checkout
from tests.workflows.workflows import load

ROOT = Path(__file__).parents[2]
REPOSITORY = {
    "network/Pulumi.yaml": "name: network\nruntime: nodejs\n",
    "network/Pulumi.dev.yaml": "",
    "network/Pulumi.prod.yaml": "",
    "network/Pulumi.local.yaml": "",
    "apps/my.shop/Pulumi.yaml": "name: my.shop\nruntime: go\n",
    "apps/my.shop/Pulumi.prod.yaml": "",
    "apps/my-shop/Pulumi.yaml": "name: my-shop\nruntime: yaml\n",
    "apps/my-shop/Pulumi.prod.yaml": "",
}
SETTINGS = "projects:\n  my.shop: {needs: [network], environment: live}\n"
GIVEN = "--account 111111111111 --region eu-west-1 --bucket acme-plans --repository-id 70003 --owner-id 5"
PREVIEW, APPLY = ".github/workflows/infra-preview.yml", ".github/workflows/infra-apply.yml"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000002"


@pytest.fixture
def clone(tmp_path: Path) -> Checkout:
    made = Checkout.begun(tmp_path / "infra", {**REPOSITORY, "slipway.yaml": SETTINGS})
    git(made.top, "remote", "add", "origin", "git@github.com:acme/infra.git")
    return made


def init(clone: Checkout, *more: str) -> Result:
    command = ["stacks", "init", "--root", str(clone.top), *GIVEN.split(), *more]
    return CliRunner().invoke(app, command)


def done(clone: Checkout, *more: str) -> dict[str, str]:
    """What became of each file."""
    result = init(clone, "--json", *more)
    assert result.exit_code == 0, result.output + str(result.exception)
    return {file["path"]: file["state"] for file in json.loads(result.stdout)["files"]}


def refused(clone: Checkout, *more: str) -> str:
    before = git(clone.top, "status", "--short", "--untracked-files=all")
    result = init(clone, *more)
    assert result.exit_code == 1
    assert git(clone.top, "status", "--short", "--untracked-files=all") == before, "something was written"
    return str(result.exception)


def policy(clone: Checkout, name: str) -> dict[str, Any]:
    return json.loads((clone.top / f"delivery/roles/{name}.json").read_text())


def test_it_writes_what_is_missing_and_says_so_and_a_second_time_nothing(clone: Checkout) -> None:
    told = done(clone)
    environments = ("infra-dev", "infra-prod", "live")
    roles = {
        f"delivery/roles/{environment}{ending}.{kind}.json"
        for environment in environments
        for ending in ("", "-plan")
        for kind in ("trust", "policy")
    }
    assert told.keys() == {PREVIEW, APPLY, *roles}
    assert {*told.values()} == {"written"}
    assert all((clone.top / path).is_file() for path in told)
    clone.commit()
    assert {*done(clone).values()} == {"unchanged"}
    assert git(clone.top, "status", "--short") == ""
    assert clone.changes("--base", "main~1", "--exact") == {}, "no stack is made of it"


def test_a_repository_without_settings_gets_those_and_one_with_them_keeps_them(clone: Checkout) -> None:
    (clone.top / "slipway.yaml").unlink()
    assert done(clone)["slipway.yaml"] == "written"
    assert (clone.top / "slipway.yaml").read_text() == "store: s3://acme-plans\n"
    (clone.top / "slipway.yaml").write_text("# Mine.\nstore: s3://acme-plans\n")
    assert "slipway.yaml" not in done(clone, "--force")
    assert (clone.top / "slipway.yaml").read_text().startswith("# Mine.")


def test_nothing_is_replaced_without_force_and_nothing_is_written_beside_it(clone: Checkout) -> None:
    clone.write({APPLY: "name: Mine\n"})
    assert f"there with other contents: {APPLY}" in refused(clone)
    told = done(clone, "--force")
    assert (told[APPLY], told[PREVIEW]) == ("replaced", "written")


@pytest.mark.parametrize("place", [APPLY, ".github", "delivery", "delivery/roles"])
def test_a_link_leads_nowhere(clone: Checkout, tmp_path: Path, place: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (clone.top / place).parent.mkdir(parents=True, exist_ok=True)
    (clone.top / place).symlink_to(outside)
    assert "a link" in refused(clone, "--force")
    assert not [*outside.iterdir()]


def test_a_stack_that_came_gets_its_jobs_when_it_is_run_again(clone: Checkout) -> None:
    done(clone)
    clone.write({"network/Pulumi.qa.yaml": ""})
    assert "other contents" in refused(clone)
    done(clone, "--force")
    assert "apply-network-qa" in load(clone.top / APPLY)["jobs"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"p/Pulumi.yaml": "name: '${{ x }}'\nruntime: yaml\n", "p/Pulumi.a.yaml": ""}, "the project"),
        ({"p/Pulumi.yaml": "name: p\nruntime: yaml\n", "p/Pulumi.$(id).yaml": ""}, "the stack"),
        ({"p q/Pulumi.yaml": "name: p\nruntime: yaml\n", "p q/Pulumi.a.yaml": ""}, "the folder"),
        ({'p"/Pulumi.yaml': "name: p\nruntime: yaml\n", 'p"/Pulumi.a.yaml': ""}, "the folder"),
        ({"p\nq/Pulumi.yaml": "name: p\nruntime: yaml\n", "p\nq/Pulumi.a.yaml": ""}, "the folder"),
        ({"slipway.yaml": "defaults: {environment: '${{x}}'}\n"}, "the environment"),
        ({"slipway.yaml": "defaults: {environment: Prod}\n"}, "the environment"),
    ],
)
def test_a_name_that_is_more_than_one_is_refused(clone: Checkout, files: dict[str, str], said: str) -> None:
    clone.write(files)
    assert f"no workflow can safely name {said}" in refused(clone)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--package", "slipway; curl evil"), "is no package for pip"),
        (("--package", "${{ secrets.X }}"), "is no package for pip"),
        (("--account", "1"), "AWS account"),
        (("--region", "mars"), "is no"),
        (("--bucket", "a/b"), "is no"),
        (("--repository", "acme"), "--repository OWNER/NAME"),
        (("--repository", "acme/in fra"), "cannot be a GitHub repository"),
        (("--repository-id", "0"), "positive numbers"),
    ],
)
def test_what_is_given_is_checked(clone: Checkout, more: tuple[str, ...], said: str) -> None:
    assert said in refused(clone, *more)


def test_a_store_that_the_settings_name_otherwise_is_told(clone: Checkout) -> None:
    clone.write({"slipway.yaml": "store: s3://another\n"})
    assert "plans are in s3://another" in refused(clone)


def test_a_repository_without_stacks_is_told(tmp_path: Path) -> None:
    assert "there is no stack" in refused(Checkout.begun(tmp_path, {"README.md": ""}), "--repository", "a/b")


def test_a_stack_is_planned_once_all_that_it_needs_is_applied(clone: Checkout) -> None:
    done(clone)
    jobs = load(clone.top / APPLY)["jobs"]
    assert {*jobs} == {
        f"{doing}-{stack}"
        for doing in ("plan", "apply")
        for stack in ("network-dev", "network-prod", "my-shop-prod", "my-shop-prod-2")
    }, "a name for each, and none for what runs on a stand-in"
    of_shop = next(name for name, job in jobs.items() if job["name"] == "plan my.shop/prod")
    assert jobs[of_shop]["needs"] == ["apply-network-prod"]
    for name, job in jobs.items():
        if name.startswith("apply-"):
            assert job["needs"] == name.replace("apply-", "plan-")
            assert f"needs.{job['needs']}.result == 'success'" in job["if"]
    environments = {job["name"]: job["environment"] for job in jobs.values()}
    assert environments["apply my.shop/prod"] == "live"
    assert environments["plan my.shop/prod"] == {"name": "live-plan", "deployment": False}


def test_a_pull_request_reaches_no_credential_and_no_expression_reaches_a_shell(clone: Checkout) -> None:
    done(clone)
    for path in (PREVIEW, APPLY):
        content, text = load(clone.top / path), (clone.top / path).read_text()
        assert content["permissions"] == {}
        from_outside = {"pull_request", "pull_request_target", "workflow_run", "issue_comment"}
        reached = from_outside & {*content["on"]}
        for job in content["jobs"].values():
            assert job["timeout-minutes"]
            assert job["permissions"] == (
                {"contents": "read"} if reached else {"contents": "read", "id-token": "write"}
            )
            assert not reached or not ({"environment", "secrets"} & {*job} or "secrets." in text)
            for step in job["steps"]:
                assert "${{" not in step.get("run", "")
                assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step.get("uses", f"a@{'0' * 40}"))
                assert "checkout" not in step.get("uses", "") or not step["with"]["persist-credentials"]


def test_actions_and_pulumi_are_those_of_our_own_workflows() -> None:
    own = (ROOT / APPLY).read_text()
    for action in ACTIONS.values():
        assert f"uses: {action}\n" in own, "as in .github/workflows/infra-apply.yml"
    assert f'pulumi-version: "{PULUMI}"' in own


def test_zizmor_and_actionlint_find_nothing(clone: Checkout) -> None:
    done(clone)
    zizmor = Path(sys.executable).parent / "zizmor"
    linters = [[str(zizmor), "--offline", "--no-progress", "--quiet", ".github"]]
    if actionlint := shutil.which("actionlint"):
        linters.append([actionlint])
    for linter in linters:
        said = subprocess.run(linter, cwd=clone.top, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stdout + said.stderr


def may(document: dict[str, Any], action: str, resource: str, project: str = "", stack: str = "") -> bool:
    context: dict[str, str | list[str]] = {"s3:prefix": resource.partition("acme-plans/")[2]}
    if action.startswith("kms:"):
        context = {
            "kms:ResourceAliases": ["alias/slipway-plans"],
            f"kms:EncryptionContext:{PROJECT_CONTEXT}": project,
            f"kms:EncryptionContext:{STACK_CONTEXT}": stack,
        }
    answers = {evaluate([document], action, resource, context, mode=mode).allowed for mode in Mode}
    assert len(answers) == 1, "what is certain"
    return answers.pop()


def rights(document: dict[str, Any], stack: str) -> dict[str, set[str]]:
    """By area, what a role may do with a stack's objects there."""
    verbs = {"put": "s3:PutObject", "get": "s3:GetObject", "delete": "s3:DeleteObject"}
    return {
        area.name: {
            verb
            for verb, action in verbs.items()
            if may(document, action, f"arn:aws:s3:::acme-plans/{area.of(*stack.split('/'))}/1-1")
        }
        for area in AREAS
    }


def test_who_plans_puts_bundles_and_cannot_read_them_and_who_applies_the_other_way_round(
    clone: Checkout,
) -> None:
    done(clone)
    plans, applies = policy(clone, "infra-prod-plan.policy"), policy(clone, "infra-prod.policy")
    for stack in ("network/prod", "my-shop/prod"):
        own = stack.split("/")
        assert (rights(plans, stack)["plans"], rights(applies, stack)["plans"]) == ({"put"}, {"get"})
        assert rights(plans, stack)["summaries"] == {"put", "get"}
        assert rights(applies, stack)["summaries"] == {"get"}
        for area in ("log", "heads", "leases", "uses"):
            assert rights(plans, stack)[area] == {"get"}
            assert rights(applies, stack)[area] == {"put", "get"}
        assert may(plans, "kms:GenerateDataKey", KEY, *own)
        assert not may(plans, "kms:Decrypt", KEY, *own)
        assert may(applies, "kms:Decrypt", KEY, *own)
        assert not may(applies, "kms:GenerateDataKey", KEY, *own)


@pytest.mark.parametrize("name", ["infra-prod-plan", "infra-prod"])
def test_a_role_has_no_right_to_seal_open_or_write_what_is_of_another_environment(
    clone: Checkout, name: str
) -> None:
    done(clone)
    document = policy(clone, f"{name}.policy")
    for stack in ("network/dev", "my.shop/prod", "network/production"):
        for area, verbs in rights(document, stack).items():
            assert verbs <= ({"get"} if area != "plans" else set())
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            assert not may(document, action, KEY, *stack.split("/"))
    assert not may(document, "kms:Decrypt", KEY, "network", "dev")
    assert not may(document, "s3:PutBucketPolicy", "arn:aws:s3:::acme-plans")
    assert not may(document, "s3:GetObject", "arn:aws:s3:::another/log/network/prod/1")


def test_each_role_trusts_exactly_the_jobs_of_its_environment(clone: Checkout) -> None:
    done(clone)
    for name in ("infra-prod", "infra-prod-plan", "live", "live-plan"):
        (statement,) = policy(clone, f"{name}.trust")["Statement"]
        told = statement["Condition"]["StringEquals"]
        assert (
            told["token.actions.githubusercontent.com:sub"] == f"repo:acme@5/infra@70003:environment:{name}"
        )
        assert "*" not in json.dumps(told)


def test_stacks_without_room_in_one_policy_are_told(clone: Checkout) -> None:
    clone.write({f"many/Pulumi.s{number}.yaml": "" for number in range(40)})
    clone.write(
        {"many/Pulumi.yaml": "name: many\nruntime: yaml\n", "slipway.yaml": "defaults: {environment: one}\n"}
    )
    assert "of their own in slipway.yaml" in refused(clone)


def test_one_of_many_jobs_never_has_anothers_name() -> None:
    stacks = [Delivered(f"{name}/b", ".", "e") for name in ("a.b", "a-b", "a_b", "a-b-2")]
    jobs = re.findall(
        r"^  (plan-\S+):", workflows(stacks, "slipway", PULUMI)["infra-apply.yml"], re.MULTILINE
    )
    assert len({*jobs}) == len(stacks)
