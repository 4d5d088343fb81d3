"""The page and the JSON beside it: complete, escaped, self-contained, labelled."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.localcloud.records import NOT_ENFORCED, RECORDED
from tests.localcloud.conftest import Answer, Client


@pytest.fixture
def page(cloud: Cloud, github: Client) -> Answer:
    github("GET", "/nobody/serves/<script>alert(1)</script>")
    return Client(cloud.console)("GET", "/")


def test_it_names_every_endpoint_and_everything_that_is_only_recorded(cloud: Cloud, page: Answer) -> None:
    for wanted in (cloud.aws, cloud.github, cloud.kubernetes, cloud.console, *RECORDED, *NOT_ENFORCED):
        assert wanted in page.text
    assert "recording stand-in" in page.text


def test_what_clients_sent_is_escaped(page: Answer) -> None:
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


def test_it_loads_nothing_from_anywhere(page: Answer) -> None:
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert re.findall(r"""(?:src|href)=["'](?!/|#)""", page.text) == []
    assert "url(" not in page.text


def test_it_is_well_formed_and_labelled(page: Answer) -> None:
    open_tags: list[str] = []
    seen: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append((tag, dict(attrs)))
            if tag not in {"meta", "br", "link", "input"}:
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Reader().feed(page.text)
    assert open_tags == []
    tags = [tag for tag, _ in seen]
    assert (tags.count("h1"), tags.count("main"), tags.count("title")) == (1, 1, 1)
    assert ("html", {"lang": "en"}) in seen
    assert all("scope" in attributes for tag, attributes in seen if tag == "th")
    ids = {attributes.get("id") for _, attributes in seen}
    assert all(
        attributes["aria-labelledby"] in ids for _, attributes in seen if "aria-labelledby" in attributes
    )
    assert "prefers-color-scheme: dark" in page.text


def test_the_json_says_the_same(cloud: Cloud, github: Client) -> None:
    found = Client(cloud.console)("GET", "/status.json").json
    assert (found["id"], found["pid"]) == (cloud.id, cloud.pid)
    assert set(found["counts"]) == {"aws", "github", "kubernetes"}
    assert found["counts"]["github"]["Organizations"] >= 3
    assert set(found["recorded"]) >= set(RECORDED)


def test_a_recorded_type_that_nobody_foresaw_is_shown_too(cloud: Cloud) -> None:
    Client(cloud.console)("PUT", "/slipway/records/some:new/type:Type/x", {})
    assert runtime._get_json(cloud.console, "/status.json")["recorded"]["some:new"]["count"] == 1


@pytest.fixture
def held(cloud: Cloud) -> Iterator[str]:
    """A stack that runs there, whose resources have a hostile name each; what it is called."""
    private = Path(cloud.git).parent
    kept = [private / "stacks/shop/local.json", private / "state/shop/local.json"]
    urn = "urn:pulumi:local::shop::aws:s3/bucket:Bucket::"
    bucket = {"type": "aws:s3/bucket:Bucket", "custom": True, "outputs": {"password": "hunter2"}}
    resources = [
        {**bucket, "urn": f"{urn}<script>alert(1)</script>", "id": "b-1"},
        {**bucket, "urn": f"{urn}leaving", "id": "b-2", "delete": True},
        {**bucket, "urn": f"{urn}component", "custom": False},
        {**bucket, "urn": f"{urn}provider", "type": "pulumi:providers:aws", "id": "p"},
    ]
    for path, document in zip(
        kept,
        (
            {"engine": "embedded", "cloud": cloud.id, "drifted": False},
            {"version": 3, "deployment": {"resources": resources}},
        ),
        strict=True,
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
    yield "shop/local"
    for path in kept:
        path.unlink()


def test_it_opens_to_stacks_and_their_resources(cloud: Cloud, held: str) -> None:
    found = Client(cloud.console)("GET", "/").text
    assert found.index(held) < found.index("Endpoints")
    assert "Resources of shop/local" in found
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in found
    assert "<script" not in found
    assert "hunter2" not in found
    (stack,) = Client(cloud.console)("GET", "/dashboard.json").json["stacks"]
    assert (stack["project"], stack["stack"]) == ("shop", "local")
    assert [(each["id"], each["type"]) for each in stack["resources"]] == [("b-1", "aws:s3/bucket:Bucket")]


def test_a_state_that_cannot_be_read_is_told_of_its_stack(cloud: Cloud, held: str) -> None:
    (Path(cloud.git).parent / "state/shop/local.json").write_text("{")
    assert "the state cannot be read" in Client(cloud.console)("GET", "/").text


def test_it_only_reads(cloud: Cloud) -> None:
    console = Client(cloud.console)
    assert console("POST", "/").status == 405
    assert console("GET", "/other").status == 404


def test_our_own_questions_do_not_fill_the_log(cloud: Cloud) -> None:
    for _ in range(3):
        Client(cloud.console)("GET", "/healthz")
    recent = Client(cloud.console)("GET", "/status.json").json["requests"]["recent"]
    assert "/healthz" not in {call["path"] for call in recent}
