"""Published parameters and the database Secret: sizes, names, and nothing secret in clear."""

import dataclasses
import json
from typing import Any

import pulumi
import pytest

from components.state.database_secret import DatabaseSecret
from components.state.parameters import (
    HelmValuesParameter,
    HelmValuesParameterArgs,
    PlatformParameters,
    PlatformParametersArgs,
)
from slipway.errors import SlipwayError
from slipway.platform.helm_values import parameter_tier
from slipway.platform.parameter_sizes import ADVANCED_BYTES, STANDARD_BYTES
from tests.components.recording import run
from tests.components.samples import database_secret_args, helm_values_args, platform_parameters_args


def _sized(size: int) -> str:
    head = "note: é"
    return head + "x" * (size - len(head.encode()))


@pytest.mark.parametrize(
    ("size", "tier"),
    [
        (100, "Standard"),
        (STANDARD_BYTES, "Standard"),
        (STANDARD_BYTES + 1, "Advanced"),
        (ADVANCED_BYTES, "Advanced"),
    ],
)
def test_the_tier_follows_the_size_in_bytes(size: int, tier: str) -> None:
    values = _sized(size)
    assert len(values.encode()) == size
    recording = run(
        lambda: _ignore(
            HelmValuesParameter(
                "v",
                HelmValuesParameterArgs(package="p", parameter="p-service-helm-values", values_yaml=values),
            )
        )
    )
    assert recording.one("Parameter").inputs["tier"] == tier


def _ignore(_: object) -> None:
    return None


def test_helm_values_are_published_under_the_packages_name() -> None:
    recording = run(lambda: _ignore(HelmValuesParameter("v", helm_values_args())))
    parameter = recording.one("Parameter")
    assert parameter.secrets == set()
    assert parameter.inputs["name"] == "skill-pool-service-helm-values"
    assert parameter.inputs["insecureValue"] == helm_values_args().values_yaml
    assert recording.one("HelmValuesParameter").outputs == {"name": "skill-pool-service-helm-values"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (_sized(ADVANCED_BYTES + 1), "8,193 bytes"),
        ("a: [", "no YAML"),
        ("a: 1\na: 2\n", "no YAML"),
        ("- a\n", "no mapping"),
        ("", "no mapping"),
        ("db:\n  password: hunter2\n", "db.password"),
        ("dbPassword: hunter2\n", "dbPassword"),
        ("clientSecret: abc\n", "clientSecret"),
        ("env:\n- name: X\n  value: postgres://u:p@h/db\n", "URL with a password"),
        ("x: AKIAIOSFODNN7EXAMPLE\n", "AWS access key"),
        ("x: |\n  -----BEGIN RSA PRIVATE KEY-----\n", "private key"),
        ("x: ghp_" + "a" * 36 + "\n", "GitHub token"),
    ],
)
def test_values_that_must_not_be_published_are_refused(values: str, said: str) -> None:
    with pytest.raises(SlipwayError, match=said):
        HelmValuesParameterArgs(package="p", parameter="p-service-helm-values", values_yaml=values)


@pytest.mark.parametrize(
    "values",
    [
        "existingSecret: skill-pool-db\n",
        "db:\n  secretName: skill-pool-db\n  secretKey: URL\n",
        "imagePullSecrets: []\n",
        "password: ''\n",
        "tokenLifetimeSeconds: 3600\n",
        "url: https://example.com/a:b@c\n",
        "keyboard: qwerty\n",
        "secrets:\n  enabled: true\n",
    ],
)
def test_references_to_secrets_are_fine(values: str) -> None:
    assert parameter_tier(values, "here") == "Standard"


def test_an_error_never_shows_the_secret() -> None:
    with pytest.raises(SlipwayError) as caught:
        HelmValuesParameterArgs(
            package="p", parameter="p-service-helm-values", values_yaml="password: hunter2\n"
        )
    assert "hunter2" not in str(caught.value)


def test_platform_outputs_are_one_parameter_each() -> None:
    recording = run(lambda: _ignore(PlatformParameters("o", platform_parameters_args())))
    assert {one.inputs["name"]: one.inputs["insecureValue"] for one in recording.of("Parameter")} == {
        "/slipway/prod/cluster/name": "prod",
        "/slipway/prod/vpc-id": "vpc-1",
    }


@pytest.mark.parametrize("key", ["", "/a", "a//b", "a b", "a:b", "a/" * 14 + "b", "x" * 1011])
def test_an_output_that_ssm_would_refuse(key: str) -> None:
    with pytest.raises(SlipwayError, match="parameter's name"):
        PlatformParametersArgs(stack="prod", values={key: "v"})


def test_the_database_address_is_a_secret_wherever_it_goes() -> None:
    recording = run(lambda: pulumi.export("d", DatabaseSecret("d", database_secret_args()).name))
    secret = recording.one("Secret")
    assert secret.inputs["metadata"]["name"] == "skill-pool-db"
    assert secret.inputs["metadata"]["namespace"] == "skill-pool"
    assert secret.inputs["stringData"] == {"SKILL_POOL_DATABASE_URL": "postgres://app:s3cret@db/skill_pool"}
    assert secret.secrets & {"stringData", "stringData.SKILL_POOL_DATABASE_URL"}
    elsewhere = [one.outputs for one in recording] + [recording.outputs]
    assert "s3cret" not in json.dumps(elsewhere)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": "postgres://u:p@h/db"}, "in clear"),
        ({"name": "Skill_Pool"}, "Secret's name"),
        ({"key": "a b"}, "cannot be a key"),
        ({"namespace": "Skill"}, "namespace"),
    ],
)
def test_a_secret_that_the_api_server_would_refuse(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SlipwayError, match=said):
        dataclasses.replace(database_secret_args(), **changes)


def test_arguments_never_print_their_value() -> None:
    assert "value" not in repr(database_secret_args())


@pytest.mark.parametrize(("size", "tier"), [(STANDARD_BYTES, "Standard"), (STANDARD_BYTES + 1, "Advanced")])
def test_the_tier_of_a_published_output_follows_its_size(size: int, tier: str) -> None:
    args = PlatformParametersArgs(stack="prod", values={"cluster-access": "x" * size})
    recording = run(lambda: _ignore(PlatformParameters("published", args)))
    assert recording.one("Parameter").inputs["tier"] == tier


def test_an_output_that_no_parameter_holds_is_refused_before_anything_is_declared() -> None:
    with pytest.raises(SlipwayError) as raised:
        PlatformParametersArgs(stack="prod", values={"cluster-access": "x" * (ADVANCED_BYTES + 1)})
    said = str(raised.value)
    assert "the published cluster-access has 8,193 bytes; a parameter holds 8,192" in said
    assert "/slipway/prod/cluster-access" in said
    assert "remove environments or classes" in said
