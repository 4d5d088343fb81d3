"""What all routes of the GitHub stand-in share: tokens, permissions, pages, limits; and unknown routes."""

import pytest

from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from tests.localcloud.conftest import Client


def token(cloud: Cloud, name: str, **fields: object) -> Client:
    runtime.seed(cloud, {"tokens": [{"token": name, "permissions": {}, **fields}]})
    return Client(cloud.github, {"Authorization": f"Bearer {name}"})


def test_no_token_is_401(cloud: Cloud) -> None:
    answer = Client(cloud.github)("GET", "/repos/acme/app")
    assert (answer.status, answer.json["message"]) == (401, "Requires authentication")


@pytest.mark.parametrize("header", ["Bearer unknown", "token unknown", "Basic c3RhbmQtaW4=", "Bearer "])
def test_an_unknown_token_is_401(cloud: Cloud, github: Client, header: str) -> None:
    assert github("GET", "/repos/acme/app", headers={"Authorization": header}).status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token"])
def test_both_schemes_are_taken(github: Client, scheme: str) -> None:
    assert github("GET", "/repos/acme/app", headers={"Authorization": f"{scheme} stand-in"}).status == 200


def test_a_missing_permission_is_403_and_named(cloud: Cloud, github: Client) -> None:
    reader = token(cloud, "reader", permissions={"actions": "read", "administration": "read"})
    answer = reader("PUT", "/repos/acme/app/environments/prod", {})
    assert answer.status == 403
    assert answer.json["message"] == "Resource not accessible by integration"
    assert answer.headers["X-Accepted-GitHub-Permissions"] == "administration=write"
    assert reader("GET", "/repos/acme/app/environments").status == 200


def test_write_includes_read_and_read_not_write(cloud: Cloud, github: Client) -> None:
    writer = token(cloud, "writer", permissions={"actions_variables": "write"})
    assert writer("GET", "/repos/acme/app/actions/variables").status == 200
    reader = token(cloud, "variable-reader", permissions={"actions_variables": "read"})
    assert reader("POST", "/repos/acme/app/actions/variables", {"name": "A", "value": "b"}).status == 403


def test_any_one_of_two_permissions_does(cloud: Cloud, github: Client) -> None:
    label = {"name": "by-pull-requests"}
    writer = token(cloud, "pulls", permissions={"pull_requests": "write"})
    assert writer("POST", "/repos/acme/app/labels", label).status == 201


def test_a_private_repository_outside_the_installation_is_404_and_a_public_one_is_not(
    cloud: Cloud, github: Client
) -> None:
    narrow = token(cloud, "narrow", permissions={"metadata": "read"}, repositories=["acme/other"])
    assert narrow("GET", "/repos/acme/other").status == 200
    assert narrow("GET", "/repos/acme/app").status == 404
    assert narrow("GET", "/repos/team-plan/open").status == 200


def test_names_ignore_case(github: Client) -> None:
    assert github("GET", "/repos/ACME/App").json["full_name"] == "acme/app"


def test_the_path_that_clients_append_to_a_server_of_ones_own_works(github: Client) -> None:
    assert github("GET", "/api/v3/repos/acme/app").json["id"] == 501


def test_a_repository_of_the_same_name_and_another_id_is_a_new_one(cloud: Cloud, github: Client) -> None:
    runtime.seed(cloud, {"repositories": [{"owner": "acme", "name": "recycled", "id": 1}]})
    path = "/repos/acme/recycled/actions/variables"
    github("POST", path, {"name": "LEFT", "value": "over"})
    runtime.seed(cloud, {"repositories": [{"owner": "acme", "name": "recycled", "id": 1}]})
    assert github("GET", path).json["total_count"] == 1
    runtime.seed(cloud, {"repositories": [{"owner": "acme", "name": "recycled", "id": 2}]})
    assert github("GET", path).json["total_count"] == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/repos/acme/app/stargazers"),
        ("DELETE", "/repos/acme/app"),
        ("PUT", "/repos/acme/app/actions/variables"),
        ("POST", "/graphql"),
        ("GET", "/repos/acme/app/environments/a/b/c/d"),
    ],
)
def test_an_unknown_route_is_501_and_remembered(cloud: Cloud, github: Client, method: str, path: str) -> None:
    assert github(method, path).status == 501
    assert (
        f"github {method} {path}" in runtime._get_json(cloud.console, "/status.json")["requests"]["unknown"]
    )


