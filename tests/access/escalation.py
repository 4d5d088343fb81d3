"""What whoever holds a role can come to hold in a few steps, over rendered policies.

The account may hold anything else, so there is one of each kind besides what the stacks render: a role, a
user, a function, an instance, a cluster, a key. A condition of which nothing is known is taken to be met.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from slipway.access.evaluate import Mode, chain_request, decide_access
from slipway.access.policies import Policy
from slipway.access.powers import Powers
from slipway.access.world import Role, World
from slipway.platform import naming

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}

_HERE = "eu-west-1:{account}"
_IAM = "arn:aws:iam::{account}"

CONTROLS = (
    (
        "changes its code",
        "any function",
        ("lambda:UpdateFunctionCode",),
        f"arn:aws:lambda:{_HERE}:function:other",
    ),
    (
        "runs commands on it",
        "any instance",
        ("ssm:SendCommand", "ssm:StartSession", "ec2:ModifyInstanceAttribute", "ec2:CreateTags"),
        f"arn:aws:ec2:{_HERE}:instance/i-0",
    ),
    (
        "makes credentials",
        "any user",
        ("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", "iam:AttachUserPolicy"),
        f"{_IAM}:user/other",
    ),
    ("changes it", "any group", ("iam:AddUserToGroup", "iam:PutGroupPolicy"), f"{_IAM}:group/other"),
    (
        "puts another version",
        "any policy",
        ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"),
        f"{_IAM}:policy/other",
    ),
    (
        "makes it",
        "another identity provider",
        ("iam:CreateOpenIDConnectProvider", "iam:CreateSAMLProvider"),
        f"{_IAM}:oidc-provider/other.example.com",
    ),
    (
        "makes an access entry",
        "any cluster, as its administrator",
        ("eks:CreateAccessEntry", "eks:AssociateAccessPolicy"),
        f"arn:aws:eks:{_HERE}:cluster/other",
    ),
    (
        "makes an access entry",
        "the clusters `slipway-*`, as their administrator",
        ("eks:CreateAccessEntry", "eks:AssociateAccessPolicy"),
        f"arn:aws:eks:{_HERE}:cluster/slipway-x",
    ),
    (
        "changes its policy, makes grants",
        "any key of its region whose policy leaves that to IAM",
        ("kms:PutKeyPolicy", "kms:CreateGrant"),
        f"arn:aws:kms:{_HERE}:key/0",
    ),
    (
        "reads it",
        "any secret",
        ("secretsmanager:GetSecretValue",),
        f"arn:aws:secretsmanager:{_HERE}:secret:other",
    ),
    ("reads or opens it", "any bucket", ("s3:GetObject", "s3:PutBucketPolicy"), "arn:aws:s3:::other/x"),
    *(
        ("uses it", f"the service {service}", (f"{service}:*",), "*")
        for service in ("cloudformation", "codebuild", "ecs", "glue", "organizations", "sso", "states")
    ),
)
"""How, what comes to be held, by which actions (any will do), on which of what is not the platform's."""

NEW, OTHER = "new", "other"
"""The names of a role that is made, and of one that has nothing to do with the platform."""


STRANGE = {
    f"aws:resourcetag/{naming.BUILD_TAG}": frozenset({None}),
    "ec2:createaction": frozenset({None}),
}
"""What is not the platform's carries none of its marks, and is there already."""


@dataclass(frozen=True, order=True)
class Held:
    """What is held, how it was come by in the last step, and after how many."""

    what: str
    how: str
    steps: int


def held_by(world: World, start: Role, steps: int) -> list[Held]:
    """Everything that can be held after some steps from a role, each by its shortest way.

    A role that has been reached counts with everything that its boundary leaves: whoever comes to hold it by
    changing it can give it a policy in the same step.
    """
    found: dict[str, Held] = {}
    frontier = {start.arn: Holder(start)}
    seen = {start.arn}
    for step in range(1, steps + 1):
        new: dict[str, Holder] = {}
        for holder in frontier.values():
            for name, how, target in _next(world, holder):
                what = _named(start, name)
                if name != start.arn and what not in found:
                    found[what] = Held(what, how, step)
                if target is not None and target.role.arn not in seen:
                    seen.add(target.role.arn)
                    new[target.role.arn] = target
        frontier = new
    return sorted(found.values(), key=lambda one: (one.steps, one.what))


@dataclass(frozen=True, eq=False)
class Holder:
    """A role in somebody's hands."""

    role: Role

    @cached_property
    def powers(self) -> Powers:
        return Powers.of(self.role)

    def may(self, actions: Iterable[str], resource: str) -> bool:
        return any(self.powers.may(action, resource, STRANGE) for action in actions)


def generous(role: Role) -> Role:
    """The role, once it has been given everything."""
    return replace(role, statements=[EVERYTHING], identity=[Policy.parse({"Statement": [EVERYTHING]})])


def _next(world: World, holder: Holder) -> Iterator[tuple[str, str, Holder | None]]:
    role = holder.role
    for target in [*world.roles.values(), *_others(world, role)]:
        if target.arn == role.arn or (how := _way(holder, target)) is None:
            continue
        given = holder.may(("iam:PutRolePolicy", "iam:AttachRolePolicy"), target.arn)
        yield target.arn, how, Holder(generous(target) if given else target)
    for path in ("/", "/slipway/", "/slipway/ci/", "/slipway/infra/", "/slipway/runners/"):
        made = replace(role, arn=f"arn:aws:iam::{role.account}:role{path}{NEW}")
        if holder.may(("iam:CreateRole",), made.arn):
            yield made.arn, "makes it", Holder(generous(made))
    for how, what, actions, resource in CONTROLS:
        if holder.may(actions, resource.format(account=role.account)):
            yield what, how, None


def _others(world: World, role: Role) -> Iterator[Role]:
    """A role of each account that the platform did not make: an administrator whom its account may assume."""
    for account in sorted({one.account for one in world.roles.values()}):
        arn = f"arn:aws:iam::{account}:role/{OTHER}"
        yield generous(replace(role, arn=arn, account=account, boundary=None, boundary_statements=()))


def _way(holder: Holder, target: Role) -> str | None:
    role = holder.role
    for action, how in (
        ("iam:UpdateAssumeRolePolicy", "changes who may assume it"),
        ("iam:PassRole", "passes it to a service"),
    ):
        if target.account == role.account and holder.may((action,), target.arn):
            return how
    if not holder.may(("sts:AssumeRole",), target.arn):
        return None
    if target.arn.endswith(f"/{OTHER}"):
        return "assumes it" if target.account == role.account else None
    decision = decide_access(
        chain_request(role.arn, target.arn, "gha-x-1"),
        identity=role.identity,
        boundary=role.boundary,
        resource_policy=target.trust,
        resource_account=target.account,
        mode=Mode.ATTACK,
    )
    return "assumes it" if decision.allowed else None


def _named(start: Role, name: str) -> str:
    """What a person calls it: a role of the start's own account by its path, of another by its name."""
    if not name.startswith("arn:"):
        return name
    account, role = name.split(":")[4], name.partition(":role")[2]
    path, _, last = role.rpartition("/")
    if account != start.account:
        return f"`{role}` of account {account}"
    if last == OTHER:
        return "any other role"
    return f"a new role on `{path}/`" if last == NEW else f"any role on `{path}/`"
