"""Variables and secrets of a repository or an environment: set to a value, whatever was there before; and
whether an environment is fit to hold one.

https://docs.github.com/en/rest/actions/variables and …/secrets
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from nacl.public import PublicKey, SealedBox

if TYPE_CHECKING:
    from slipway.github.client import Client


def closed(environment: Mapping[str, Any]) -> bool:
    """Whether only the branches and tags that its policies name may use an environment, as GitHub shows it.

    One that a job names and nobody has made GitHub makes, open to all; and "protected branches only" is every
    branch where none is protected
    (https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments).
    """
    policy: Mapping[str, Any] = environment.get("deployment_branch_policy") or {}
    return bool(policy.get("custom_branch_policies"))


def variable(client: "Client", scope: str, name: str) -> str | None:
    """A variable's value; None where there is none.

    Args:
        client: who asks.
        scope: path of the repository's Actions (`/repos/o/r/actions`) or of an environment.
        name: of the variable.
    """
    found = client.find(f"{scope}/variables/{name}")
    return None if found is None else str(found["value"])


def set_variable(client: "Client", scope: str, name: str, value: str) -> None:
    """Make the variable have this value. Raises GithubError where GitHub refuses."""
    body = {"name": name, "value": value}
    if variable(client, scope, name) is None:
        client.post(f"{scope}/variables", body)
    else:
        client.patch(f"{scope}/variables/{name}", body, safe=True)


def has_secret(client: "Client", scope: str, name: str) -> bool:
    """Whether there is such a secret; nobody can read its value."""
    return client.find(f"{scope}/secrets/{name}") is not None


def set_secret(client: "Client", scope: str, name: str, value: str) -> None:
    """Seal a value for the scope's own key, and put it there. Raises GithubError where GitHub refuses."""
    key = cast("dict[str, Any]", client.get(f"{scope}/secrets/public-key"))
    sealed = SealedBox(PublicKey(b64decode(key["key"]))).encrypt(value.encode())
    body = {"encrypted_value": b64encode(sealed).decode(), "key_id": key["key_id"]}
    client.put(f"{scope}/secrets/{name}", body)
