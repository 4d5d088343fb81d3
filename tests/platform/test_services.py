"""One file for a service: its packages, how far it reaches, and where its environments are."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.access.refs import pattern_matches
from slipway.platform import reading
from slipway.platform.declaration import ManageNamespace, PushImages, ReadParameters, UseState
from slipway.platform.environments import environments
from slipway.platform.mistakes import SettingsError
from slipway.platform.namespaces import check_namespaces, groups_by_role, namespaces_of
from slipway.platform.rules.limits import narrower

from .conftest import ROOT, SERVICE, STACKS, mistakes, parse, stack_values

SHOP = {
    "repository": "acme/shop",
    "repository_id": 70002,
    "packages": {
        "basket": {"images": ["basket-api"], "hostname": "basket.example.com"},
        "orders": {
            "images": ["orders-api", "orders-web"],
            "hostname": "orders.example.com",
            "database": {"secret": "orders-db", "key": "URL"},
        },
    },
    "environments": ["build", "preview", "staging", "production"],
}


def blocks(values: dict[str, Any]) -> dict[str, Any]:
    """The environments of the first service as blocks, to be changed."""
    service = values["services"][SERVICE]
    service["environments"] = {name: {} for name in service["environments"]}
    return service["environments"]


def test_each_environment_is_in_exactly_one_stack_with_an_account() -> None:
    held = [
        (environment.service, environment.name)
        for stack in ("automation", "staging", "prod")
        for environment in environments(parse(stack, stack_values(stack)))
    ]
    declared = [(SERVICE, name) for name in blocks(stack_values("prod"))]
    assert sorted(held) == sorted(declared)


def test_every_environment_has_a_host_and_a_namespace_of_its_own_or_shares_productions() -> None:
    hosts: dict[str, set[str]] = {}
    for stack in ("staging", "prod"):
        for environment in environments(parse(stack, stack_values(stack))):
            for placement in environment.placements:
                hosts.setdefault(placement.hostname, set()).add(environment.name)
    assert hosts.pop("skill-pool.example.com") == {"prod", "production"}
    assert all(host == f"{next(iter(names))}.skill-pool.example.com" for host, names in hosts.items())


def test_packages_are_the_keys_of_what_runs_and_the_repository_of_who_may() -> None:
    for stack in ("automation", "staging", "prod"):
        values = stack_values(stack)
        values["services"]["shop"] = SHOP
        declared = [one for one in environments(parse(stack, values)) if one.service == "shop"]
        for environment in declared:
            assert environment.role.name == f"shop-{environment.name}"
            grants = environment.role.all_grants
            if stack == "automation":
                assert next(grant for grant in grants if isinstance(grant, PushImages)).repositories == (
                    "basket/basket-api",
                    "orders/orders-api",
                    "orders/orders-web",
                )
                continue
            (parameters,) = [grant for grant in grants if isinstance(grant, ReadParameters)]
            assert parameters.names == ("basket-service-helm-values", "orders-service-helm-values")
            prefixes = [grant.prefix for grant in grants if isinstance(grant, UseState)]
            assert prefixes == [f"releases/{name}/{environment.name}/" for name in ("basket", "orders")]
        namespaces = namespaces_of(declared)
        check_namespaces(namespaces, "here")
        for groups in groups_by_role(namespaces).values():
            assert {group.split(":")[1] for group in groups} == {"basket", "orders"}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"images": ["x"]}, "services.shop.images"),
        ({"packages": {}}, "services.shop.packages"),
        ({"packages": {"skill-pool": SHOP["packages"]["basket"]}}, "services.shop.packages.skill-pool"),
        (
            {"packages": {**SHOP["packages"], "other": SHOP["packages"]["basket"]}},
            "services.shop.packages",
        ),
        (
            {"environments": {"production": {"hostname": "x.example.com"}}},
            "services.shop.environments.production.hostname",
        ),
    ],
)
def test_packages_that_could_not_be_told_apart_are_mistakes(
    prod: dict[str, Any], change: dict[str, Any], place: str
) -> None:
    prod["services"]["shop"] = {**SHOP, **change}
    assert place in mistakes("prod", prod)


@pytest.mark.parametrize(
    ("environment", "block", "key"),
    [
        ("production", {"branches": ["main"]}, "branches.0"),
        ("production", {"branches": ["*"]}, "branches.0"),
        ("production", {"branches": ["release/**/x"]}, "branches.0"),
        ("production", {"branches": ["refs/pull/*/merge"]}, "branches.0"),
        ("production", {"tags": ["*"]}, "tags.0"),
        ("production", {"jobs": ["deploy", "migrate"]}, "jobs"),
        ("production", {"reviewers": ["user:me"]}, "reviewers.0"),
        ("production", {"prevent_self_review": False}, "prevent_self_review"),
        ("production", {"namespace": "monitoring"}, "namespace"),
        ("build", {"branches": ["feature/*"]}, "branches.0"),
        ("preview", {"jobs": ["deploy"]}, "jobs"),
        ("eu", {"stack": "prod", "jobs": ["deploy"], "branches": ["main"]}, "branches.0"),
        ("qa1", {"stack": "prod"}, ""),
        ("ci", {"stack": "automation", "jobs": ["build"], "branches": ["refs/pull/*/merge"]}, "branches.0"),
    ],
)
@pytest.mark.parametrize("stack", ["prod", "staging"])
def test_what_guards_others_counts_within_the_limits_only(
    stack: str, environment: str, block: dict[str, Any], key: str
) -> None:
    values = stack_values(stack)
    blocks(values)[environment] = block
    place = f"services.{SERVICE}.environments.{environment}"
    found = mistakes(stack, values)
    assert any(one.startswith(f"{place}.{key}" if key else place) for one in found), found


def test_the_platforms_owners_may_allow_more(prod: dict[str, Any]) -> None:
    blocks(prod)["production"] = {
        "branches": ["main"],
        "jobs": ["deploy", "migrate"],
        "reviewers": ["user:me"],
        "prevent_self_review": False,
    }
    assert len(mistakes("prod", prod)) == 4
    prod["organization"]["limits"] = {
        "reviewers": ["user:me"],
        "self_review": True,
        "environments": {"production": {"branches": ["main"], "jobs": ["migrate"]}},
    }
    parse("prod", prod)


@given(
    wide=st.text("ab*/?[]", min_size=1, max_size=5),
    pattern=st.text("ab*/?[]", min_size=1, max_size=6),
    name=st.text("ab/", min_size=1, max_size=6),
)
def test_a_narrower_pattern_admits_nothing_more(wide: str, pattern: str, name: str) -> None:
    try:
        matches = pattern_matches(pattern, name)
        wide_matches = pattern_matches(wide, name)
    except Exception:
        return
    if narrower(pattern, wide) and matches:
        assert wide_matches


def test_code_that_nobody_has_reviewed_is_closed_in_whatever_environment_it_runs(
    staging: dict[str, Any],
) -> None:
    blocks(staging)["review"] = {
        "stack": "staging",
        "jobs": ["preview"],
        "branches": ["refs/pull/*/merge"],
    }
    accesses = {one.environment: one for one in namespaces_of(environments(parse("staging", staging)))}
    assert {name for name, one in accesses.items() if one.closed} == {"preview", "review"}
    review = next(one for one in environments(parse("staging", staging)) if one.name == "review")
    assert ManageNamespace("skill-pool-review", unreviewed=True) in review.role.all_grants


def test_a_namespace_is_not_shared_by_reviewed_and_unreviewed_code(staging: dict[str, Any]) -> None:
    blocks(staging)["review"] = {
        "stack": "staging",
        "jobs": ["preview"],
        "branches": ["refs/pull/*/merge"],
        "namespace": "skill-pool-dev",
    }
    assert "one environment owns one release" in str(mistakes("staging", staging))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in (*ROOT.glob("Pulumi*.yaml"), ROOT / "services", ROOT / "examples"):
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, tmp_path / path.name)
    return tmp_path


def told(folder: Path, stack: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        reading.load(folder, stack)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_a_mistake_names_file_and_line(folder: Path) -> None:
    service, stack, project = (
        folder / "services" / "skill-pool.yaml",
        folder / "Pulumi.prod.yaml",
        folder / "Pulumi.yaml",
    )
    service.write_text(service.read_text().replace("[server, web]", "[server, Web]"))
    stack.write_text(stack.read_text().replace("flow_log_days: 365", "flow_log_days: 366"))
    project.write_text(project.read_text().replace("plan: enterprise", "plan: platinum"))
    found = told(folder, "prod")
    for path, text in ((service, "Web"), (stack, "366"), (project, "platinum")):
        line = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if text in line)
        where = f"{path.relative_to(folder)}:{line}: "
        assert any(one.startswith(where) for one in found), (where, found)


OLD = """\
    accounts: {automation: "111111111111", staging: "222222222222", prod: "333333333333"}
    github:
      organization: acme
      organization_id: 9001
  slipway:services:
    orders:
      repository: acme/orders
      images: [server]
    billing:
      repository: acme/billing
