"""The rules of an offline preview and the providers of the embedded cloud say the same of what replaces."""

import pytest

from slipway.engine.replace_rules import forcing
from slipway.localcloud.providers.kubernetes.kinds import IDENTITY, KINDS, Kind
from slipway.localcloud.providers.kubernetes.releases import TOKEN, handler


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_kubernetes_objects(kind: Kind) -> None:
    rules = set(forcing(kind.token) or ()) - {"apiVersion", "kind"}
    assert rules == IDENTITY | kind.replace | kind.content


def test_helm_releases() -> None:
    assert set(forcing(TOKEN) or ()) == handler("default").replace_on
