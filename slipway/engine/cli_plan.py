"""Pulumi's own update plan: what it says of a step that the events do not, secrets and options above all.

Source of the format: sdk/go/common/apitype/plan.go (`DeploymentPlanV1`, v3.260). A secret in it is encrypted
as in the state, each time anew.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, cast

from slipway.engine import urn as urns
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Step
from slipway.engine.values import SECRET_SIG, SIG_KEY, Plain, from_state
from slipway.platform.masking import MASK

Inputs = Mapping[str, dict[str, Plain]]
"""Readable inputs by URN, secrets wrapped."""

_VALUES: Final = frozenset({"inputDiff", "outputDiff"})


@contextmanager
def private_file(data: bytes = b"") -> Generator[int]:
    """A file that only this process and those it hands the descriptor to can open, by ``/dev/fd/<number>``.

    It has no name, so nothing of it is left whatever happens to the process.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("slipway")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    try:
        os.write(descriptor, data)
        yield descriptor
    finally:
        os.close(descriptor)


def content(descriptor: int) -> bytes:
    """All that was written to a `private_file`."""
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


class UpdatePlan:
    """One update plan, read.

    Args:
        constraint: the file's bytes.
        decrypt: all ciphertexts at once, in their order; not called where there are none.
    """

    def __init__(self, constraint: bytes, decrypt: Callable[[list[str]], list[str]]) -> None:
        document = cast(dict[str, Any], json.loads(constraint))
        resources = cast(dict[str, dict[str, Any]], document.get("resourcePlans") or {})
        self._goals: dict[str, dict[str, Any]] = {
            urn: cast(dict[str, Any], item.get("goal") or {}) for urn, item in resources.items()
        }
        inputs = {urn: _changed(goal) for urn, goal in self._goals.items()}
        sealed = list(_ciphertexts(inputs))
        texts = dict(zip(sealed, decrypt(sealed), strict=True)) if sealed else {}
        self._inputs: Inputs = {urn: from_state(item, texts.__getitem__) for urn, item in inputs.items()}

    def secrets(self) -> list[dict[str, Plain]]:
        """Everything that the plan changes, with its secrets; to look for them in messages."""
        return list(self._inputs.values())

    def options_digest(self, fingerprints: Fingerprints) -> str:
        """Of what the program asks for beside inputs. The id of a provider may not be known yet."""
        asked = {urn: _options(goal) for urn, goal in self._goals.items()}
        return fingerprints.digest(json.dumps(asked, sort_keys=True))

    def filled(self, steps: Iterable[Step], state: Inputs, fingerprints: Fingerprints) -> tuple[Step, ...]:
        """Steps with fingerprints where the events have masks.

        Args:
            state: the inputs that the state has.
        """
        return tuple(self._filled(step, state.get(step.urn, {}), fingerprints) for step in steps)

    def _filled(self, step: Step, before: dict[str, Plain], fingerprints: Fingerprints) -> Step:
        after = {**before, **self._inputs.get(step.urn, {})}
        return replace(
            step, old=_unmasked(step.old, before, fingerprints), new=_unmasked(step.new, after, fingerprints)
        )


def _unmasked(
    shown: Mapping[str, Any] | None, values: dict[str, Plain], fingerprints: Fingerprints
) -> Mapping[str, Any] | None:
    if shown is None:
        return None
    masked = {key for key, item in shown.items() if MASK in json.dumps(item) and key in values}
    return {**shown, **fingerprints.show({key: values[key] for key in shown if key in masked})}


def _changed(goal: dict[str, Any]) -> dict[str, Any]:
    """The inputs that a resource gets, as far as they are others than it has."""
    diff = cast(dict[str, Any], goal.get("inputDiff") or {})
    return {**(diff.get("adds") or {}), **(diff.get("updates") or {})}


def _options(goal: dict[str, Any]) -> dict[str, Any]:
    kept = {key: item for key, item in goal.items() if key not in _VALUES}
    if kept.get("provider"):
        kept["provider"] = urns.split_reference(kept["provider"])[0]
    return {key: _in_order(item) for key, item in kept.items()}


def _in_order(value: Any) -> Any:
    """Lists of URNs and names are sets: Pulumi writes them in any order."""
    if not isinstance(value, list):
        return value
    return sorted(cast(list[Any], value), key=lambda item: json.dumps(item, sort_keys=True))


def _ciphertexts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        if fields.get(SIG_KEY) == SECRET_SIG and "ciphertext" in fields:
            yield fields["ciphertext"]
        else:
            for item in fields.values():
                yield from _ciphertexts(item)
    elif isinstance(value, list):
        for item in cast(list[Any], value):
            yield from _ciphertexts(item)


def inputs_of(deployment: dict[str, Any]) -> Inputs:
    """The inputs of each live resource in a deployment document whose secrets are readable."""
    records = cast(list[dict[str, Any]], deployment.get("resources") or [])
    live = [item for item in records if not item.get("delete")]
    return {item["urn"]: from_state(item.get("inputs") or {}, None) for item in live}
