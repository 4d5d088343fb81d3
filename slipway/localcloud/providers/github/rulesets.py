"""Repository rulesets. Pulumi has one block per rule, REST a list of rules with parameters."""

import re
from typing import Any

from slipway.localcloud.providers.github.client import DOCS, GitHubCloud
from slipway.localcloud.providers.handler import AutoName, Handler, names, one_of, renamed
from slipway.localcloud.providers.values import Props, block, items

_SWITCHES = (
    "creation",
    "deletion",
    "nonFastForward",
    "requiredLinearHistory",
    "requiredSignatures",
    "update",
)
"""Rules without parameters: in Pulumi's form a boolean each."""

_OTHER_NAMES = {"requiredChecks": "required_status_checks", "requiredReviewers": "required_reviewers"}
_OTHER_TYPES = {"requiredCodeScanning": "code_scanning"}


def _snake(key: str) -> str:
    return _OTHER_NAMES.get(key) or re.sub(r"(?<!^)([A-Z])", lambda found: f"_{found[1].lower()}", key)


def _camel(key: str) -> str:
    for ours, theirs in _OTHER_NAMES.items():
        if key == theirs:
            return ours
    head, *rest = key.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _rules(switches: Props) -> list[Props]:
    found: list[Props] = []
    for name, value in sorted(switches.items()):
        if name == "updateAllowsFetchAndMerge" or value in (None, False):
            continue
        rule: Props = {"type": _OTHER_TYPES.get(name) or _snake(name)}
        if name == "update" and switches.get("updateAllowsFetchAndMerge"):
            rule["parameters"] = {"update_allows_fetch_and_merge": True}
        elif name not in _SWITCHES:
            rule["parameters"] = _parameters(value)
        found.append(rule)
    return found


def _parameters(value: Props) -> Any:
    parameters = renamed(value, rename=_snake)
    for check in items(parameters.get("required_status_checks")):
        # 0 is how a provider without null says 'any App'.
        if not check.get("integration_id"):
            check.pop("integration_id", None)
    return parameters


def _block(rules: list[Any]) -> Props:
    shown: Props = {}
    for rule in rules:
        name = {theirs: ours for ours, theirs in _OTHER_TYPES.items()}.get(rule["type"])
        name = name or re.sub(r"_([a-z])", lambda found: found[1].upper(), str(rule["type"]))
        if name in _SWITCHES:
            shown[name] = True
            if block(rule.get("parameters")).get("update_allows_fetch_and_merge"):
                shown["updateAllowsFetchAndMerge"] = True
        else:
            shown[name] = renamed(block(rule.get("parameters")), rename=_camel)
    return shown


def _body(inputs: Props) -> Props:
    body: Props = {
        "name": inputs["name"],
        "target": inputs["target"],
        "enforcement": inputs["enforcement"],
        "rules": _rules(inputs["rules"]),
        "bypass_actors": [
            {
                "actor_id": one.get("actorId"),
                "actor_type": one["actorType"],
                "bypass_mode": one.get("bypassMode", "always"),
            }
            for one in items(inputs.get("bypassActors"))
        ],
    }
    refs = block(inputs.get("conditions")).get("refName")
    if refs:
        body["conditions"] = {
            "ref_name": {"include": items(refs.get("includes")), "exclude": items(refs.get("excludes"))}
        }
    return body


def _create(cloud: GitHubCloud, inputs: Props) -> str:
    made = cloud.send("POST", cloud.repo(inputs["repository"], "rulesets"), _body(inputs))
    return str(made["id"])


def _read(cloud: GitHubCloud, id_: str, old: Props) -> Props:
    repository = old.get("repository", "")
    if not old:
        repository, _, id_ = id_.partition(":")
    found: Props = cloud.get(cloud.repo(repository, "rulesets", id_))
    refs = block(block(found.get("conditions")).get("ref_name"))
    includes, excludes = items(refs.get("include")), items(refs.get("exclude"))
    actors = [
        {"actorId": one.get("actor_id"), "actorType": one["actor_type"], "bypassMode": one["bypass_mode"]}
        for one in items(found.get("bypass_actors"))
    ]
    return {
        "repository": repository,
        "name": found["name"],
        "target": found["target"],
        "enforcement": found["enforcement"],
        "rules": _block(items(found.get("rules"))),
        "bypassActors": [{key: value for key, value in one.items() if value is not None} for one in actors]
        or None,
        "conditions": {"refName": {"includes": includes, "excludes": excludes}}
        if includes or excludes
        else None,
        "rulesetId": found["id"],
        "nodeId": found.get("node_id"),
    }


def _update(cloud: GitHubCloud, id_: str, old: Props, new: Props) -> None:
    cloud.send("PUT", cloud.repo(new["repository"], "rulesets", id_), {"conditions": {}, **_body(new)})


def _delete(cloud: GitHubCloud, id_: str, state: Props) -> None:
    cloud.send("DELETE", cloud.repo(state["repository"], "rulesets", id_))


def _find(cloud: GitHubCloud, inputs: Props) -> str | None:
    for one in cloud.every(cloud.repo(inputs["repository"], "rulesets")):
        if one["name"] == inputs["name"]:
            return str(one["id"])
    return None


HANDLERS = (
    Handler[GitHubCloud](
        token="github:index/repositoryRuleset:RepositoryRuleset",
        source=f"{DOCS}/repository_ruleset",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        find=_find,
        name=AutoName(longest=100),
        natural=("repository", "name"),
        replaces_here=names("repository"),
        rules=(
            one_of("enforcement", "disabled", "active", "evaluate"),
            one_of("target", "branch", "tag", "push"),
        ),
    ),
)
