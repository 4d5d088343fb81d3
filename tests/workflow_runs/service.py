"""What GitHub's own service does for a job, and STS for its token, as far as the workflows here rely on it.

A job asks before its first step. Its environment's rules, as the GitHub stand-in has them, decide whether it
may run, and who has to approve it; then it gets that environment's variables, a token with the permissions
that it declares and no others, and, if it declares `id-token: write`, a way to its OIDC token. STS judges
that token by the role's own trust policy, with an evaluator that the product does not use.

https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
https://docs.github.com/en/actions/reference/security/oidc
"""

import json
import re
import secrets
import threading
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import unquote

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from slipway.bootstrap.clients import connect as stand_in
from slipway.github import Client, connect, token
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.localcloud.github.world import APP_PERMISSIONS
from tests.access.reference import outcomes

ISSUER = "https://token.actions.githubusercontent.com"
APP_ID, APP_SLUG = 424242, "slipway-platform"
_WAIT_S = 120


class Refused(Exception):
    """A job may not run, or may not have what it asks for."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a workflow: by which event, on which ref and commit, started by whom."""

    id: str
    workflow: str
    event: str
    ref: str
    sha: str
    actor: str


@dataclass
class Job:
    """A job that asked: what it was given, and for how long it waited for somebody."""

    run: Run
    name: str
    environment: str
    permissions: dict[str, str]
    approved_by: str = ""
    declined_by: str = ""
    waiting: bool = False
    hidden: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def decided(self) -> bool:
        return bool(self.approved_by or self.declined_by)


