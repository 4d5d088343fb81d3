"""The role of the job that builds runner images: neither the stack's nor any that deploys.

It starts one instance with the image-build security group, reaches it by Session Manager, makes an image of
it and ends it. What it makes carries a tag from its first moment, and it changes only what carries that tag.
The instance has a role of its own, which opens that session's channels and nothing else.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.identity.ci_role import CiRole, CiRoleArgs
from components.runners.policies import service_trust
from slipway.access.statements import Document, Statement, allow, document
from slipway.access.trust import rendered
from slipway.errors import SlipwayError
from slipway.platform import naming
from slipway.platform.declaration import RoleDeclaration
from slipway.platform.fleet_names import FleetNames

_LAUNCHED = ("instance", "network-interface", "volume")
_MADE = (*_LAUNCHED, "key-pair")
_MAKING = ("CreateImage", "CreateKeyPair", "RunInstances")

BASE_OWNERS = ("099720109477", "amazon")
"""Canonical, whose image ours is built on: as an account, and by the alias of Amazon and verified providers.
The key ec2:Owner holds the alias where an image has one (EC2 User Guide, "Verified provider")."""


def image_build(names: FleetNames) -> Document:
    """What Packer's amazon-ebs builder needs (https://developer.hashicorp.com/packer/integrations/hashicorp/
    amazon, "IAM Task or Instance Role"), held to one security group and to one tag.

    The group is told by its tag `Name`, which the role cannot set: its id is unknown until it exists, and a
    preview could not show the policy.

    A launch needs leave for each resource it names and each it makes, and tags may be set only along with
    them (EC2 User Guide, "Example policies: RunInstances" and "Grant permission to tag on creation").
    """
    own = f"arn:aws:ec2:{names.region}:{names.account}"
    images = [f"arn:aws:ec2:{names.region}::{kind}/*" for kind in ("image", "snapshot")]
    asked = {"StringEquals": {f"aws:RequestTag/{naming.BUILD_TAG}": names.fleet}}
    tagged = {"StringEquals": {f"aws:ResourceTag/{naming.BUILD_TAG}": names.fleet}}
    made = [f"{own}:{kind}/*" for kind in _MADE]
    return document(
        [
            # The Session Manager plugin's connection is looked at without any resource.
            allow("Look", ["ec2:Describe*", "ssm:GetConnectionStatus"], ["*"]),
            *_launch(names, own, asked),
            allow("MakeKeyPair", ["ec2:CreateKeyPair"], [f"{own}:key-pair/*"], asked),
            allow("MakeImage", ["ec2:CreateImage"], images, asked),
            allow("MakeImageOf", ["ec2:CreateImage"], [f"{own}:instance/*"], tagged),
            allow(
                "TagWhatIsMade",
                ["ec2:CreateTags"],
                [*made, *images],
                {"StringEquals": {**asked["StringEquals"], "ec2:CreateAction": list(_MAKING)}},
            ),
            allow(
                "ChangeWhatWasMade",
                [
                    "ec2:CreateTags",
                    "ec2:DeleteKeyPair",
                    "ec2:DeleteSnapshot",
                    "ec2:DeleteVolume",
                    "ec2:DeregisterImage",
                    "ec2:ModifyInstanceAttribute",
                    "ec2:StopInstances",
                    "ec2:TerminateInstances",
                ],
                [*made, *images],
                tagged,
            ),
            *_reach(names, own, tagged),
        ]
    )


def _reach(names: FleetNames, own: str, tagged: dict[str, dict[str, str]]) -> tuple[Statement, ...]:
    """What Packer does for `ssh_interface = "session_manager"`: it looks the profile up, launches with it,
    and forwards one port by AWS's document for that; nothing else can be done in such a session.

    A session's id begins with the name of the role's own session (Systems Manager User Guide, "Additional
    sample IAM policies for Session Manager"), which runner-image.yml gives it.
    """
    document_arn = f"arn:aws:ssm:{names.region}::document/AWS-StartPortForwardingSession"
    session = f"arn:aws:ssm:{names.region}:{names.account}:session/{BUILD_SESSION}*"
    to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    return (
        allow("LookUpProfile", ["iam:GetInstanceProfile"], [names.image_build_profile_arn]),
        allow("LaunchWithProfile", ["iam:PassRole"], [names.image_build_role_arn], to_ec2),
        allow("ForwardFrom", ["ssm:StartSession"], [f"{own}:instance/*"], tagged),
        allow("ForwardOnly", ["ssm:StartSession"], [document_arn]),
        allow("EndSession", ["ssm:TerminateSession"], [session]),
    )


def image_machine() -> Document:
    """What the agent on the machine needs for Session Manager, of which nothing has a resource
    (Systems Manager User Guide, "Verify or add instance permissions for Session Manager").
    """
    channels = [
        f"ssmmessages:{verb}{kind}Channel" for kind in ("Control", "Data") for verb in ("Create", "Open")
    ]
    return document([allow("BeReached", ["ssm:UpdateInstanceInformation", *channels], ["*"])])


def _launch(names: FleetNames, own: str, asked: dict[str, dict[str, str]]) -> tuple[Statement, ...]:
    """What a launch names and what it makes.

    It makes a network interface, tagged as the instance is, so that none which is there already can be taken.
    Subnets are told as the group is, by the names that the network of the fleet's stack gives them.
    """
    made = [f"{own}:{kind}/*" for kind in _LAUNCHED]
    subnets = [f"{names.prefix}-{kind}-?" for kind in ("private", "public")]
    place = {"StringLike": {"aws:ResourceTag/Name": subnets}}
    base = {"StringEquals": {"ec2:Owner": list(BASE_OWNERS)}}
    group = {"StringEquals": {"aws:ResourceTag/Name": names.image_build_group}}
    key = {"StringEquals": {f"aws:ResourceTag/{naming.BUILD_TAG}": names.fleet}}
    image = f"arn:aws:ec2:{names.region}::image/*"
    return (
        allow("LaunchFromImage", ["ec2:RunInstances"], [image], base),
        allow("LaunchInSubnet", ["ec2:RunInstances"], [f"{own}:subnet/*"], place),
        allow("LaunchWithGroup", ["ec2:RunInstances"], [f"{own}:security-group/*"], group),
        allow("LaunchWithKeyPair", ["ec2:RunInstances"], [f"{own}:key-pair/*"], key),
        allow("Launch", ["ec2:RunInstances"], made, asked),
    )


BUILD_SESSION = "gha-runner-image-"
"""How the image job's sessions are named, in .github/workflows/runner-image.yml."""


@dataclass(frozen=True, kw_only=True)
class ImageRoleArgs:
    """Whose images, and which job builds them."""

    names: FleetNames
    declaration: RoleDeclaration

    def __post_init__(self) -> None:
        """Raise SlipwayError for a role of another name, or one that may do more than build images."""
        where = f"role {self.declaration.name}"
        if (self.declaration.name, self.declaration.path) != (
            self.names.image_role,
            naming.RUNNER_PATH,
        ):
            raise SlipwayError(
                "the image role has a name of its own",
                where=where,
                fix=f"call it {self.names.image_role}, on path {naming.RUNNER_PATH}",
            )
        if self.declaration.all_grants:
            raise SlipwayError("the image role builds images and does nothing else", where=where)


class ImageRole(pulumi.ComponentResource):
    """The role, by `arn`."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: ImageRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:runners:ImageRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = CiRole(name, CiRoleArgs(declaration=args.declaration), opts=child)
        aws.iam.RolePolicy(
            f"{name}-policy",
            name="build-images",
            role=role.arn.apply(lambda arn: arn.rpartition("/")[2]),
            policy=rendered(image_build(args.names)),
            opts=child,
        )
        self._machine(name, args, child)
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})

    def _machine(self, name: str, args: ImageRoleArgs, child: pulumi.ResourceOptions) -> None:
        machine = aws.iam.Role(
            f"{name}-machine",
            name=args.names.image_build_role,
            path=naming.RUNNER_PATH,
            description=f"The machine that runner images of fleet {args.names.fleet} are built on",
            assume_role_policy=rendered(service_trust("ec2.amazonaws.com")),
            permissions_boundary=args.declaration.boundary_arn,
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-machine-policy",
            name="be-reached",
            role=machine.name,
            policy=rendered(image_machine()),
            opts=child,
        )
        aws.iam.InstanceProfile(
            f"{name}-machine-profile",
            name=args.names.image_build_role,
            path=naming.RUNNER_PATH,
            role=machine.name,
            opts=child,
        )
