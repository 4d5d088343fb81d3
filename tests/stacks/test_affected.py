"""Two moments of a clone, compared by the command: what becomes of each stack, and why."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.git import git
from tests.stacks.clones import Checkout

NETWORK = {
    "network/Pulumi.yaml": "name: network\nruntime: python\n",
    "network/Pulumi.dev.yaml": "config:\n  network:size: 1\n",
    "network/Pulumi.prod.yaml": "config:\n  network:size: 2\n",
    "network/__main__.py": "import pulumi\n\npulumi.export('size', pulumi.Config().require('size'))\n",
}
APP = {
    "app/Pulumi.yaml": "name: app\nruntime: python\n",
    "app/Pulumi.prod.yaml": "config:\n  app:name: shop\n",
    "app/__main__.py": "import pulumi\n\npulumi.export('name', pulumi.Config().require('name'))\n",
}
SETTINGS = {"slipway.yaml": "projects:\n  app:\n    needs: [network]\n    environment: live\n"}


@pytest.fixture
def clone(tmp_path: Path) -> Checkout:
    """Two projects, of which one needs the other, on a branch that left main."""
    made = Checkout.begun(tmp_path / "repository", {**NETWORK, **APP, **SETTINGS, "README.md": "words\n"})
    git(made.top, "checkout", "--quiet", "-b", "change")
    return made


def test_a_stack_is_affected_by_its_own_file_and_its_downstreams_with_it(clone: Checkout) -> None:
    clone.write({"network/Pulumi.prod.yaml": "config:\n  network:size: 3\n"})
    told = clone.affected()
    assert {name: one["change"] for name, one in told.items()} == {
        "network/prod": "update",
        "app/prod": "update",
    }
    assert [*told] == ["network/prod", "app/prod"], "upstreams first"
    assert told["network/prod"]["reason"] == "network/Pulumi.prod.yaml: network:size"
    assert (told["app/prod"]["upstreams"], told["app/prod"]["reason"]) == (
        ["network/prod"],
        "needs network/prod",
    )


def test_what_needs_a_stack_that_needs_another_is_affected_too(clone: Checkout) -> None:
    site = {"site/Pulumi.yaml": "name: site\nruntime: yaml\n", "site/Pulumi.prod.yaml": ""}
    clone.commit({**site, "slipway.yaml": "projects: {app: {needs: [network]}, site: {needs: [app]}}\n"})
    clone.write({"network/Pulumi.prod.yaml": "config:\n  network:size: 3\n"})
    told = clone.affected("--base", "HEAD")
    assert [(name, one["upstreams"]) for name, one in told.items()] == [
        ("network/prod", []),
        ("app/prod", ["network/prod"]),
        ("site/prod", ["app/prod"]),
    ]


def test_what_nothing_is_made_of_concerns_nothing(clone: Checkout) -> None:
    clone.write({"README.md": "other words\n", "network/notes.txt": "nobody reads this\n"})
    clone.write({"network/Pulumi.prod.yaml": "# Why it is so.\nconfig:\n  network:size: 2\n"})
    assert clone.changes() == {}
    assert "nothing is affected of 3 stacks" in clone.run().stdout


def test_a_squash_of_a_branch_concerns_what_the_branch_did(clone: Checkout) -> None:
    clone.commit({"network/__main__.py": "import pulumi\n"})
    clone.commit({"network/Pulumi.dev.yaml": "config: {}\n"})
    branch = clone.affected("--base", "main", "--head", "change", "--exact")
    git(clone.top, "checkout", "--quiet", "main")
    clone.commit({"README.md": "something else was merged before\n"})
    git(clone.top, "merge", "--quiet", "--squash", "change")
    clone.commit()
    assert clone.changes("--base", "change", "--head", "main", "--exact") == {}
    squashed = clone.affected("--base", "main~1", "--head", "main", "--exact")
    assert {name: one["changed"] for name, one in squashed.items()} == {
        name: one["changed"] for name, one in branch.items()
    }
    assert len(branch) == 3


def test_the_working_tree_has_what_is_not_committed_nor_tracked_and_nothing_that_is_ignored(
    clone: Checkout,
) -> None:
    clone.commit({".gitignore": "*.ignored\nPulumi.mine.yaml\n", "network/data.ignored": ""})
    clone.write({"network/Pulumi.mine.yaml": "config: {}\n"})
    assert clone.changes() == {}
    clone.write({"network/Pulumi.qa.yaml": "config: {}\n"})
    assert clone.changes() == {"network/qa": "create"}
    clone.write({"network/Pulumi.dev.yaml": "config:\n  network:size: 9\n"})
    assert clone.changes() == {"network/dev": "update", "network/qa": "create"}
    assert clone.changes("--head", "HEAD") == {}, "what is committed is the same"


def test_a_file_that_was_taken_away_is_gone_before_that_is_committed(clone: Checkout) -> None:
    (clone.top / "network/Pulumi.dev.yaml").unlink()
    told = clone.affected()
    assert (told["network/dev"]["change"], told["network/dev"]["reason"]) == ("destroy", "it is gone")
    clone.commit()
    assert clone.changes() == {"network/dev": "destroy"}


def test_deleted_stacks_come_last_and_downstreams_of_them_first(clone: Checkout) -> None:
    git(clone.top, "rm", "-r", "--quiet", "network", "app", "slipway.yaml")
    clone.write({"other/Pulumi.yaml": "name: other\nruntime: yaml\n", "other/Pulumi.prod.yaml": ""})
    told = clone.changes()
    assert [*told.values()] == ["create", "destroy", "destroy", "destroy"]
    order = [*told]
    assert order[0] == "other/prod"
    assert order.index("app/prod") < order.index("network/prod")


def test_a_renamed_stack_is_a_new_one_and_a_deleted_one_and_says_so(clone: Checkout) -> None:
    git(clone.top, "mv", "network/Pulumi.dev.yaml", "network/Pulumi.test.yaml")
    told = clone.affected()
    assert told["network/test"]["change"] == "create"
    assert told["network/test"]["reason"].startswith("renamed from network/dev: its state does not move")
    assert (told["network/dev"]["change"], told["network/dev"]["reason"]) == (
        "destroy",
        "renamed to network/test",
    )


def test_a_project_moved_to_another_folder_is_the_same_one(clone: Checkout) -> None:
    git(clone.top, "mv", "network", "net")
    told = clone.affected()
    assert {one["change"] for one in told.values()} == {"update"}


def test_a_project_of_another_name_is_another_one(clone: Checkout) -> None:
    clone.write({"app/Pulumi.yaml": "name: shop\nruntime: python\n"})
    clone.write({"slipway.yaml": "projects:\n  shop:\n    needs: [network]\n"})
    told = clone.affected()
    assert {name: one["change"] for name, one in told.items()} == {
        "shop/prod": "create",
        "app/prod": "destroy",
    }
    assert "renamed from app/prod" in told["shop/prod"]["reason"]


def test_a_shallow_clone_is_enough_where_it_has_both_and_says_what_it_lacks(
    clone: Checkout, tmp_path: Path
) -> None:
    clone.commit({"network/Pulumi.dev.yaml": "config:\n  network:size: 5\n"})
    origin = f"file://{clone.top}"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=change", origin, "shallow")
    shallow = Checkout(tmp_path / "shallow")
    lacking = shallow.run("--base", "origin/main", "--json")
    told = json.loads(lacking.stdout)["error"]
    assert told["what"] == "this clone does not have the revision 'origin/main'"
    assert told["fix"] == "git fetch --depth=1 origin main"
    git(shallow.top, "fetch", "--quiet", "--depth=1", "origin", "main:refs/remotes/origin/main")
    cut = json.loads(shallow.run("--base", "origin/main", "--json").stdout)["error"]
    assert "shallow" in cut["what"]
    assert "--unshallow" in cut["fix"]
    exact = shallow.changes("--base", "origin/main", "--head", "HEAD", "--exact")
    assert exact == {"network/dev": "update"}
    git(shallow.top, "fetch", "--quiet", "--unshallow", "origin")
    assert shallow.changes("--base", "origin/main") == {"network/dev": "update"}


def test_no_question_fetches_anything(
    clone: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone without contents lacks them and says so; Git would fetch them unasked."""
    git(clone.top, "config", "uploadpack.allowFilter", "true")
    origin = f"file://{clone.top}"
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", "--no-checkout", origin, "partial")
    partial = Checkout(tmp_path / "partial")
    done = partial.run("--head", "origin/main", "--base", "origin/main", "--json")
    told = json.loads(done.stdout)["error"]
    assert "this clone does not have the contents" in told["what"]
    assert "git fetch" in told["fix"]