"""


def test_blocks_in_the_old_place_are_refused_with_the_lines_to_move(folder: Path) -> None:
    path = folder / "Pulumi.prod.yaml"
    path.write_text(path.read_text() + OLD)
    lines = path.read_text().splitlines()
    number = {line.strip().split(":")[0]: n for n, line in enumerate(lines, 1)}
    found = "\n".join(told(folder, "prod"))
    assert (
        "slipway:platform.accounts: found what all stacks share; expected it once for all stacks, "
        f"in Pulumi.yaml under slipway:organization: move line {number['accounts']} there" in found
    )
    assert f"move lines {number['github']} to {number['organization_id']} there" in found
    images = next(n for n, line in enumerate(lines, 1) if line == "      images: [server]")
    assert f"services/orders.yaml: move lines {images - 1} to {images} there" in found
    assert "services/billing.yaml: move line " in found


def test_a_second_service_comes_aboard_with_one_file(folder: Path) -> None:
    text = """\
repository: acme/orders
repository_id: 70009
images: [api]
hostname: orders.example.com
environments: [build, chart, preview-build, preview, staging, production, prod]
"""
    (folder / "services" / "orders.yaml").write_text(text)
    roles = {
        (stack, environment.role.name)
        for stack in STACKS
        for environment in environments(reading.load(folder, stack))
        if environment.service == "orders"
    }
    assert {
        ("automation", "orders-build"),
        ("staging", "orders-preview"),
        ("prod", "orders-production"),
    } <= roles


def test_a_chart_that_is_not_there_and_a_path_out_of_the_project_are_mistakes(folder: Path) -> None:
    path = folder / "services" / "skill-pool.yaml"
    text = path.read_text()
    for chart, said in (("charts/none", "there is no chart at"), ("../chart", "does not lead out of it")):
        path.write_text(text.replace("examples/skill-pool/chart", chart))
        assert said in str(told(folder, "automation"))


def test_a_wrong_value_claims_nothing_of_another_service(prod: dict[str, Any]) -> None:
    """In its place stands an example, which may be somebody's."""
    other = {
        **{"repository": "acme/other", "repository_id": "70009", "images": ["server"]},
        **{"hostname": "other.example.com", "environments": ["build", "production"]},
    }
    prod["services"] = {"other": other, **prod["services"]}
    assert list(mistakes("prod", prod)) == ["services.other.repository_id"]


def test_who_claims_twice_is_told_of_both_files(prod: dict[str, Any]) -> None:
    twin = {**prod["services"][SERVICE], "repository": "acme/other", "hostname": "other.example.com"}
    prod["services"] = {"another": twin, **prod["services"]}
    (said,) = mistakes("prod", prod).values()
    assert "services/skill-pool.yaml: repository_id" in said
    assert "(services/another.yaml), and one of the two is wrong" in said


def test_a_name_alone_is_an_empty_block(prod: dict[str, Any]) -> None:
    service = prod["services"][SERVICE]
    service["environments"] = dict.fromkeys(service["environments"])
    assert parse("prod", prod).services == parse("prod", stack_values("prod")).services
