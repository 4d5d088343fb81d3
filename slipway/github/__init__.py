"""The one client of GitHub's API for everything that does not ship in a function.

    client = connect(token(os.environ["GITHUB_TOKEN"]))              # a job's own token
    app = connect(as_app(424242, signer))                            # an App, whose key signs elsewhere
    client = connect(as_installation(app, 31, repositories=["app"])) # its installation, for one repository

    for run in client.every("/repos/acme/app/actions/runs", "workflow_runs"): ...
    client.post(path("repos", "acme", "app", "deployments"), {"ref": "main"})

It pages, waits for rate limits as long as it is let, and sends again only what may be done twice. The objects
of PyGithub run on it too (`slipway.github.library`). Nothing else in `slipway/` imports an HTTP client, which
`tests/test_imports.py` holds. REST only, and JSON only.
"""

from slipway.github.auth import Auth, Signer, app_token, as_app, as_installation, token
from slipway.github.client import Client, Rate, connect, path
from slipway.github.errors import GithubError, GithubRateLimited

__all__ = [
    "Auth",
    "Client",
    "GithubError",
    "GithubRateLimited",
    "Rate",
    "Signer",
    "app_token",
    "as_app",
    "as_installation",
    "connect",
    "path",
    "token",
]