def test_hostile_names_are_text(tmp_path: Path) -> None:
    hostile = ["; touch pwned #", "$(touch pwned)", "-rf", "ümläut", "new\nline", '"quoted"', "${{ x }}"]
    files = {
        f"{name}/Pulumi.yaml": f"name: {number}p\nruntime: yaml\n" for number, name in enumerate(hostile)
    }
    files |= {f"{name}/Pulumi.dev.yaml": "config: {}\n" for name in hostile}
    clone = Checkout.begun(tmp_path, files)
    clone.write({f"{name}/Pulumi.dev.yaml": "config: {'p:x': 1}\n" for name in hostile})
    assert {*clone.changes()} == {f"{number}p/dev" for number in range(len(hostile))}
    matrix = json.loads(clone.run("--matrix").stdout)
    assert {job["folder"] for job in matrix["include"]} == {*hostile}
    assert len(clone.run("--matrix").stdout.splitlines()) == 1, "a job's output is one line"
    assert not [*tmp_path.rglob("pwned")]


def test_a_matrix_has_a_job_for_each_stack_upstreams_first(clone: Checkout) -> None:
    clone.write({"network/Pulumi.prod.yaml": "config:\n  network:size: 3\n"})
    (clone.top / "network/Pulumi.dev.yaml").unlink()
    jobs = json.loads(clone.run("--matrix").stdout)["include"]
    assert jobs == [
        {
            "stack": f"{project}/{name}",
            "project": project,
            "name": name,
            "folder": project,
            "change": change,
            "environment": environment,
        }
        for project, name, change, environment in (
            ("network", "prod", "update", "infra-prod"),
            ("app", "prod", "update", "live"),
            ("network", "dev", "destroy", "infra-dev"),
        )
    ]


