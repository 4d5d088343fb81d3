"""What the tokens of a repository's jobs say of it.

https://docs.github.com/en/rest/actions/oidc
"""

from werkzeug.wrappers import Response

from slipway.localcloud.github.protocol import Area, Call
from slipway.localcloud.web import json_response

area = Area()


@area.route("GET", "/repos/{owner}/{repo}/actions/oidc/customization/sub", needs="actions:read")
def get_subject(call: Call) -> Response:
    repository = call.repository()
    immutable = repository.immutable_subject
    owner, name = repository.owner, repository.name
    prefix = f"{owner.login}@{owner.id}/{name}@{repository.id}" if immutable else repository.slug
    return json_response(
        {"use_default": True, "use_immutable_subject": immutable, "sub_claim_prefix": f"repo:{prefix}"}
    )
