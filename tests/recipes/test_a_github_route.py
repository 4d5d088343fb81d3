"""CONTRIBUTING's recipe for a GitHub route, followed in a copy of the tree on the file that it names."""

from pathlib import Path

import pytest

from tests.recipes.conftest import ROOT, notice, run

NOTICING = "tests/localcloud/test_github_routes.py"
ROUTE = "slipway/localcloud/github/routes/topics.py"
CODE = '''"""A repository's topics. https://docs.github.com/en/rest/repos/repos#get-all-repository-topics"""

from werkzeug.wrappers import Response

from slipway.localcloud.github.protocol import Area, Call
from slipway.localcloud.web import json_response

area = Area()


@area.route("GET", "/repos/{owner}/{repo}/topics", needs="metadata:read")
def topics(call: Call) -> Response:
    return json_response({"names": [], "of": call.repository().slug})
'''
ASK = """
from werkzeug.test import Client
from slipway.localcloud.github.app import GitHub
from slipway.localcloud.github.model import Token
from slipway.localcloud.web import RequestLog

github = GitHub(RequestLog())
github.world.seed({
    "organizations": [{"login": "acme", "id": 1}], "repositories": [{"owner": "acme", "name": "app", "id": 2}]
})
github.world.tokens["t"] = Token(permissions={"metadata": "read"})
print(Client(github).get("/repos/acme/app/topics", headers={"Authorization": "Bearer t"}).text)
"""


def test_the_recipe_names_these_files() -> None:
    recipe = (ROOT / "CONTRIBUTING.md").read_text().partition("### A GitHub route\n")[2].partition("\n###")[0]
    assert f"`{ROUTE.replace('topics', '<area>')}`" in recipe
    assert f"`{NOTICING}`" in recipe


def test_a_route_that_follows_the_recipe_answers_and_passes(copy: Path) -> None:
    (copy / ROUTE).write_text(CODE)
    assert '"of": "acme/app"' in run(copy, "-c", ASK).stdout.replace('":"', '": "')
    checked = notice(copy, NOTICING)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"metadata:read"', '""', "GET /repos/{owner}/{repo}/topics needs ''"),
        (" https://docs.github.com/en/rest/repos/repos#get-all-repository-topics", "", "topics"),
        ("area = Area()", "table = area = Area()\ndel area\narea_ = table", "area"),
    ],
)
def test_a_step_left_out_is_noticed(copy: Path, old: str, new: str, complaint: str) -> None:
    assert old in CODE
    (copy / ROUTE).write_text(CODE.replace(old, new))
    checked = notice(copy, NOTICING)
    assert checked.returncode != 0
    assert complaint in checked.stdout
