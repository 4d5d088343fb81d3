"""Helm releases: installed by helm on a real control plane, and on the recording stand-in written down."""

import hashlib
import json
from collections.abc import Iterator
from urllib.parse import quote

from pulumi.provider.experimental.provider import CheckFailure

from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import AutoName, Handler, Rule, names, pattern
from slipway.localcloud.providers.kubernetes import charts, helm
from slipway.localcloud.providers.kubernetes.api import Api, KubernetesApiError
from slipway.localcloud.providers.values import Props, is_unknown

TOKEN = "kubernetes:helm.sh/v3:Release"  # noqa: S105 - a type token
RECORD = "slipway.dev/v1"
INPUTS = names(
    "chart checksum compat description disableCRDHooks disableWebhooks maxHistory name namespace "
    "repositoryOpts skipAwait timeout values version waitForJobs"
) | frozenset(helm.FLAGS)
"""The inputs that are carried out; pulumi-kubernetes has some more, and each of those is refused by name."""

_REPOSITORY = frozenset({"repo"})


def handler(namespace: str) -> Handler[Api]:
    """The row of the table; releases that name no namespace go to `namespace`."""
    return Handler[Api](
        token=TOKEN,
        source="https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/helm_release.go",
        key="{namespace}/{name}",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        name=AutoName(longest=53, lower=True),
        defaults={"namespace": namespace},
        derive=_added,
        rules=(
            # Helm's own rule: https://github.com/helm/helm/blob/main/pkg/chartutil/validate_name.go
            pattern(
                "name",
                r"(?=.{1,53}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
                "must be 1 to 53 lower-case letters, digits, - and .",
            ),
            Rule(
                name="repositoryOpts",
                reason="only `repo` is carried out: certificates and passwords are not",
                accepts=lambda value: {key for key, one in value.items() if one} <= _REPOSITORY,
            ),
        ),
    )


def _added(inputs: Props) -> Props:
    """What pulumi-kubernetes adds to the inputs: a sum over the chart, as far as it is known and here."""
    if not inputs.get("chart") or any(is_unknown(inputs.get(key)) for key in ("chart", "repositoryOpts")):
        return {}
    try:
        total = charts.checksum(inputs)
    except OSError:
        return {}  # there is no such chart, which `judge` says
    return {"checksum": total} if total else {}


def judge(inputs: Props) -> Iterator[CheckFailure]:
    """What Helm would refuse as soon as it reads the chart."""
    if any(is_unknown(inputs.get(key)) for key in ("chart", "version", "repositoryOpts")):
        return
    if not inputs.get("chart"):
        return
    try:
        charts.facts(inputs)
        if not is_unknown(inputs.get("values")):
            for misfit in charts.misfits(inputs):
                yield CheckFailure("values", misfit)
    except ProviderError as error:
        yield CheckFailure("chart", str(error))


def _create(api: Api, inputs: Props) -> None:
    namespace, name = str(inputs["namespace"]), str(inputs["name"])
    held = _status(api, namespace, name)
    _require_free(held)
    # A first attempt that failed leaves a release behind, which the next attempt goes on with.
    if held is not None and held["status"] == "deployed":
        raise ProviderError(
            f"cannot re-use a name that is still in use: {namespace}/{name} is deployed, by somebody else"
        )
    if api.is_stand_in:
        if inputs.get("createNamespace") and api.get(_namespace_path(namespace)) is None:
            api.create(
                "/api/v1/namespaces",
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            )
        api.create(_records(namespace), _record(inputs, 1))
    else:
        helm.install(api.target.text, inputs, first=True)


def _update(api: Api, id_: str, old: Props, new: Props) -> None:
    if not api.is_stand_in:
        helm.install(api.target.text, new, first=False)
        return
    namespace, _, name = id_.partition("/")
    held = _status(api, namespace, name)
    if held is None:
        raise KubernetesApiError(404, "", f"UPGRADE FAILED: {name!r} has no deployed releases")
    _require_free(held)
    body = _record(new, int(held["revision"]) + 1)
    api.patch(_path(namespace, name), {"spec": body["spec"], "status": body["status"]})


def _require_free(held: Props | None) -> None:
    """Refuse, in Helm's words, what another run has begun or has left in the middle."""
    if held is not None and str(held["status"]).startswith("pending-"):
        raise ProviderError(
            "another operation (install/upgrade/rollback) is in progress",
            fix="wait for it; where nobody works on it any more, `helm rollback` to the revision before",
        )


def _read(api: Api, id_: str, old: Props) -> Props | None:
    namespace, _, name = id_.partition("/")
    status = _status(api, namespace, name)
    if status is None:
        return None
    kept = status.pop("valuesDigest", None)
    found: Props = {
        "name": name,
        "namespace": namespace,
        "status": status,
        "resourceNames": old.get("resourceNames") or {},
    }
    if not old:
        found["chart"] = status["chart"]
    elif kept is not None and kept != _digest(old.get("values")):
        # What they are now nobody can tell; that they are no longer ours shows as their absence.
        found["values"] = None
    return found


def _delete(api: Api, id_: str, state: Props) -> None:
    namespace, _, name = id_.partition("/")
    if api.is_stand_in:
        api.delete(_path(namespace, name))
    else:
        helm.uninstall(api.target.text, namespace, name, state)


def _status(api: Api, namespace: str, name: str) -> Props | None:
    """The release as pulumi-kubernetes shows it, and on the stand-in the digest of its values."""
    if api.is_stand_in:
        record = api.get(_path(namespace, name))
        if record is None:
            return None
        spec, status = record["spec"], record["status"]
        found = {**spec, "revision": status["revision"], "status": status["status"]}
    else:
        held = helm.metadata(api.target.text, namespace, name)
        if held is None:
            return None
        found = {key: held.get(key) for key in ("chart", "version", "appVersion", "revision", "status")}
    kept = {key: value for key, value in found.items() if value not in (None, "")}
    return {"name": name, "namespace": namespace, **kept}


def _record(inputs: Props, revision: int) -> Props:
    """What stands for a release where nothing runs. Values may be secret: only their digest is kept."""
    chart = charts.facts(inputs)
    spec = {
        "chart": chart.get("name"),
        "version": chart.get("version"),
        "appVersion": chart.get("appVersion"),
        "valuesDigest": _digest(inputs.get("values")),
    }
    return {
        "apiVersion": RECORD,
        "kind": "Release",
        "metadata": {"name": inputs["name"], "namespace": inputs["namespace"]},
        "spec": {key: value for key, value in spec.items() if value},
        "status": {
            "revision": revision,
            "status": "deployed",
            "note": "recorded by the stand-in: no chart was rendered and nothing runs",
        },
    }


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values or {}, sort_keys=True).encode()).hexdigest()


def _records(namespace: str) -> str:
    return f"/apis/{RECORD}/namespaces/{quote(namespace, safe='')}/releases"


def _path(namespace: str, name: str) -> str:
    return f"{_records(namespace)}/{quote(name, safe='')}"


def _namespace_path(namespace: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}"
