"""Functions and what calls them: code as a path or an image, drift of the code, recorded mappings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_aws import lambda_

from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from slipway.localcloud.providers.aws import AwsProvider
from slipway.localcloud.providers.aws.lambda_code import code_hash, zipped
from slipway.localcloud.providers.aws.lambda_triggers import MAPPING
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.values import Packed
from tests.providers.aws_runner_samples import SAMPLES
from tests.providers.aws_runner_world import code, function, function_role, queue_arn, zip_at
from tests.providers.aws_world import World
from tests.providers.conftest import Served, aws_arguments
from tests.providers.driver import Driver

FUNCTION = "aws:lambda/function:Function"
QUEUE = "aws:sqs/queue:Queue"


@pytest.fixture
def world(aws: Driver) -> Iterator[World]:
    made = World(aws)
    yield made
    made.clear()


def client(driver: Driver, service: str) -> Any:
    return driver.provider.cloud("").client(service)


def test_a_function_is_deployed_by_the_embedded_engine(
    aws_server: Served, world: World, tmp_path: Path
) -> None:
    packed = tmp_path / "function.zip"
    role = function_role(world)

    def program() -> None:
        lambda_.Function(
            "deployed",
            name="deployed",
            role=role,
            runtime="python3.13",
            handler="main.handle",
            code=pulumi.FileArchive(str(packed)),
            source_code_hash=code_hash(packed.read_bytes()),
        )

    config = {f"aws:{key}": value for key, value in aws_arguments(aws_server.url).items()}
    engine = EmbeddedEngine(
        program,
        "slipway",
        "local",
        config,
        tmp_path / "state",
        {"aws": AwsProvider},
        passphrase="test",
        fence=Fence(),
    )

    def operations() -> list[str]:
        result = engine.up()
        assert result.ok, result.diagnostics
        return [step.op for step in result.steps if step.type == FUNCTION]

    zip_at(tmp_path, "one")
    assert operations() == ["create"]
    assert operations() == ["same"]
    assert not engine.drift().changed
    zip_at(tmp_path, "two")
    assert operations() == ["update"]
    found = client(world.aws, "lambda").get_function(FunctionName="deployed")["Configuration"]
    assert found["CodeSha256"] == code_hash(packed.read_bytes())
    assert engine.destroy().ok


def test_a_function_is_what_lies_in_the_zip_at_the_path(aws: Driver, world: World, tmp_path: Path) -> None:
    inputs = {**SAMPLES[FUNCTION].inputs(world), "code": zip_at(tmp_path, "one")}
    del inputs["sourceCodeHash"]
    made = aws.create(FUNCTION, inputs)
    one = code_hash((tmp_path / "function.zip").read_bytes())
    assert (made.state["codeSha256"], made.state["sourceCodeHash"]) == (one, one)
    assert not aws.diff(made, inputs).changes
    zip_at(tmp_path, "two")
    assert list(aws.diff(made, inputs).detailed_diff) == ["sourceCodeHash"]
    new = aws.update(made, inputs)
    assert new.state["codeSha256"] == code_hash((tmp_path / "function.zip").read_bytes()) != one
    aws.delete(new)


def test_the_place_of_the_code_is_no_difference(aws: Driver, world: World, tmp_path: Path) -> None:
    inputs = {**SAMPLES[FUNCTION].inputs(world), **code("one")}
    made = aws.create(FUNCTION, inputs)
    assert not aws.diff(made, {**inputs, "code": zip_at(tmp_path, "one")}).changes
    aws.delete(made)


def test_code_that_somebody_else_deployed_is_drift(aws: Driver, world: World) -> None:
    made = aws.create(FUNCTION, SAMPLES[FUNCTION].inputs(world))
    client(aws, "lambda").update_function_code(FunctionName=made.id, ZipFile=b"another")
    read = aws.read(made)
    assert read is not None
    assert read.inputs["sourceCodeHash"] != made.inputs["sourceCodeHash"]
    assert list(aws.diff(read, made.inputs).detailed_diff) == ["sourceCodeHash"]
    repaired = aws.update(read, made.inputs)
    assert repaired.state["codeSha256"] == made.state["codeSha256"]
    aws.delete(repaired)


def test_one_content_makes_one_zip(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("x")
    folder = zipped(Packed(pulumi.FileArchive(str(tmp_path))))
    assets = pulumi.AssetArchive({"main.py": pulumi.FileAsset(str(tmp_path / "main.py"))})
    assert folder == zipped(Packed(assets)) == zipped(code("x")["code"])


@pytest.mark.parametrize(
    "sdk", [pulumi.FileArchive("absent.zip"), pulumi.RemoteArchive("https://a.example/b")]
)
def test_code_that_cannot_be_read_is_told(sdk: pulumi.Archive) -> None:
    with pytest.raises(ProviderError, match=r"nothing at absent\.zip|fetches no code"):
        zipped(Packed(sdk))


def test_a_container_function_changes_its_image_and_command(aws: Driver, world: World) -> None:
    inputs = SAMPLES[FUNCTION].inputs(world)
    for name in ("code", "sourceCodeHash", "runtime", "handler"):
        del inputs[name]
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/runners:1"
    inputs.update(packageType="Image", imageUri=image, imageConfig={"commands": ["main.handle"]})
    made = aws.create(FUNCTION, inputs)
    assert made.state["imageUri"] == image
    other = {**inputs, "imageUri": f"{image}1", "imageConfig": {"commands": ["main.other"]}}
    found = aws.diff(made, other)
    assert set(found.detailed_diff) == {"imageUri", "imageConfig.commands[0]"}
    new = aws.update(made, other)
    assert not aws.diff(new, other).changes
    assert (new.state["imageUri"], new.state["imageConfig"]) == (f"{image}1", {"commands": ["main.other"]})
    assert aws.diff(new, {**SAMPLES[FUNCTION].inputs(world)}).replaces == ["packageType"]
    aws.delete(new)


def test_a_zip_needs_a_runtime_and_a_handler(aws: Driver, world: World) -> None:
    inputs = SAMPLES[FUNCTION].inputs(world)
    del inputs["runtime"]
    with pytest.raises(ProviderError, match="needs a runtime"):
        aws.create(FUNCTION, inputs)


# --- what calls them ---


def test_a_mapping_is_recorded_and_moto_knows_none(aws: Driver, world: World) -> None:
    made = aws.create(MAPPING, SAMPLES[MAPPING].inputs(world))
    assert client(aws, "lambda").list_event_source_mappings()["EventSourceMappings"] == []
    record = aws.provider.cloud("").cloud.records.get(MAPPING, made.id)
    assert record["functionArn"] == function(world).state["arn"]
    assert record["eventSourceArn"] == queue_arn("world-queue-1")
    assert (record["batchSize"], record["enabled"]) == (10, True)
    assert record["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert record["scalingConfig"] == {"maximumConcurrency": 2}
    aws.delete(made)
    assert aws.provider.cloud("").cloud.records.get(MAPPING, made.id) is None


def test_a_queue_that_shows_a_message_while_the_function_works_is_refused(aws: Driver, world: World) -> None:
    short = world.get(QUEUE, "short", name="short", visibilityTimeoutSeconds=29).id
    inputs = {**SAMPLES[MAPPING].inputs(world), "eventSourceArn": queue_arn(short.rpartition("/")[2])}
    with pytest.raises(ProviderError, match="29 seconds is less than Function timeout: 30 seconds"):
        aws.create(MAPPING, inputs)
