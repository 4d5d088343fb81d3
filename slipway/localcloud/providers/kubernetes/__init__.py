"""The Kubernetes provider: objects by REST, releases by Helm or, on the recording stand-in, as records."""

import hashlib
import re
import secrets as randomness
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    PropertyDiff,
)

from slipway.localcloud.kubernetes_fields import name_problem
from slipway.localcloud.providers.base import DEFAULTS, ResourceProvider, type_of
from slipway.localcloud.providers.diffs import differences
from slipway.localcloud.providers.errors import FenceError, ProviderError
from slipway.localcloud.providers.handler import names
from slipway.localcloud.providers.kubernetes import objects, releases
from slipway.localcloud.providers.kubernetes.api import Api, KubernetesApiError, spellings
from slipway.localcloud.providers.kubernetes.fields import SERVER_METADATA, own
from slipway.localcloud.providers.kubernetes.helm import HelmFailed
from slipway.localcloud.providers.kubernetes.kinds import KINDS, Kind
from slipway.localcloud.providers.kubernetes.kubeconfig import DEFAULT_NAMESPACE, parse
from slipway.localcloud.providers.kubernetes.objects import KubernetesHandler
from slipway.localcloud.providers.redaction import redact
from slipway.localcloud.providers.schema import TypeSchema
from slipway.localcloud.providers.values import UNKNOWN, Props, is_unknown, plain, plain_map, wrap

AUTONAMED = "pulumi.com/autonamed"
"""The annotation by which Pulumi knows a name that it made itself:
https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/metadata/naming.go"""

_DIGITS = 8
_IDENTITY = (("metadata", "name"), ("metadata", "namespace"))


