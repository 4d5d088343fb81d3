"""`slipway demo infra` plays its story whole, and a step that goes wrong ends it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slipway.cli import app
from slipway.demo import infra
from slipway.demo.infra import Play
from slipway.errors import SlipwayError
from slipway.localcloud import runtime
from slipway.localcloud.cloud import read_runtime_file


@pytest.mark.slow
def test_the_story_is_played_and_leaves_the_dashboard_alone(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["demo", "infra", "--json", "--folder", str(tmp_path)])
    assert done.exit_code == 0, (done.output, done.exception)
    told = json.loads(done.output)
    commands = [step["command"].split()[1] for step in told["steps"]]
    assert {"affected", "gate", "plan", "comment", "apply", "drift", "stacks", "dashboard"} <= set(commands)
    page = Path(told["dashboard"])
    assert "shop/api" in page.read_text()
    assert read_runtime_file(tmp_path) is None, "its cloud has ended"
    assert not (tmp_path / ".slipway").exists()


def test_a_folder_with_something_in_it_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    done = CliRunner().invoke(app, ["demo", "infra", "--folder", str(tmp_path)])
    assert isinstance(done.exception, SlipwayError)
    assert "not empty" in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_step_that_is_not_as_it_should_be_ends_the_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.shop, "_PROGRAM", "raise RuntimeError('no way')\n")
    try:
        with pytest.raises(SlipwayError, match="no way"):
            Play(tmp_path, lambda _: None).run()
    finally:
        runtime.stop(tmp_path)
