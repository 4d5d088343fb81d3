"""Actions secrets of repositories, environments and the organisation: sealed before they leave this process."""

import base64
from typing import Any

from nacl.public import PublicKey, SealedBox

from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.github.client import GitHubCloud, three, two
from slipway.localcloud.providers.github.environments import DOCS
from slipway.localcloud.providers.github.variables import NAME, NAME_REASON
from slipway.localcloud.providers.handler import Handler, names, one_of, pattern
from slipway.localcloud.providers.values import Props

_VALUES = ("value", "plaintextValue", "valueEncrypted", "encryptedValue")
"""Properties that hold the secret: GitHub never gives it back, so they stay as they were given."""


def sealed(public_key: str, text: str) -> str:
    """`text` in a libsodium sealed box for GitHub's base64 `public_key`, in base64.

    https://docs.github.com/en/rest/guides/encrypting-secrets-for-the-rest-api
    """
    box = SealedBox(PublicKey(base64.b64decode(public_key)))
    return base64.b64encode(box.encrypt(text.encode())).decode()


def _encrypted(cloud: GitHubCloud, place: str, inputs: Props) -> Props:
    given = inputs.get("valueEncrypted") or inputs.get("encryptedValue")
    if given:
        if not inputs.get("keyId"):
            raise ProviderError("an encrypted secret needs the keyId of the key that it was sealed for")
        return {"encrypted_value": given, "key_id": inputs["keyId"]}
    text = inputs.get("value") if inputs.get("value") is not None else inputs.get("plaintextValue")
    if text is None:
        raise ProviderError("a secret needs a value or an encrypted value")
    key: Props = cloud.get(f"{place}/public-key")
    return {"encrypted_value": sealed(key["key"], str(text)), "key_id": key["key_id"]}


class _Scope:
    """Where secrets of one kind are, and how their ids are made."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys

    def place(self, cloud: GitHubCloud, inputs: Props) -> str:
        if "environment" in self.keys:
            return cloud.repo(inputs["repository"], "environments", inputs["environment"], "secrets")
        if "repository" in self.keys:
            return cloud.repo(inputs["repository"], "actions", "secrets")
        return cloud.org("actions", "secrets")

    def id(self, inputs: Props) -> str:
        return ":".join(str(inputs[key]) for key in self.keys)

    def parts(self, id_: str) -> Props:
        split = {1: lambda text: (text,), 2: two, 3: three}[len(self.keys)]
        return dict(zip(self.keys, split(id_), strict=True))


def _handler(token: str, page: str, scope: _Scope, **more: Any) -> Handler[GitHubCloud]:
    of_organization = scope.keys == ("secretName",)

    def write(cloud: GitHubCloud, inputs: Props) -> str:
        """GitHub has one call for both, so a create writes over a secret that exists, as pulumi-github does."""
        place = scope.place(cloud, inputs)
        body = _encrypted(cloud, place, inputs)
        if of_organization:
            body["visibility"] = inputs["visibility"]
            if inputs["visibility"] == "selected":
                body["selected_repository_ids"] = inputs.get("selectedRepositoryIds") or []
        cloud.send("PUT", f"{place}/{inputs['secretName']}", body)
        return scope.id(inputs)

    def read(cloud: GitHubCloud, id_: str, old: Props) -> Props:
        parts = scope.parts(id_)
        place = scope.place(cloud, parts)
        found: Props = cloud.get(f"{place}/{parts['secretName']}")
        state = {
            **parts,
            "secretName": old.get("secretName", found["name"]),
            "createdAt": found["created_at"],
            "updatedAt": found["updated_at"],
            "remoteUpdatedAt": found["updated_at"],
        }
        if of_organization:
            state["visibility"] = found["visibility"]
            if found["visibility"] == "selected":
                listed = cloud.every(f"{place}/{parts['secretName']}/repositories", "repositories")
                state["selectedRepositoryIds"] = [one["id"] for one in listed]
        else:
            state["repositoryId"] = cloud.repository_id(parts["repository"])
        if old.get("remoteUpdatedAt", found["updated_at"]) != found["updated_at"]:
            # Somebody else wrote it: what is there now is not known, and not what is recorded.
            state.update({name: None for name in _VALUES if name in old})
        return state

    def configure(cloud: GitHubCloud, id_: str, old: Props, new: Props) -> None:
        del id_
        if old:
            write(cloud, new)

    def delete(cloud: GitHubCloud, id_: str, state: Props) -> None:
        del state
        parts = scope.parts(id_)
        cloud.send("DELETE", f"{scope.place(cloud, parts)}/{parts['secretName']}")

    def find(cloud: GitHubCloud, inputs: Props) -> str:
        cloud.get(f"{scope.place(cloud, inputs)}/{inputs['secretName']}")
        return scope.id(inputs)

    rules = (pattern("secretName", NAME, NAME_REASON), *more.pop("rules", ()))
    computed = names("createdAt updatedAt remoteUpdatedAt keyId") | more.pop("computed", names(""))
    return Handler[GitHubCloud](
        token=token,
        source=f"{DOCS}/{page}",
        create=write,
        read=read,
        configure=configure,
        delete=delete,
        find=find,
        natural=scope.keys,
        replace_on=frozenset(scope.keys),
        computed=computed,
        secrets=frozenset(_VALUES),
        rules=rules,
        **more,
    )


HANDLERS = (
    _handler(
        "github:index/actionsSecret:ActionsSecret",
        "actions_secret",
        _Scope(("repository", "secretName")),
        computed=names("repositoryId"),
        defaults={"destroyOnDrift": True},
    ),
    _handler(
        "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
        "actions_environment_secret",
        _Scope(("repository", "environment", "secretName")),
        computed=names("repositoryId"),
    ),
    _handler(
        "github:index/actionsOrganizationSecret:ActionsOrganizationSecret",
        "actions_organization_secret",
        _Scope(("secretName",)),
        defaults={"destroyOnDrift": True},
        unordered=names("selectedRepositoryIds"),
        rules=(one_of("visibility", "all", "private", "selected"),),
    ),
)