def test_more_jobs_than_a_matrix_has_are_refused(tmp_path: Path) -> None:
    files = {f"p/Pulumi.s{number}.yaml": "" for number in range(257)}
    clone = Checkout.begun(tmp_path, {"p/Pulumi.yaml": "name: p\nruntime: yaml\n", **files})
    clone.write({"p/Pulumi.yaml": "name: p\nruntime: yaml\nresources: {}\n"})
    done = clone.run("--matrix")
    assert done.exit_code == 1
    assert "257 stacks are affected, and a matrix has at most 256 jobs" in str(done.exception)
    assert len(clone.changes()) == 257


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--base", "nope"), "this clone does not have the revision 'nope'"),
        (("--base", "--upload-pack=touch pwned"), "does not have the revision"),
        (("--head", "main:network"), "does not have the revision"),
        (("--exact",), "--exact needs --base"),
        (("--matrix", "--json"), "choose one of --json and --matrix"),
    ],
)
def test_what_cannot_be_answered_ends_with_1(clone: Checkout, arguments: tuple[str, ...], said: str) -> None:
    done = clone.run(*arguments)
    assert done.exit_code != 0
    assert said in done.output + str(done.exception)
    assert not [*clone.top.rglob("pwned")]


def test_a_folder_that_is_no_repository_is_told(tmp_path: Path) -> None:
    assert "not a git repository" in str(Checkout(tmp_path).run().exception)


def test_stacks_that_need_each_other_in_a_circle_are_told(clone: Checkout) -> None:
    clone.write(
        {
            "slipway.yaml": "projects:\n  app: {needs: [network]}\n"
            "  network: {stacks: {prod: {needs: [app]}}}\n"
        }
    )
    done = clone.run()
    assert done.exit_code == 1
    assert "in a circle: app/prod needs network/prod needs app/prod" in str(done.exception)


def test_what_is_remembered_lies_where_no_commit_can_put_anything(clone: Checkout) -> None:
    clone.write({"network/Pulumi.dev.yaml": "config:\n  network:size: 5\n"})
    first = clone.affected()
    kept = [*(clone.top / ".git/slipway").iterdir()]
    assert len(kept) == 1
    assert clone.affected() == first
    kept[0].write_text("{ not whole")
    assert clone.affected() == first, "what was not written to its end is not read"
    listed = subprocess.run(["git", "status", "--short"], cwd=clone.top, capture_output=True, check=True)
    assert listed.stdout == b" M network/Pulumi.dev.yaml\n"
