"""Each resource type that a component declares has a row in the table, and a handler in the embedded cloud.

Told from the source alone, so that a missing one is named with the line that declares it, in a second.
tests/program/test_apply_covers.py says the same, and more, of what the stacks render.
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest

from slipway.localcloud.providers.aws import HANDLERS as AWS
from slipway.localcloud.providers.github import HANDLERS as GITHUB
from slipway.localcloud.providers.kubernetes.kinds import KINDS
from slipway.localcloud.providers.kubernetes.releases import TOKEN as RELEASE
from slipway.platform.resource_types import row_of

ROOT = Path(__file__).parents[2]
TREES = ROOT / "tests" / "program" / "trees"
SDKS = ("pulumi_aws", "pulumi_github", "pulumi_kubernetes")
HANDLED = {*AWS, *GITHUB, *KINDS, RELEASE}


def dotted(node: ast.expr) -> str:
    """`aws.ec2.Vpc` of an expression that is such a chain of names; empty for any other."""
    if isinstance(node, ast.Name):
        return node.id
    before = dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{before}.{node.attr}" if before and isinstance(node, ast.Attribute) else ""


def declared(source: str) -> Iterator[tuple[int, str]]:
    """Line and type token of each call of a resource class of an SDK that the source imports by `import`."""
    tree = ast.parse(source)
    imports = [alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    modules = {alias.asname or alias.name: alias.name for alias in imports if alias.name in SDKS}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        first, _, path = dotted(node.func).partition(".")
        if first not in modules or not path:
            continue
        found: object = importlib.import_module(modules[first])
        for name in path.split("."):
            found = getattr(found, name)
        if isinstance(found, type) and issubclass(found, pulumi.CustomResource):
            yield node.lineno, str(getattr(found, "pulumi_type"))  # noqa: B009 - the SDK's classes have it


def gaps(where: str, source: str) -> Iterator[str]:
    for line, token in declared(source):
        if row_of(token) is None:
            yield f"{where}:{line}: {token} has no row in slipway/platform/resource_types"
        if token not in HANDLED:
            yield f"{where}:{line}: {token} has no handler in slipway/localcloud/providers"


FILES = sorted((ROOT / "components").rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(ROOT)) for file in FILES])
def test_what_a_component_declares_has_a_row_and_a_handler(file: Path) -> None:
    assert list(gaps(str(file.relative_to(ROOT)), file.read_text())) == []


def test_what_is_missing_is_named_with_its_line() -> None:
    source = 'import pulumi_aws as cloud\n\n\ncloud.glacier.Vault("archive")\n'
    assert list(gaps("components/archive.py", source)) == [
        "components/archive.py:4: aws:glacier/vault:Vault has no row in slipway/platform/resource_types",
        "components/archive.py:4: aws:glacier/vault:Vault has no handler in slipway/localcloud/providers",
    ]


def test_arguments_functions_and_other_modules_are_no_types() -> None:
    source = (
        "import json\nimport pulumi_aws as aws\n"
        "aws.s3.BucketVersioningVersioningConfigurationArgs(status='Enabled')\n"
        "aws.get_region()\njson.dumps({})\n"
    )
    assert list(declared(source)) == []


def test_no_type_that_the_stacks_render_is_overlooked() -> None:
    """As a guard of the search itself: a way of importing that it does not see would hide types."""
    found = {token for file in FILES for _, token in declared(file.read_text())}
    lines = [line for tree in TREES.glob("*.txt") for line in tree.read_text().splitlines()]
    rendered = {line.split()[-1] for line in lines}
    assert {token for token in rendered if token.startswith(("aws:", "github:", "kubernetes:"))} <= found
