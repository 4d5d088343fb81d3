"""Lookups: repositories, users, teams, the rate limit. What is looked up is seeded, never created here.

https://docs.github.com/en/rest/repos/repos, .../orgs/orgs, .../users/users, .../teams/teams, .../rate-limit,
.../collaborators/collaborators
"""

from http import HTTPStatus

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, not_found
from slipway.localcloud.github.model import Json, Owner, Repository, reads
from slipway.localcloud.github.protocol import Area, Call, no_content, points_used
from slipway.localcloud.web import json_response

area = Area()


@area.route("GET", "/repos/{owner}/{repo}", needs="metadata:read")
def get_repository(call: Call) -> Response:
    """https://docs.github.com/en/rest/repos/repos#get-a-repository"""
    return json_response(shown(call, call.repository()))


@area.route("GET", "/repos/{owner}/{repo}/collaborators/{login}/permission", needs="metadata:read")
def get_permission(call: Call) -> Response:
    """What a person may do there: https://docs.github.com/en/rest/collaborators/collaborators."""
    repository, wanted = call.repository(), call.path["login"].lower()
    login = next((name for name in call.world.users if name.lower() == wanted), None)
    if login is None:
        raise not_found()
    world = call.world
    reads, writes = world.person_reads(login, repository), world.person_writes(login, repository)
    permission = "write" if writes else "read" if reads else "none"
    return json_response({"permission": permission, "role_name": permission, "user": {"login": login}})


@area.route("GET", "/repositories/{id}", needs="metadata:read")
def get_repository_by_id(call: Call) -> Response:
    """What stays when a repository is renamed; GitHub's reference does not name this path, its clients do."""
    found = [one for one in call.world.repositories.values() if str(one.id) == call.path["id"]]
    if not found or not call.token.reaches(found[0].owner):
        raise not_found()
    return json_response(shown(call, found[0]))


@area.route("GET", "/orgs/{org}", needs="")
def get_organization(call: Call) -> Response:
    """https://docs.github.com/en/rest/orgs/orgs#get-an-organization"""
    owner = call.owner()
    return json_response({**_account(owner), "plan": {"name": owner.plan}})


@area.route("GET", "/user", needs="")
def get_authenticated(call: Call) -> Response:
    """Who a person's token is of; an App's is nobody's: 403."""
    if not call.token.user:
        raise GitHubError(HTTPStatus.FORBIDDEN, "Resource not accessible by integration")
    return json_response(call.token.actor())


@area.route("GET", "/users/{login}", needs="")
def get_user(call: Call) -> Response:
    """https://docs.github.com/en/rest/users/users#get-a-user"""
    login = call.path["login"].lower()
    for name, id_ in call.world.users.items():
        if name.lower() == login:
            return json_response({"login": name, "id": id_, "node_id": f"U_{id_}", "type": "User"})
    owner = call.world.owners.get(login)
    if owner is None:
        raise not_found()
    return json_response(_account(owner))


@area.route("GET", "/orgs/{org}/teams/{slug}", needs="members:read")
def get_team(call: Call) -> Response:
    """https://docs.github.com/en/rest/teams/teams#get-a-team-by-name"""
    team = _team(call)
    id_, slug = team["id"], team["slug"]
    shown = {"id": id_, "node_id": f"T_{id_}", "slug": slug, "name": slug}
    return json_response({**shown, "members_count": len(team["members"])})


@area.route("GET", "/orgs/{org}/teams/{slug}/repos/{owner}/{repo}", needs="members:read")
def get_team_repository(call: Call) -> Response:
    """https://docs.github.com/en/rest/teams/teams#check-team-permissions-for-a-repository"""
    if not reads(_team(call), call.repository()):
        raise not_found()
    return no_content()


@area.route("GET", "/orgs/{org}/teams/{slug}/members", needs="members:read")
def list_team_members(call: Call) -> Response:
    """https://docs.github.com/en/rest/teams/members#list-team-members"""
    members = _team(call)["members"]
    return call.listed([{"login": login, "id": call.world.users.get(login, 0)} for login in members])


@area.route("GET", "/rate_limit", needs="")
def get_rate_limit(call: Call) -> Response:
    """https://docs.github.com/en/rest/rate-limit/rate-limit; `slipway_points`, the last minute's, is ours."""
    allowance = call.token.allowance
    core = {
        "limit": allowance.limit,
        "used": allowance.spent,
        "remaining": max(0, allowance.limit - allowance.spent),
        "reset": allowance.resets_at,
    }
    return json_response(
        {"resources": {"core": core}, "rate": core, "slipway_points": points_used(allowance)}
    )


def shown(call: Call, repository: Repository) -> Json:
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
        "url": call.url(f"/repos/{repository.slug}"),
    }


def _account(owner: Owner) -> Json:
    return {"login": owner.login, "id": owner.id, "node_id": f"O_{owner.id}", "type": owner.type}


def _team(call: Call) -> Json:
    team = call.owner().teams.get(call.path["slug"])
    if team is None:
        raise not_found()
    return team