class TestPages:
    @pytest.fixture
    def labels(self, cloud: Cloud, github: Client) -> str:
        runtime.seed(cloud, {"repositories": [{"owner": "acme", "name": "paged", "id": 600}]})
        for number in range(105):
            github("POST", "/repos/acme/paged/labels", {"name": f"label-{number:03}"})
        return "/repos/acme/paged/labels"

    def test_thirty_by_default_and_a_hundred_at_most(self, github: Client, labels: str) -> None:
        assert len(github("GET", labels).json) == 30
        assert len(github("GET", f"{labels}?per_page=1000").json) == 100

    def test_the_links_lead_through_all_of_it(self, cloud: Cloud, github: Client, labels: str) -> None:
        path, names = f"{labels}?per_page=50", list[str]()
        while path:
            answer = github("GET", path)
            names += [one["name"] for one in answer.json]
            links = {
                part.split('rel="')[1].rstrip('"'): part.split(">")[0].lstrip(" <")
                for part in answer.headers.get("Link", "").split(",")
            }
            path = links.get("next", "").removeprefix(cloud.github)
        # Behind those that GitHub gives each new repository.
        assert names[:2] == ["bug", "documentation"]
        assert names[-105:] == [f"label-{number:03}" for number in range(105)]

    def test_the_last_page_leads_back_and_not_on(self, github: Client, labels: str) -> None:
        link = github("GET", f"{labels}?per_page=50&page=3").headers["Link"]
        assert 'rel="prev"' in link
        assert 'rel="first"' in link
        assert "next" not in link

    def test_one_page_has_no_links(self, github: Client, labels: str) -> None:
        assert "Link" not in github("GET", "/repos/acme/other/labels").headers

    def test_a_page_beyond_the_end_is_empty(self, github: Client, labels: str) -> None:
        assert github("GET", f"{labels}?page=99").json == []


class TestRate:
    def test_every_answer_says_what_is_left_and_asking_is_free(self, cloud: Cloud, github: Client) -> None:
        client = token(cloud, "counted", permissions={"metadata": "read"}, limit=10)
        assert client("GET", "/repos/acme/app").headers["X-RateLimit-Remaining"] == "9"
        for _ in range(3):
            assert client("GET", "/rate_limit").json["resources"]["core"]["remaining"] == 9

    def test_past_the_limit_is_403_with_nothing_remaining(self, cloud: Cloud, github: Client) -> None:
        client = token(cloud, "spent", permissions={"metadata": "read"}, limit=5, spent=5)
        answer = client("GET", "/repos/acme/app")
        assert (answer.status, answer.headers["X-RateLimit-Remaining"]) == (403, "0")
        assert "rate limit" in answer.json["message"]

    def test_a_read_costs_one_point_and_a_write_five(self, cloud: Cloud, github: Client) -> None:
        client = token(cloud, "points", permissions={"issues": "write"}, points_per_minute=900)
        client("GET", "/repos/acme/app/labels")
        client("POST", "/repos/acme/app/labels", {"name": "pointed"})
        assert client("GET", "/rate_limit").json["slipway_points"] == 6

    def test_too_many_points_in_a_minute_are_refused_for_a_while(self, cloud: Cloud, github: Client) -> None:
        client = token(cloud, "hasty", permissions={"metadata": "read"}, points_per_minute=3)
        assert [client("GET", "/repos/acme/app").status for _ in range(4)] == [200, 200, 200, 403]
        assert 0 < int(client("GET", "/repos/acme/app").headers["Retry-After"]) <= 60


def test_lookups_of_people_teams_and_organisations(github: Client) -> None:
    assert github("GET", "/users/person-3").json["id"] == 3
    assert github("GET", "/users/acme").json["type"] == "Organization"
    assert github("GET", "/users/nobody").status == 404
    assert github("GET", "/orgs/acme/teams/platform").json["id"] == 71
    assert github("GET", "/orgs/acme/teams/nobody").status == 404
    assert [one["login"] for one in github("GET", "/orgs/acme/teams/platform/members").json] == ["person-1"]
    assert github("GET", "/orgs/team-plan").json["plan"] == {"name": "team"}
    assert github("GET", "/orgs/person-1").status == 404


@pytest.mark.parametrize(
    ("place", "permission"),
    [
        ("acme/app/collaborators/Person-1", "read"),
        ("acme/app/collaborators/outsider", "none"),
        ("acme/other/collaborators/outsider", "read"),
        ("team-plan/open/collaborators/outsider", "read"),
    ],
)
def test_what_a_person_may_do_in_a_repository(github: Client, place: str, permission: str) -> None:
    assert github("GET", f"/repos/{place}/permission").json["permission"] == permission
    assert github("GET", "/repos/acme/app/collaborators/nobody/permission").status == 404


def test_a_body_that_is_no_json_is_400(github: Client) -> None:
    assert github("PUT", "/repos/acme/app/environments/x", "{").status == 400
    assert github("PUT", "/repos/acme/app/environments/x", "[]").status == 400
