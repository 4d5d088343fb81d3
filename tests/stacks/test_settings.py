"""slipway.yaml: what it may say, and each mistake told with its line and what was meant."""

import json
from pathlib import Path

import pytest

from slipway.platform.documents import parsed
from slipway.platform.mistakes import SettingsError
from slipway.stacks import settings
from slipway.stacks.settings import DeliverySettings, Level, PullRequest
from tests.stacks.clones import Checkout

EVERYTHING = """\
store: s3://acme-plans-{account}/delivery
ignore: [templates/**]
defaults:
  owners: ["@acme/platform"]
  variables: [AWS_REGION]
  checks:
    cost: {run: infracost-findings}
    tags: {run: check-tags, level: mandatory}
  freeze:
    - {begins: 2026-12-20T00:00:00Z, ends: 2027-01-04T08:00:00+01:00, reason: Christmas}
  drift:
    ignore:
      - {resource: "aws:autoscaling/group:Group", until: 2026-12-31, reason: scaled}
projects:
  app:
    needs: [network]
    paths: ["charts/app/**"]
    pull_request: reviewed
    checks:
      cost: {run: other-findings, level: mandatory}
    stacks:
      prod:
        needs: [dns/global]
        environment: live
        owners: ["@ada"]
"""


def read(text: str) -> DeliverySettings:
    return settings.parse(parsed(text.encode(), settings.FILE))


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(text)
    return [str(one) for one in caught.value.mistakes]


def test_what_stands_nearer_to_a_stack_counts_and_lists_add_up() -> None:
    prod, dev = read(EVERYTHING).of("app", "prod"), read(EVERYTHING).of("app", "dev")
    other = read(EVERYTHING).of("other", "dev")
    assert (prod.needs, dev.needs, other.needs) == (("dns/global", "network"), ("network",), ())
    assert (prod.owners, dev.owners) == (("@ada",), ("@acme/platform",))
    assert (prod.environment, dev.environment) == ("live", "infra-dev")
    assert (dev.pull_request, other.pull_request) == (PullRequest.REVIEWED, PullRequest.OFFLINE)
    assert {name: (check.run, check.level) for name, check in prod.checks.items()} == {
        "cost": ("other-findings", Level.MANDATORY),
        "tags": ("check-tags", Level.MANDATORY),
    }
    assert other.checks["cost"].level is Level.ADVISORY
    assert (len(other.freeze), len(other.drift.ignore), other.variables) == (1, 1, ("AWS_REGION",))


def test_no_file_and_an_empty_one_say_the_same(tmp_path: Path) -> None:
    assert settings.load(tmp_path) == read("") == DeliverySettings()
    assert read("").of("any", "dev").environment == "infra-dev"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("stores: s3://plans\n", "slipway.yaml:1: stores: found"),
        ("stores: s3://plans\n", "did you mean 'store'?"),
        ("store: https://plans\n", "slipway.yaml:1: store: found 'https://plans'; expected s3://"),
        ("store: S3://plans\n", "expected s3://<bucket>"),
        ("ignore:\n  - /etc/passwd\n", "slipway.yaml:2: ignore.0: found '/etc/passwd'"),
        ("ignore:\n  - ../other\n", "does not lead out of it"),
        ("ignore:\n  - a b\n", "slipway.yaml:2: ignore.0"),
        ("projects:\n  app:\n    need: [network]\n", "slipway.yaml:3: projects.app.need"),
        ("projects:\n  app:\n    need: [network]\n", "did you mean 'needs'?"),
        ("projects:\n  app:\n    needs: [a/b/c]\n", "slipway.yaml:3: projects.app.needs.0"),
        ("projects:\n  app:\n    needs: network\n", "slipway.yaml:3: projects.app.needs"),
        ("defaults:\n  owners: [ada]\n", "slipway.yaml:2: defaults.owners.0: found 'ada'"),
        ("defaults:\n  environment: 'a b'\n", "slipway.yaml:2: defaults.environment"),
        ("defaults:\n  environment: 'a`b'\n", "slipway.yaml:2: defaults.environment"),
        ("defaults:\n  variables: [A=B]\n", "slipway.yaml:2: defaults.variables.0"),
        ("defaults:\n  pull_request: full\n", "slipway.yaml:2: defaults.pull_request: found 'full'"),
        ("defaults:\n  checks:\n    c:\n      level: mandatory\n", "defaults.checks.c.run"),
        ("defaults:\n  checks:\n    c: {run: x, level: high}\n", "slipway.yaml:3: defaults.checks.c.level"),
        ("defaults:\n  checks:\n    c: {run: ''}\n", "slipway.yaml:3: defaults.checks.c.run"),
        (
            "defaults:\n  freeze:\n    - {begins: 2026-12-20, ends: 2026-12-21, reason: why}\n",
            "slipway.yaml:3: defaults.freeze.0.begins",
        ),
        (
            "defaults:\n  freeze:\n"
            "    - {begins: 2026-12-21T00:00:00Z, ends: 2026-12-20T00:00:00Z, reason: why}\n",
            "expected `ends` after `begins`",
        ),
        (
            "defaults:\n  drift:\n    ignore:\n      - {resource: x, until: soon, reason: why}\n",
            "slipway.yaml:4: defaults.drift.ignore.0.until",
        ),
        (
            "defaults:\n  drift:\n    ignore:\n      - {resource: x, until: 2026-12-31}\n",
            "defaults.drift.ignore.0.reason",
        ),
        ("projects: [app]\n", "slipway.yaml:1: projects"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, told: str) -> None:
    assert any(told in mistake for mistake in mistakes(text)), mistakes(text)


