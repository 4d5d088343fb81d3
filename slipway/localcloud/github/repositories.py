"""Lookups: repositories, users, teams, the rate limit. What is looked up is seeded, never created here."""

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import not_found
from slipway.localcloud.github.model import Json, Owner, Repository
from slipway.localcloud.github.protocol import Area, Ask, points_used
from slipway.localcloud.web import json_response

area = Area()


@area.route("GET", "/repos/{owner}/{repo}", needs="metadata:read")
def get_repository(ask: Ask) -> Response:
    """https://docs.github.com/en/rest/repos/repos#get-a-repository"""
    return json_response(shown(ask, ask.repository()))


@area.route("GET", "/orgs/{org}", needs="")
def get_organization(ask: Ask) -> Response:
    """https://docs.github.com/en/rest/orgs/orgs#get-an-organization"""
    owner = ask.owner()
    return json_response({**_account(owner), "plan": {"name": owner.plan}})


@area.route("GET", "/orgs/{org}/repos", needs="metadata:read")
def list_repositories(ask: Ask) -> Response:
    """https://docs.github.com/en/rest/repos/repos#list-organization-repositories"""
    owner = ask.owner()
    page, headers = ask.page(
        [shown(ask, one) for one in ask.world.repositories.values() if one.owner is owner]
    )
    return json_response(page, headers=headers)


@area.route("GET", "/users/{login}", needs="")
def get_user(ask: Ask) -> Response:
    """https://docs.github.com/en/rest/users/users#get-a-user"""
    login = ask.path["login"].lower()
    for name, id_ in ask.world.users.items():
        if name.lower() == login:
            return json_response({"login": name, "id": id_, "node_id": f"U_{id_}", "type": "User"})
    owner = ask.world.owners.get(login)
    if owner is None:
        raise not_found()
    return json_response(_account(owner))


@area.route("GET", "/orgs/{org}/teams/{slug}", needs="members:read")
def get_team(ask: Ask) -> Response:
    """https://docs.github.com/en/rest/teams/teams#get-a-team-by-name"""
    team = ask.owner().teams.get(ask.path["slug"])
    if team is None:
        raise not_found()
    return json_response({**_team(team), "members_count": len(team["members"])})


@area.route("GET", "/orgs/{org}/teams/{slug}/members", needs="members:read")
def list_team_members(ask: Ask) -> Response:
    """https://docs.github.com/en/rest/teams/members#list-team-members"""
    team = ask.owner().teams.get(ask.path["slug"])
    if team is None:
        raise not_found()
    page, headers = ask.page(
        [{"login": login, "id": ask.world.users.get(login, 0)} for login in team["members"]]
    )
    return json_response(page, headers=headers)


@area.route("GET", "/rate_limit", needs="")
def get_rate_limit(ask: Ask) -> Response:
    """https://docs.github.com/en/rest/rate-limit/rate-limit; `slipway_points`, the last minute's, is ours."""
    allowance = ask.token.allowance
    core = {
        "limit": allowance.limit,
        "used": allowance.spent,
        "remaining": max(0, allowance.limit - allowance.spent),
        "reset": allowance.resets_at,
    }
    return json_response(
        {"resources": {"core": core}, "rate": core, "slipway_points": points_used(allowance)}
    )


def shown(ask: Ask, repository: Repository) -> Json:
    """The REST form of a repository, as far as the product reads it."""
    return {
        "id": repository.id,
        "node_id": f"R_{repository.id}",
        "name": repository.name,
        "full_name": repository.slug,
        "owner": _account(repository.owner),
        "private": repository.visibility != "public",
        "visibility": repository.visibility,
        "default_branch": repository.default_branch,
        "archived": False,
        "url": ask.url(f"/repos/{repository.slug}"),
    }


def _account(owner: Owner) -> Json:
    return {"login": owner.login, "id": owner.id, "node_id": f"O_{owner.id}", "type": owner.type}


def _team(team: Json) -> Json:
    return {"id": team["id"], "node_id": f"T_{team['id']}", "slug": team["slug"], "name": team["slug"]}
