"""Actions secrets of repositories, environments and the organisation, sealed before they leave."""

import base64
from typing import Any

from nacl.public import PublicKey, SealedBox

from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.github.client import GitHubCloud, three, two
from slipway.localcloud.providers.github.environments import DOCS
from slipway.localcloud.providers.github.variables import NAME, NAME_REASON
from slipway.localcloud.providers.handler import Handler, Rule, names, one_of, pattern
from slipway.localcloud.providers.values import Props, items

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
    """Secrets of one kind: where they are, how their ids are made, and what is done with one."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys
        self.of_organization = keys == ("secretName",)

    def place(self, cloud: GitHubCloud, inputs: Props) -> str:
        if "environment" in self.keys:
            return cloud.repo(inputs["repository"], "environments", inputs["environment"], "secrets")
        if "repository" in self.keys:
            return cloud.repo(inputs["repository"], "actions", "secrets")
        return cloud.org("actions", "secrets")

    def id(self, inputs: Props) -> str:
        return ":".join(str(inputs[key]) for key in self.keys)

    def parts(self, id_: str) -> Props:
        if len(self.keys) == 1:
            return {self.keys[0]: id_}
        found = three(id_) if len(self.keys) == 3 else two(id_)
        return dict(zip(self.keys, found, strict=True))

    def write(self, cloud: GitHubCloud, inputs: Props) -> str:
        """One call serves both, so a create writes over a secret that exists, as pulumi-github does."""
        place = self.place(cloud, inputs)
        body = _encrypted(cloud, place, inputs)
        if self.of_organization:
            body["visibility"] = inputs["visibility"]
            if inputs["visibility"] == "selected":
                body["selected_repository_ids"] = items(inputs.get("selectedRepositoryIds"))
        cloud.send("PUT", f"{place}/{inputs['secretName']}", body)
        return self.id(inputs)

    def read(self, cloud: GitHubCloud, id_: str, old: Props) -> Props:
        parts = self.parts(id_)
        place = f"{self.place(cloud, parts)}/{parts['secretName']}"
        found: Props = cloud.get(place)
        state = {
            **parts,
            "secretName": old.get("secretName", found["name"]),
            "createdAt": found["created_at"],
            "updatedAt": found["updated_at"],
            "remoteUpdatedAt": found["updated_at"],
            **self._where(cloud, parts, place, found),
        }
        if old.get("remoteUpdatedAt", found["updated_at"]) != found["updated_at"]:
            # Somebody else wrote it: what is there now is not known, and not what is recorded.
            state.update({name: None for name in _VALUES if name in old})
        return state

    def _where(self, cloud: GitHubCloud, parts: Props, place: str, found: Props) -> Props:
        if not self.of_organization:
            return {"repositoryId": cloud.repository_id(parts["repository"])}
        if found["visibility"] != "selected":
            return {"visibility": found["visibility"]}
        listed = cloud.every(f"{place}/repositories", "repositories")
        return {"visibility": "selected", "selectedRepositoryIds": [one["id"] for one in listed]}

    def configure(self, cloud: GitHubCloud, id_: str, old: Props, new: Props) -> None:
        del id_
        if old:
            self.write(cloud, new)

    def delete(self, cloud: GitHubCloud, id_: str, state: Props) -> None:
        del state
        parts = self.parts(id_)
        cloud.send("DELETE", f"{self.place(cloud, parts)}/{parts['secretName']}")

    def find(self, cloud: GitHubCloud, inputs: Props) -> str:
        cloud.get(f"{self.place(cloud, inputs)}/{inputs['secretName']}")
        return self.id(inputs)


def _handler(
    token: str, page: str, scope: _Scope, rules: tuple[Rule, ...] = (), **more: Any
) -> Handler[GitHubCloud]:
    computed = names("createdAt updatedAt remoteUpdatedAt keyId")
    return Handler[GitHubCloud](
        token=token,
        source=f"{DOCS}/{page}",
        create=scope.write,
        read=scope.read,
        configure=scope.configure,
        delete=scope.delete,
        find=scope.find,
        natural=scope.keys,
        replace_on=frozenset(scope.keys),
        computed=computed if scope.of_organization else computed | {"repositoryId"},
        secrets=frozenset(_VALUES),
        rules=(pattern("secretName", NAME, NAME_REASON), *rules),
        **more,
    )


HANDLERS = (
    _handler(
        "github:index/actionsSecret:ActionsSecret",
        "actions_secret",
        _Scope("repository", "secretName"),
        defaults={"destroyOnDrift": True},
    ),
    _handler(
        "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
        "actions_environment_secret",
        _Scope("repository", "environment", "secretName"),
    ),
    _handler(
        "github:index/actionsOrganizationSecret:ActionsOrganizationSecret",
        "actions_organization_secret",
        _Scope("secretName"),
        (one_of("visibility", "all", "private", "selected"),),
        defaults={"destroyOnDrift": True},
        unordered=names("selectedRepositoryIds"),
    ),
)
