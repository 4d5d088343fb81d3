"""A small repository of one Pulumi project with eight stacks, as the demo delivers it."""

import subprocess
from pathlib import Path
from typing import Final

from slipway.errors import SlipwayError
from slipway.private_folder import rehearsal_folder

PROJECT: Final = "shop"
NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "network": (),
    "dns": ("network",),
    "data": ("network",),
    "cache": ("network",),
    "api": ("data", "cache"),
    "jobs": ("data",),
    "web": ("api",),
    "alarms": (),
}
"""What each stack needs."""
CHANGED: Final = "api"
"""The stack that the pull request is about; one needs it."""
BEFORE, AFTER, OUTSIDE, HURRIED = 7, 30, 400, 14
"""Days for which logs are kept: at first, as the pull request has it, as somebody sets it by hand, and as
somebody applies it past everybody."""
_PROGRAM: Final = '''\
"""Each stack of the shop: a log group, a parameter and a role."""

import json

import pulumi
import pulumi_aws as aws

stack = pulumi.get_stack()
config = pulumi.Config()
address = pulumi.Config("slipway").require_object("endpoints")["aws"]
cloud = aws.Provider(
    "cloud",
    region="eu-west-1",
    endpoints=[aws.ProviderEndpointArgs(iam=address, logs=address, ssm=address, sts=address)],
    access_key="none",
    secret_key="none",
    skip_credentials_validation=True,
    skip_requesting_account_id=True,
)
there = pulumi.ResourceOptions(provider=cloud)
logs = aws.cloudwatch.LogGroup(
    "logs", name=f"/shop/{stack}", retention_in_days=config.require_int("days"), opts=there
)
aws.ssm.Parameter("place", name=f"/shop/{stack}/logs", type="String", value=logs.name, opts=there)
trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
aws.iam.Role(
    "role",
    name=f"shop-{stack}",
    assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    opts=there,
)
pulumi.export("logs", logs.name)
'''


def write(folder: Path) -> Path:
    """Make the repository in the rehearsal's place of a folder, where its stacks run on that one's cloud.

    Returns:
        The repository's folder.

    Raises:
        SlipwayError: git is not there, or refuses.
    """
    top = rehearsal_folder(folder)
    top.mkdir(mode=0o700, parents=True)
    settings = ["store: file://.slipway/plans", "projects:", f"  {PROJECT}:", "    stacks:"]
    for stack, needs in NEEDS.items():
        set_days(top, stack, BEFORE)
        if needs:
            settings.append(f"      {stack}: {{needs: [{', '.join(f'{PROJECT}/{one}' for one in needs)}]}}")
    files = {
        "Pulumi.yaml": f"name: {PROJECT}\nruntime: python\n",
        "__main__.py": _PROGRAM,
        "slipway.yaml": "\n".join([*settings, ""]),
        ".gitignore": ".slipway/\n__pycache__/\n",
    }
    for name, text in files.items():
        (top / name).write_text(text)
    git(top, "init", "--quiet", "--initial-branch=main")
    git(top, "config", "user.name", "Ada")
    git(top, "config", "user.email", "ada@example.com")
    commit(top, "Eight stacks")
    return top


def set_days(top: Path, stack: str, days: int) -> None:
    """Write a stack's file."""
    (top / f"Pulumi.{stack}.yaml").write_text(f"config:\n  {PROJECT}:days: {days}\n")


def commit(top: Path, message: str) -> None:
    """Commit all there is."""
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message", message)


def git(top: Path, *words: str) -> None:
    """Run git. Raises SlipwayError where it refuses."""
    done = subprocess.run(["git", *words], cwd=top, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SlipwayError(f"git {words[0]} failed: {done.stderr.strip()}", where=str(top))