class KubernetesProvider(ResourceProvider[Api]):
    """`pulumi-kubernetes` on loopback. Configured like it: kubeconfig (its text), context, namespace,
    enableConfigMapMutable, enableSecretMutable."""

    package = "kubernetes"

    def __init__(self) -> None:
        self._api: Api | None = None
        self._namespace = DEFAULT_NAMESPACE
        self._handlers = self._table({})

    @property
    def handlers(self) -> Mapping[str, KubernetesHandler]:
        return self._handlers

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Take the kubeconfig from the provider's arguments alone; KUBECONFIG and ~/.kube are not looked at.

        Raises:
            FenceError: there is none, or it leads off this machine.
        """
        config = {key.rpartition(":")[2]: value for key, value in request.variables.items()}
        config |= {key: value for key, value in plain_map(request.args).items() if value is not None}
        text = config.get("kubeconfig")
        if not text:
            raise FenceError(
                "the Kubernetes provider was given no kubeconfig",
                fix="set it to the cluster's; nothing is taken from the environment",
            )
        if text is not UNKNOWN:
            target = parse(str(text), str(config.get("context") or ""))
            self._api = Api(target)
            self._namespace = str(config.get("namespace") or target.namespace)
        self._handlers = self._table(config)
        return ConfigureResponse(accept_secrets=True, supports_preview=True)

    def _table(self, config: Props) -> Mapping[str, KubernetesHandler]:
        made = objects.handlers(
            mutable_config_maps=_is_true(config.get("enableConfigMapMutable")),
            mutable_secrets=_is_true(config.get("enableSecretMutable")),
        )
        return {**made, releases.TOKEN: releases.handler(self._namespace)}

    def cloud(self, urn: str) -> Api:
        if self._api is None:
            raise ProviderError("the Kubernetes provider was used before its cluster was known", where=urn)
        return self._api

    def explain(self, error: Exception) -> tuple[str, bool] | None:
        if isinstance(error, KubernetesApiError):
            return str(error), error.status == 404
        return (str(error), False) if isinstance(error, HelmFailed) else None

    def schema(self, token: str) -> TypeSchema:
        if token == releases.TOKEN:
            outputs = releases.INPUTS | names("resourceNames status")
            return TypeSchema(required=frozenset(), inputs=releases.INPUTS, outputs=outputs)
        kind = KINDS[token]
        outputs = kind.inputs | names("status") if kind.status else kind.inputs
        return TypeSchema(required=frozenset(), inputs=kind.inputs, outputs=outputs)

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Name the object as Pulumi does, put it in the provider's namespace, and judge it."""
        kind = KINDS.get(type_of(request.urn))
        if kind is None:
            return await super().check(request)
        given = dict(request.new_inputs)
        metadata = self._metadata(kind, request)
        if metadata is not None:
            given["metadata"] = metadata
        named = CheckRequest(request.urn, request.old_inputs, given, request.random_seed)
        return await super().check(named)

    def judge(self, handler: KubernetesHandler, inputs: Props) -> list[CheckFailure]:
        failures = super().judge(handler, inputs)
        kind = KINDS.get(handler.token)
        more = releases.judge(inputs) if kind is None else _misnamed(kind, inputs)
        return [*failures, *more]

    def compare(
        self, handler: KubernetesHandler, old: Props, new: Props, ignore: list[str]
    ) -> dict[str, PropertyDiff]:
        accepted = self.schema(handler.token).inputs
        relevant = own({key: value for key, value in old.items() if key in accepted or key in new})
        # An absent field and an empty one are two things: `ingress: [{}]` lets everybody in, `[]` nobody.
        shape = replace(handler.shape_between(old, new), unordered=(), documents=(), absent_is_empty=False)
        found = differences(relevant, new, shape)
        return {path: kind for path, kind in found.items() if _top(path) not in ignore}

    # --- the base's parts, where Kubernetes is stricter about what is the same ------------------------

    def _read(
        self, handler: KubernetesHandler, cloud: Api, id_: str, old: Props, inputs: Props
    ) -> Props | None:
        return handler.read(cloud, id_, old)

    def _inputs_of(self, handler: KubernetesHandler, state: Props, inputs: Props) -> Props:
        accepted = self.schema(handler.token).inputs
        described = own({key: value for key, value in state.items() if value is not None})
        shown = {key: value for key, value in described.items() if key in accepted}
        if DEFAULTS in inputs:
            shown[DEFAULTS] = inputs[DEFAULTS]
        return shown

    def _collides(self, handler: KubernetesHandler, old: Props, new: Props) -> bool:
        """Another object of the same name: the old one has to go first."""
        if handler.token == releases.TOKEN:
            return False  # only another name or namespace replaces one
        return all(_at(old, path) == _at(new, path) for path in _IDENTITY)

    def _reason(self, error: Exception, properties: Mapping[str, PropertyValue]) -> str:
        return redact(super()._reason(error, properties), properties, spellings)

    def _metadata(self, kind: Kind, request: CheckRequest) -> PropertyValue | None:
        """The metadata with a name and a namespace; None where it is as yet unknown."""
        given = request.new_inputs.get("metadata") or PropertyValue({})
        held = plain(given)
        if not isinstance(held, dict):
            return None
        metadata = cast("Props", held)
        added: Props = {}
        if not metadata.get("name"):
            annotations: Props = metadata.get("annotations") or {}
            added = {
                "name": _autoname(request),
                "annotations": {**annotations, AUTONAMED: "true"},
            }
        if kind.namespaced and not metadata.get("namespace"):
            added["namespace"] = self._namespace
        present = cast("Mapping[str, PropertyValue]", given.value)
        kept = {key: value for key, value in present.items() if key not in SERVER_METADATA}
        values = {**kept, **{key: wrap(value) for key, value in added.items()}}
        return PropertyValue(values, is_secret=given.is_secret, dependencies=given.dependencies)


def _autoname(request: CheckRequest) -> str:
    """The name that Pulumi made before, or a new one: the logical name, `-`, and random digits."""
    old: Any = plain_map(request.old_inputs).get("metadata")
    if isinstance(old, dict) and _at(cast("Props", old), ("annotations", AUTONAMED)) == "true":
        return str(cast("Props", old)["name"])
    if not request.random_seed:
        return f"{request.name}-{randomness.token_hex(_DIGITS // 2)}"
    digest = hashlib.blake2b(request.urn.encode(), key=request.random_seed[:64])
    return f"{request.name}-{digest.hexdigest()[:_DIGITS]}"


def _misnamed(kind: Kind, inputs: Props) -> Iterator[CheckFailure]:
    metadata = inputs.get("metadata")
    if is_unknown(metadata) or not isinstance(metadata, dict):
        return
    named = cast("Props", metadata)
    problem = name_problem(kind.api_group, kind.plural, str(named.get("name", "")))
    if problem:
        yield CheckFailure("metadata.name", f"{named.get('name')!r} cannot be its name: {problem}")
    if kind.namespaced:
        problem = name_problem("", "namespaces", str(named.get("namespace", "")))
        if problem:
            yield CheckFailure("metadata.namespace", f"{named.get('namespace')!r}: {problem}")


def _is_true(value: Any) -> bool:
    return value is True or value == "true"


def _top(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _at(values: Props, path: tuple[str, ...]) -> Any:
    found: Any = values
    for name in path:
        found = cast("Props", found).get(name) if isinstance(found, dict) else None
    return found
