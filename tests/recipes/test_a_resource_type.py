"""CONTRIBUTING's recipe for a resource type in a component, followed in a copy on the files that it names.

The type is a network's list of who may pass its subnets' borders, in the network component.
"""

import re
from pathlib import Path

import pytest

from tests.recipes.conftest import ROOT, add, replace, run, run_tests

TESTS = (
    *(
        "__main__.py",
        "tests/__init__.py",
        "tests/conftest.py",
        "tests/git.py",
        "tests/published.py",
        "tests/sampling.py",
    ),
    *("tests/components", "tests/providers", "tests/program"),
)
TOKEN = "aws:ec2/networkAcl:NetworkAcl"
COMPONENT = "components/network/network.py"
ROW = "slipway/platform/resource_types/ec2.py"
RIGHTS = "slipway/access/stack_actions.py"
HANDLER = "slipway/localcloud/providers/aws/ec2_network.py"
SAMPLE = "tests/providers/aws_network_samples.py"
TREE = "tests/program/trees/prod.txt"
STEPS: dict[str, list[tuple[str, str]]] = {
    COMPONENT: [
        (
            "        public = self._subnets(",
            '        aws.ec2.NetworkAcl(f"{name}-acl", vpc_id=vpc.id, opts=self._child)\n',
        )
    ],
    ROW: [
        (
            '    ResourceType(\n        token="aws:ec2/eip:Eip",',
            f"""    ResourceType(
        token="{TOKEN}",
        source=f"{{TERRAFORM_AWS}}/ec2/vpc_network_acl.go",
        replace_on=names("vpcId"),
        computed=names("arn egress ingress ownerId subnetIds"),
        required=names("vpcId"),
        actions=Actions(
            create=qualified("ec2", "CreateNetworkAcl CreateTags"),
            read=qualified("ec2", "DescribeNetworkAcls"),
            update=qualified("ec2", "CreateTags DeleteTags"),
            delete=qualified("ec2", "DeleteNetworkAcl"),
            on=("arn:aws:ec2:{{region}}:{{account}}:network-acl/x",),
        ),
    ),
""",
        )
    ],
    RIGHTS: [
        ('    "aws:ec2/eip:Eip",', f'    "{TOKEN}",\n'),
        ('    "network-interface",', '    "network-acl",\n'),
    ],
    HANDLER: [
        ("from slipway.localcloud.providers.values", "from slipway.localcloud.providers import handler\n"),
        (
            '    ec2_object(\n        Ec2Kind("Subnet"),',
            f"""    ec2_object(
        Ec2Kind("NetworkAcl"),
        token="{TOKEN}",
        page="network_acl",
        fields={{"VpcId": "vpcId"}},
        rules=handler.not_emulated("egress ingress subnetIds"),
    ),
""",
        ),
    ],
    SAMPLE: [
        (
            '    "aws:ec2/eip:Eip": Sample(',
            f"""    "{TOKEN}": Sample(
        lambda w: {{"vpcId": w.vpc, "tags": TAGS}}, plain(tags=NEW_TAGS), plain(vpcId="vpc-other")
    ),
""",
        )
    ],
    TREE: [("  network-default  ", f"  network-acl  {TOKEN}\n")],
}
"""By file, in the order of the recipe: before which text something is put, and what."""

RENDER = """
from slipway.cli.matrices import world_of
from slipway.engine.offline import render_apart
from tests.program.conftest import ROOT
from tests.program.test_apply_covers import gaps, ours
from tests.program.test_trees import TREES, tree

prod = render_apart(ROOT, "prod", "")
for verb in ("plan", "apply"):
    # What it makes in the fleet's account is of a role that another stack has.
    own = [item for item in ours(prod) if "::fleet::" not in item.provider]
    print(*gaps(world_of([prod]), "prod", own, verb), sep="\\n")
reviewed = (TREES / "prod.txt").read_text()
print(*("not reviewed: " + line for line in set(tree(prod).splitlines()) ^ set(reviewed.splitlines())))
"""
"""What tests/program/test_apply_covers.py and test_trees.py say of one stack, rendered once for both."""
DECLARED = (
    f"tests/components/test_types.py::test_what_a_component_declares_has_a_row_and_a_handler[{COMPONENT}]"
)
SAMPLES = "tests/providers/test_aws_types.py::test_every_type_has_a_sample"
OWN = "tests/providers/test_resource_types.py"
LIVES = (SAMPLES, f"tests/providers/test_aws_types.py::test_life[{TOKEN}]", OWN, "-k", "sample or networkAcl")


