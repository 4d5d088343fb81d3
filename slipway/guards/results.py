"""What was found of guards, in the results of the commands that asked."""

from dataclasses import replace

from slipway.engine.interface import GONE, Diagnostic, PropertyChange, Result, Step
from slipway.guards.findings import Asked, Finding


def shown(result: Result, asked: Asked) -> Result:
    """A drift or a refresh, with what the provider did not see of it."""
    left = {item.urn: [one for one in asked.findings if one.urn == item.urn] for item in asked.findings}
    steps = [_with(step, left.pop(step.urn, [])) for step in result.steps]
    for urn, findings in left.items():
        steps.append(_with(Step("same", urn, findings[0].type, findings[0].name), findings))
    return replace(result, steps=tuple(steps), diagnostics=(*result.diagnostics, *_warnings(asked)))


def judged(result: Result, asked: Asked) -> Result:
    """An `up`, which has failed where GitHub does not hold what was just declared."""
    errors = tuple(Diagnostic("error", _told(item, result.stack), item.urn) for item in asked.findings)
    diagnostics = (*result.diagnostics, *_warnings(asked), *errors)
    return replace(result, diagnostics=diagnostics, ok=result.ok and not errors)


def _with(step: Step, findings: list[Finding]) -> Step:
    if step.op == "delete" or not findings:
        return step
    if any(item.change is None for item in findings):
        return replace(step, op="delete", diff=(), note=GONE)
    known = {change.path.partition(".")[0].partition("[")[0] for change in step.diff}
    changes = [item.change for item in findings if item.change and item.change.path not in known]
    note = "; ".join(item.remedy for item in findings if item.remedy)
    return replace(step, op="update", diff=(*step.diff, *changes), note=note) if changes else step


def _told(item: Finding, stack: str) -> str:
    if item.change is None:
        return f"GitHub has no {item.name}, although it was just declared: `slipway up {stack} --refresh`"
    if item.remedy:
        return f"{item.change.path} {item.change.new}, and {item.remedy}"
    text = f"GitHub does not hold what was just declared: {item.change.path} is {_value(item.change)}"
    text += f"; if `slipway up {stack} --refresh` does not change that, GitHub passes over it"
    if item.change.path == "reviewers":
        text += ": a reviewer who cannot read the repository is left out without a word"
    return text


def _value(change: PropertyChange) -> str:
    return f"{change.new!r} and not {change.old!r}" if change.old is not None else str(change.new)


def _warnings(asked: Asked) -> list[Diagnostic]:
    return [Diagnostic("warning", problem) for problem in asked.problems]
