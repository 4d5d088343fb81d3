"""The GitHub provider: every type that the platform's components use, on the GitHub stand-in."""

from collections.abc import Mapping

from pulumi.provider.experimental.provider import ConfigureRequest, ConfigureResponse

from slipway.github import GithubError, connect, token
from slipway.localcloud.providers.base import Function, ResourceProvider
from slipway.localcloud.providers.errors import FenceError, ProviderError
from slipway.localcloud.providers.fence import loopback
from slipway.localcloud.providers.github import lookups
from slipway.localcloud.providers.github.client import GitHubCloud
from slipway.localcloud.providers.handler import Handler
from slipway.localcloud.providers.handlers import handlers_of
from slipway.localcloud.providers.values import plain_map

HANDLERS: Mapping[str, Handler[GitHubCloud]] = handlers_of(__name__, __path__)


class GitHubProvider(ResourceProvider[GitHubCloud]):
    """`pulumi-github` on loopback. Configured like it: baseUrl, token, owner."""

    package = "github"

    def __init__(self) -> None:
        self._cloud: GitHubCloud | None = None

    @property
    def handlers(self) -> Mapping[str, Handler[GitHubCloud]]:
        return HANDLERS

    @property
    def functions(self) -> Mapping[str, Function]:
        return lookups.FUNCTIONS

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Take the address and the token from the provider's arguments alone; GITHUB_TOKEN is not looked at.

        Raises:
            FenceError: no address, no token, or an address that is not on loopback.
        """
        given = plain_map(request.args)
        config = {key.rpartition(":")[2]: value for key, value in request.variables.items()} | given
        for name in ("baseUrl", "token", "owner"):
            if not config.get(name):
                raise FenceError(
                    f"the GitHub provider was given no {name}",
                    fix="set it to what `slipway cloud status` prints; nothing is taken from the environment",
                )
        url = loopback(str(config["baseUrl"]), "the GitHub address")
        # What the stand-in refuses now it refuses in a minute, too.
        client = connect(token(str(config["token"])), url, patience_s=0)
        self._cloud = GitHubCloud(str(config["owner"]), client)
        return ConfigureResponse(accept_secrets=True, supports_preview=True)

    def cloud(self, urn: str) -> GitHubCloud:
        if self._cloud is None:
            raise ProviderError("the GitHub provider was used before it was configured", where=urn)
        return self._cloud

    def explain(self, error: Exception) -> tuple[str, bool] | None:
        if isinstance(error, GithubError):
            return error.what, error.status == 404
        return None
