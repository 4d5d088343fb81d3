"""Actions secrets and variables of repositories, environments and the organisation.

Secrets are sealed before they leave.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nacl.public import PublicKey, SealedBox

from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.github.client import DOCS, GitHubCloud, split_id
from slipway.localcloud.providers.handler import Handler, Rule, names, one_of, pattern
from slipway.localcloud.providers.values import Props, items

_NAME = r"(?!(?i:github_))[A-Za-z_][A-Za-z0-9_]*"
_NAME_REASON = "must be letters, digits and underscores, not begin with a digit nor with GITHUB_"
_VALUES = ("value", "plaintextValue", "valueEncrypted", "encryptedValue")
"""Properties that hold the secret: GitHub never gives it back, so they stay as they were given."""


def sealed(public_key: str, text: str) -> str:
    """`text` in a libsodium sealed box for GitHub's base64 `public_key`, in base64.

    https://docs.github.com/en/rest/guides/encrypting-secrets-for-the-rest-api
    """
    box = SealedBox(PublicKey(base64.b64decode(public_key)))
    return base64.b64encode(box.encrypt(text.encode())).decode()


@dataclass(frozen=True)
class _Type:
    """Secrets or variables of one level; `keys` are the properties of an id, the last one the name."""

    plural: str
    keys: tuple[str, ...]
    write: Callable[["_Type", GitHubCloud, Props, bool], None]
    read_value: Callable[[Props, Props], Props]

    @property
    def name_key(self) -> str:
        return self.keys[-1]

    def collection(self, cloud: GitHubCloud, inputs: Props) -> str:
        """Where GitHub has them."""
        if "environment" in self.keys:
            return cloud.repo(inputs["repository"], "environments", inputs["environment"], self.plural)
        if "repository" in self.keys:
            return cloud.repo(inputs["repository"], "actions", self.plural)
        return cloud.org("actions", self.plural)

    def item(self, cloud: GitHubCloud, id_: str) -> tuple[Props, str]:
        """The properties in an id, and the path of what it names."""
        parts = dict(zip(self.keys, split_id(id_, len(self.keys)), strict=True))
        return parts, f"{self.collection(cloud, parts)}/{parts[self.name_key]}"

    def create(self, cloud: GitHubCloud, inputs: Props) -> None:
        self.write(self, cloud, inputs, True)

    def read(self, cloud: GitHubCloud, id_: str, old: Props) -> Props:
        parts, path = self.item(cloud, id_)
        found: Props = cloud.get(path)
        return {
            **parts,
            # GitHub keeps names in capitals and takes them in any case.
            self.name_key: old.get(self.name_key, found["name"]),
            "createdAt": found["created_at"],
            "updatedAt": found["updated_at"],
            **self._scope(cloud, parts, path, found),
            **self.read_value(found, old),
        }

    def _scope(self, cloud: GitHubCloud, parts: Props, path: str, found: Props) -> Props:
        if "repository" in parts:
            return {"repositoryId": cloud.repository_id(parts["repository"])}
        if found["visibility"] != "selected":
            return {"visibility": found["visibility"]}
        listed = cloud.every(f"{path}/repositories", "repositories")
        return {"visibility": "selected", "selectedRepositoryIds": [one["id"] for one in listed]}

    def update(self, cloud: GitHubCloud, id_: str, old: Props, new: Props) -> None:
        self.write(self, cloud, new, False)

    def delete(self, cloud: GitHubCloud, id_: str, state: Props) -> None:
        cloud.send("DELETE", self.item(cloud, id_)[1])


def _write_variable(type_: _Type, cloud: GitHubCloud, inputs: Props, new: bool) -> None:
    path, name = type_.collection(cloud, inputs), inputs["variableName"]
    if new:
        cloud.send("POST", path, {"name": name, "value": inputs["value"]})
    else:
        cloud.send("PATCH", f"{path}/{name}", {"value": inputs["value"]})


def _read_variable(found: Props, old: Props) -> Props:
    return {"value": found["value"]}


def _write_secret(type_: _Type, cloud: GitHubCloud, inputs: Props, new: bool) -> None:
    """One call serves both, so a create writes over a secret that exists, as pulumi-github does."""
    path = type_.collection(cloud, inputs)
    body = _encrypted(cloud, path, inputs)
    if "repository" not in type_.keys:
        body["visibility"] = inputs["visibility"]
        if inputs["visibility"] == "selected":
            body["selected_repository_ids"] = items(inputs.get("selectedRepositoryIds"))
    cloud.send("PUT", f"{path}/{inputs['secretName']}", body)


def _encrypted(cloud: GitHubCloud, path: str, inputs: Props) -> Props:
    given = inputs.get("valueEncrypted") or inputs.get("encryptedValue")
    if given:
        if not inputs.get("keyId"):
            raise ProviderError("an encrypted secret needs the keyId of the key that it was sealed for")
        return {"encrypted_value": given, "key_id": inputs["keyId"]}
    text = inputs.get("value") if inputs.get("value") is not None else inputs.get("plaintextValue")
    if text is None:
        raise ProviderError("a secret needs a value or an encrypted value")
    key: Props = cloud.get(f"{path}/public-key")
    return {"encrypted_value": sealed(key["key"], str(text)), "key_id": key["key_id"]}


def _read_secret(found: Props, old: Props) -> Props:
    state: Props = {"remoteUpdatedAt": found["updated_at"]}
    if old.get("remoteUpdatedAt", found["updated_at"]) != found["updated_at"]:
        # Somebody else wrote it: what is there now is not known, and not what is recorded.
        state.update({name: None for name in _VALUES if name in old})
    return state


def _handler(
    token: str, page: str, type_: _Type, rules: tuple[Rule, ...], **more: Any
) -> Handler[GitHubCloud]:
    return Handler[GitHubCloud](
        token=token,
        source=f"{DOCS}/{page}",
        key=":".join(f"{{{key}}}" for key in type_.keys),
        create=type_.create,
        read=type_.read,
        update=type_.update,
        delete=type_.delete,
        natural=type_.keys,
        # pulumi-github moves what a renamed repository holds along; a name is part of an id here.
        replaces_here=names("repository") & frozenset(type_.keys),
        rules=(pattern(type_.name_key, _NAME, _NAME_REASON), *rules),
        **more,
    )


def _secret(
    token: str, page: str, keys: str, rules: tuple[Rule, ...] = (), **more: Any
) -> Handler[GitHubCloud]:
    type_ = _Type("secrets", tuple(keys.split()), _write_secret, _read_secret)
    return _handler(token, page, type_, rules, **more)


def _variable(token: str, page: str, keys: str) -> Handler[GitHubCloud]:
    # https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    size = Rule(
        name="value", reason="must be at most 48 KB", accepts=lambda v: len(str(v).encode()) <= 48 * 1024
    )
    type_ = _Type("variables", tuple(keys.split()), _write_variable, _read_variable)
    return _handler(token, page, type_, (size,))


HANDLERS = (
    _secret(
        "github:index/actionsSecret:ActionsSecret",
        "actions_secret",
        "repository secretName",
        defaults={"destroyOnDrift": True},
    ),
    _secret(
        "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
        "actions_environment_secret",
        "repository environment secretName",
    ),
    _secret(
        "github:index/actionsOrganizationSecret:ActionsOrganizationSecret",
        "actions_organization_secret",
        "secretName",
        (one_of("visibility", "all", "private", "selected"),),
        defaults={"destroyOnDrift": True},
    ),
    _variable("github:index/actionsVariable:ActionsVariable", "actions_variable", "repository variableName"),
    _variable(
        "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable",
        "actions_environment_variable",
        "repository environment variableName",
    ),
)