def test_all_mistakes_are_told_at_once() -> None:
    text = "store: nowhere\ndefaults:\n  owners: [ada]\n"
    text += "projects:\n  app:\n    stacks:\n      dev: {paths: [/x]}\n"
    told = mistakes(text)
    assert [one.split(": ")[:2] for one in told] == [
        ["slipway.yaml:1", "store"],
        ["slipway.yaml:3", "defaults.owners.0"],
        ["slipway.yaml:7", "projects.app.stacks.dev.paths.0"],
    ]


PROJECTS = {
    "app/Pulumi.yaml": "name: app\nruntime: yaml\n",
    "app/Pulumi.dev.yaml": "",
    "app/Pulumi.prod.yaml": "",
    "net/Pulumi.yaml": "name: network\nruntime: yaml\n",
    "net/Pulumi.prod.yaml": "",
}


@pytest.mark.parametrize(
    ("text", "line", "key", "suggestion"),
    [
        ("projects:\n  ap: {}\n", 2, "projects.ap", "app"),
        ("projects:\n  app:\n    stacks:\n      prd: {}\n", 4, "projects.app.stacks.prd", "prod"),
        ("projects:\n  app:\n    needs: [netwrk/prod]\n", 3, "projects.app.needs.0", "network/prod"),
        ("projects:\n  app:\n    needs: [network]\n", 3, "projects.app.needs.0", "network/prod"),
        ("defaults:\n  needs: [networks]\n", 2, "defaults.needs.0", "network"),
    ],
)
def test_a_name_that_nothing_has_is_told_with_the_nearest(
    tmp_path: Path, text: str, line: int, key: str, suggestion: str
) -> None:
    clone = Checkout.begun(tmp_path, PROJECTS)
    clone.write({"slipway.yaml": text})
    done = clone.run("--json")
    assert done.exit_code == 1
    (mistake,) = json.loads(done.stdout)["error"]["mistakes"]
    assert (mistake["file"], mistake["line"], mistake["key"]) == ("slipway.yaml", line, key)
    assert mistake["suggestion"] == suggestion


LAUGHS = "".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]\n" for n in range(1, 10))


@pytest.mark.parametrize(
    "text",
    [
        *("- a\n", "a: [\n", "a: 1\na: 2\n", "? [a]\n: b\n", "store: !!python/name:os.system\n"),
        *("a: &x [*x]\n", "a: &x {b: *x}\n", f"k0: &k0 [lol]\n{LAUGHS}", f"a: {'[' * 2_000}{']' * 2_000}\n"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_and_nothing_is_run(tmp_path: Path, text: str) -> None:
    clone = Checkout.begun(tmp_path, PROJECTS)
    clone.write({"slipway.yaml": text})
    done = clone.run("--json")
    assert done.exit_code == 1
    assert "slipway.yaml" in json.dumps(json.loads(done.stdout)["error"])


def test_what_was_wrong_before_the_change_does_not_matter(tmp_path: Path) -> None:
    clone = Checkout.begun(tmp_path, {**PROJECTS, "slipway.yaml": "nonsense: 1\n"})
    clone.write({"slipway.yaml": "projects: {app: {needs: [network/prod]}}\n"})
    assert clone.changes() == {"app/dev": "update", "app/prod": "update"}