class Service:
    """Answers the jobs' questions. `jobs` are all that ran, in order; `refused` is why others did not."""

    def __init__(self, cloud: Cloud, slug: str, teams: dict[str, list[str]]) -> None:
        """`teams`: who is in each team that reviews."""
        self.slug, self.cloud, self.teams = slug, cloud, teams
        self.jobs: list[Job] = []
        self.refused: list[str] = []
        self.address = ""
        self._runs: dict[str, Run] = {}
        self._shown: dict[str, int] = {}
        self._tickets: dict[str, Job] = {}
        self._changed = threading.Condition()
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.github: Client = connect(token("stand-in"), cloud.github)

    def begin(self, run: Run) -> None:
        self._runs[run.id] = run
        workflow = f".github/workflows/{run.workflow}"
        of = {"path": workflow, "branch": run.ref.removeprefix("refs/heads/"), "sha": run.sha}
        given = {"repository": self.slug, "labels": ["ubuntu-24.04"], "event": run.event, **of}
        (shown,) = self.github.post("/slipway/workflow-jobs", given)["jobs"]
        self._shown[run.id] = int(shown["id"])

    def end(self, run: Run) -> None:
        """Take back the tokens of its jobs, and show that it is over."""
        # No runner of the stand-in's took its job, and such a job can but be cancelled.
        shown = self._shown.pop(run.id, None)
        if shown is not None:
            self.github.post(f"/slipway/workflow-jobs/{shown}/complete", {"conclusion": "cancelled"})
        for job in self.jobs:
            if job.run is run:
                self._seed_token(job.hidden["STORY_GITHUB_TOKEN"], {})

    def wait_for(self, environment: str, given_up: Callable[[], bool]) -> Job:
        """The job that waits for somebody to review that environment."""
        end = time.monotonic() + _WAIT_S
        with self._changed:
            while True:
                for job in self.jobs:
                    if job.waiting and not job.decided and job.environment == environment:
                        return job
                if given_up() or time.monotonic() > end:
                    raise AssertionError(f"no job waits for a review of {environment}: {self.refused}")
                self._changed.wait(0.2)

    def review(self, job: Job, who: str, *, approve: bool = True) -> None:
        """What a person answers on the run's page. Raises Refused: GitHub does not ask that person."""
        rules = self._rules(job.environment)
        rule = next(one for one in rules if one["type"] == "required_reviewers")
        if rule["prevent_self_review"] and who == job.run.actor:
            raise Refused(f"{who} started the run")
        if who not in self._reviewers(rule):
            raise Refused(f"{who} does not review {job.environment}")
        with self._changed:
            job.approved_by, job.declined_by = (who, "") if approve else ("", who)
            self._changed.notify_all()

    def admit(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What a job gets, once it may run. Raises Refused."""
        run = self._runs[str(asked["run"])]
        job = Job(run, str(asked["job"]), str(asked["environment"]), dict(asked["permissions"]))
        shown: dict[str, str] = {}
        if job.environment:
            self._require_admitted(job)
            shown |= {f"STORY_VARS_{name}": value for name, value in self._variables(job).items()}
            # A secret's value is nowhere to be had: what stands for it is known to whoever takes it.
            job.hidden |= {f"STORY_SECRETS_{name}": secrets.token_hex(16) for name in self._secrets(job)}
        ticket, github = secrets.token_hex(16), secrets.token_hex(16)
        job.hidden["STORY_GITHUB_TOKEN"] = github
        self._seed_token(github, job.permissions)
        self._tickets[ticket] = job
        self.jobs.append(job)
        if job.permissions.get("id-token") == "write":
            shown["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{self.address}/token?v=1"
            return {"shown": shown, "hidden": {**job.hidden, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ticket}}
        return {"shown": shown, "hidden": job.hidden}

    def id_token(self, ticket: str, audience: str) -> str:
        """The job's OIDC token. Raises Refused."""
        job = self._tickets.get(ticket)
        if job is None:
            raise Refused("no job has this ticket")
        return jwt.encode(self._claims(job, audience), self._key, algorithm="RS256")

    def assume(self, asked: dict[str, Any]) -> dict[str, str]:
        """A session of a role for who presents a token. Raises Refused, as STS does by the trust policy."""
        role_arn, seconds = str(asked["role"]), int(asked["seconds"])
        try:
            claims = jwt.decode(
                asked["token"], self._key.public_key(), ["RS256"], audience="sts.amazonaws.com", issuer=ISSUER
            )
        except jwt.InvalidTokenError as error:
            raise Refused(str(error)) from None
        account = role_arn.removeprefix("arn:aws:iam::").partition(":")[0] or "0" * 12
        clients = stand_in(account, "eu-west-1", self.cloud.aws)
        listed = clients.iam.list_roles()["Roles"]
        role = next((one for one in listed if one["Arn"] == role_arn), None)
        if role is None:
            raise Refused("Not authorized to perform sts:AssumeRoleWithWebIdentity: there is no such role")
        if not trusts(role["AssumeRolePolicyDocument"], account, claims, str(asked["session"])):
            raise Refused(f"Not authorized to perform sts:AssumeRoleWithWebIdentity: {claims['sub']}")
        if seconds > role["MaxSessionDuration"]:
            raise Refused("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        made = clients.sts.assume_role(RoleArn=role["Arn"], RoleSessionName=asked["session"])
        given = made["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    def app_token(self, asked: dict[str, Any]) -> dict[str, str]:
        """A token of the platform's App, for a job that was given its key. Raises Refused."""
        known = [job.hidden.get("STORY_SECRETS_SLIPWAY_APP_PRIVATE_KEY") for job in self.jobs]
        if not asked["key"] or asked["key"] not in known:
            raise Refused("this is not the App's key")
        wanted: dict[str, str] = asked["permissions"] or dict(APP_PERMISSIONS)
        for name, level in wanted.items():
            if APP_PERMISSIONS.get(name) not in {level, "write"}:
                raise Refused(f"the App has no permission {name}: {level}")
        made = secrets.token_hex(16)
        app = {"id": APP_ID, "slug": APP_SLUG}
        given = {"token": made, "permissions": {**wanted, "metadata": "read"}, "app": app}
        runtime.seed(self.cloud, {"tokens": [given]})
        return {"token": made, "slug": APP_SLUG}

    def _require_admitted(self, job: Job) -> None:
        environment = self._environment(job.environment)
        policy = environment["deployment_branch_policy"]
        if policy and not self._matches(job, policy):
            why = f"{job.run.ref} is not allowed to deploy to {job.environment} due to environment protection"
            self.refused.append(why)
            raise Refused(why)
        if not any(rule["type"] == "required_reviewers" for rule in environment["protection_rules"]):
            return
        with self._changed:
            job.waiting = True
            self.jobs.append(job)
            self._changed.notify_all()
            reviewed = self._changed.wait_for(lambda: job.decided, _WAIT_S)
            self.jobs.remove(job)
        job.waiting = False
        if not reviewed or job.declined_by:
            why = f"{job.name}: {job.environment} was declined by {job.declined_by or 'nobody in time'}"
            self.refused.append(why)
            raise Refused(why)

    def _matches(self, job: Job, policy: dict[str, bool]) -> bool:
        """Names are matched part by part: * is no slash. A merge of a pull request is no branch's."""
        ref = job.run.ref.removeprefix("refs/heads/")
        if policy["protected_branches"]:
            return ref == "main"
        path = f"{self._path(job.environment)}/deployment-branch-policies"
        listed = self.github.every(path, "branch_policies")
        patterns = [str(one["name"]) for one in listed if one["type"] == "branch"]
        return any(re.fullmatch(re.escape(one).replace(r"\*", "[^/]*"), ref) for one in patterns)

    def _environment(self, name: str) -> dict[str, Any]:
        """One that nobody has made is made by the first job that names it, open to all."""
        found = self.github.exchange("GET", self._path(name))
        if found.status == 404:
            found = self.github.exchange("PUT", self._path(name), {})
        return cast("dict[str, Any]", found.body)

    def _rules(self, environment: str) -> list[dict[str, Any]]:
        return self._environment(environment)["protection_rules"]

    def _reviewers(self, rule: dict[str, Any]) -> set[str]:
        found: set[str] = set()
        for reviewer in rule["reviewers"]:
            one = reviewer["reviewer"]
            found |= {one["login"]} if reviewer["type"] == "User" else set(self.teams[one["slug"]])
        return found

    def _variables(self, job: Job) -> dict[str, str]:
        listed = self.github.every(f"{self._path(job.environment)}/variables", "variables")
        return {str(one["name"]): str(one["value"]) for one in listed}

    def _secrets(self, job: Job) -> list[str]:
        listed = self.github.every(f"{self._path(job.environment)}/secrets", "secrets")
        return [str(one["name"]) for one in listed]

    def _path(self, environment: str) -> str:
        return f"/repos/{self.slug}/environments/{environment}"

    def _claims(self, job: Job, audience: str) -> dict[str, Any]:
        path = f"/repos/{self.slug}/actions/oidc/customization/sub"
        prefix = cast("dict[str, Any]", self.github.exchange("GET", path).body)["sub_claim_prefix"]
        by_ref = "pull_request" if job.run.event == "pull_request" else f"ref:{job.run.ref}"
        owner, _, name = self.slug.partition("/")
        file = f"{self.slug}/.github/workflows/{job.run.workflow}@{job.run.ref}"
        repository = cast("dict[str, Any]", self.github.exchange("GET", f"/repos/{self.slug}").body)
        return {
            "iss": ISSUER,
            "aud": audience,
            "sub": f"{prefix}:environment:{job.environment}" if job.environment else f"{prefix}:{by_ref}",
            "repository": self.slug,
            "repository_owner": owner,
            "repository_id": str(repository["id"]),
            "repository_owner_id": str(repository["owner"]["id"]),
            "repository_visibility": repository["visibility"],
            "ref": job.run.ref,
            "event_name": job.run.event,
            "environment": job.environment,
            "workflow_ref": file,
            "job_workflow_ref": file,
            "workflow": name,
            "exp": int(time.time()) + 300,
        }

    def _seed_token(self, text: str, permissions: dict[str, str]) -> None:
        granted = {name.replace("-", "_"): level for name, level in permissions.items() if name != "id-token"}
        given = {"token": text, "permissions": {**granted, "metadata": "read"}, "repositories": [self.slug]}
        runtime.seed(self.cloud, {"tokens": [given]})


def trusts(document: dict[str, Any], account: str, claims: dict[str, Any], session: str) -> bool:
    """Whether a role's trust policy admits a token, however what AWS leaves open is read."""
    host = ISSUER.removeprefix("https://")
    provider = f"arn:aws:iam::{account}:oidc-provider/{host}"
    keys = {f"{host}:{name}": [str(value)] for name, value in claims.items()}
    keys["sts:RoleSessionName"] = [session]
    statements = [
        {**one, "Resource": "*"}
        for one in document["Statement"]
        if provider in _listed(cast("dict[str, Any]", one.get("Principal", {})).get("Federated"))
    ]
    action = "sts:AssumeRoleWithWebIdentity"
    return outcomes(statements, None, action, f"arn:aws:iam::{account}:role/asked", keys) == {True}


def _listed(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


@contextmanager
def serving(service: Service) -> Generator[Service]:
    """Answer on loopback until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answers = {"/admit": service.admit, "/assume": service.assume, "/app-token": service.app_token}
            self._answer(lambda: answers[self.path](asked))

        def do_GET(self) -> None:
            ticket = self.headers.get("Authorization", "").removeprefix("bearer ")
            audience = unquote(self.path.partition("audience=")[2])
            self._answer(lambda: {"value": service.id_token(ticket, audience)})

        def _answer(self, work: Callable[[], object]) -> None:
            try:
                status, body = 200, json.dumps(work())
            except Refused as error:
                status, body = 403, str(error)
            except Exception as error:  # a fault of ours is told where it shows: in the job's own log
                status, body = 500, "".join(traceback.format_exception(error))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