def follow(copy: Path, *left_out: str) -> None:
    """Do what the recipe says, in the order in which it says it, but for the steps left out."""
    add(copy, *TESTS)
    for file, additions in STEPS.items():
        for before, text in additions if file not in left_out else ():
            replace(copy / file, before, text + before)


def test_the_recipe_names_these_files() -> None:
    title = "### A resource type in a component\n"
    text = (ROOT / "CONTRIBUTING.md").read_text().partition(title)[2].partition("\n#")[0]
    forms = re.findall(r"^\d\. ((?:`[^`]+`[^`\n]*)+)", text, re.MULTILINE)
    named = [re.findall(r"`([^`]+)`", form)[0] for form in forms]
    for file, form in zip(STEPS, named, strict=True):
        pattern = re.sub(r"<\w+>", "[a-z0-9_]+", form)
        alike = re.sub(r"aws_samples\.py$", "aws_[a-z]*_?samples.py", pattern)
        assert re.match(alike, file), f"{file} is not {form}"


def test_a_type_that_follows_the_recipe_lives_and_is_covered(copy: Path) -> None:
    follow(copy)
    for tests in ((DECLARED,), LIVES):
        checked = run_tests(copy, *tests)
        assert checked.returncode == 0, checked.stdout
    rendered = run(copy, "-c", RENDER)
    assert rendered.returncode == 0, rendered.stderr
    assert rendered.stdout.split() == []


@pytest.mark.parametrize(
    ("left_out", "noticed_by", "complaint"),
    [
        ((ROW, RIGHTS, HANDLER), DECLARED, rf"network\.py:\d+: {TOKEN} has no row"),
        ((ROW, RIGHTS), DECLARED, rf"{TOKEN} has a handler, but no row[^$]*{HANDLER}"),
        ((HANDLER,), DECLARED, rf"network\.py:\d+: {TOKEN} has no handler"),
        ((SAMPLE,), SAMPLES, TOKEN),
    ],
)
def test_a_step_left_out_is_noticed_by_name(
    copy: Path, left_out: tuple[str, ...], noticed_by: str, complaint: str
) -> None:
    follow(copy, *left_out)
    checked = run_tests(copy, noticed_by)
    assert checked.returncode != 0
    assert re.search(complaint, checked.stdout), checked.stdout


def test_a_row_without_actions_is_noticed_by_name(copy: Path) -> None:
    follow(copy)
    row = (copy / ROW).read_text()
    actions = STEPS[ROW][0][1].partition("        actions=")[2].partition("    ),\n    ),\n")[0]
    assert row.count(actions) == 1
    (copy / ROW).write_text(row.replace(f"        actions={actions}    ),\n", ""))
    checked = run_tests(copy, DECLARED)
    assert checked.returncode != 0
    assert re.search(rf"{TOKEN} has a row without actions[^$]*{ROW}", checked.stdout), checked.stdout


def test_missing_rights_and_an_unreviewed_tree_are_noticed_by_name(copy: Path) -> None:
    follow(copy, RIGHTS, TREE)
    told = run(copy, "-c", RENDER).stdout
    assert "infra-prod-apply may not ec2:CreateNetworkAcl on " in told
    assert f"for {TOKEN} (network-acl)" in told
    assert f"not reviewed:   network-acl  {TOKEN}" in told
