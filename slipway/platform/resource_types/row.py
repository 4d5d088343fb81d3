"""What is to be known of one resource type, whoever asks: previews, the embedded providers, the "
"access rules."""

from dataclasses import dataclass

TERRAFORM_AWS = "hashicorp/terraform-provider-aws internal/service"


@dataclass(frozen=True, kw_only=True)
class Actions:
    """The IAM actions of a resource's life, as `service:Action`, and what they act on.

    Actions, their resource types and their condition keys are those of AWS's Service Authorization Reference
    (https://docs.aws.amazon.com/service-authorization/latest/reference/, one page per service).

    Args:
        create, read, update, delete: what the AWS provider calls in that part of a life. Replacing is
            creating and deleting. Passing a role, using a key and making a service-linked role are not of a
            type, but of what a resource of it is given.
        on: ARNs of what each of them acts on, with `{region}`, `{account}` and the resource's own inputs in
            braces; `x` stands for an id that the service makes.
        dependent: actions of other types that creating or changing asks of the same caller, each with what
            it acts on.
    """

    create: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    dependent: tuple[tuple[str, str], ...] = ()

    @property
    def changing(self) -> frozenset[str]:
        """All but reading."""
        return frozenset((*self.create, *self.update, *self.delete))


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A row of the table. Properties are named as Pulumi spells them, nested ones by dotted paths.

    Args:
        token: Pulumi's type token.
        source: the file, of the upstream provider that Pulumi's takes over, which says what replaces.
        replace_on: a change here, or below, makes the provider replace the resource: what upstream marks
            `ForceNew` or plans as `RequiresReplace`.
        computed: what the service decides, if only where the program does not say it.
        required: inputs without which there is none.
        unordered: lists that the upstream provider compares as sets; any other is compared by position.
        secret: outputs that are secret whatever the program says.
        shared: inputs that have another owner as soon as the resource is there, such as an autoscaler: what
            that one makes of them is no drift.
        watched: outputs that only a change by somebody else makes different from what the last update left.
        checked: what the provider does beyond what is declared, as found in `source`: calls that it always
            makes, defaults that nobody sees. Empty where nothing was found or looked for.
        actions: None where IAM has no say.
    """

    token: str
    source: str
    replace_on: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    unordered: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    watched: frozenset[str] = frozenset()
    checked: str = ""
    actions: Actions | None = None


def names(text: str) -> frozenset[str]:
    """A set of property paths from a text with spaces between them."""
    return frozenset(text.split())


def qualified(service: str, actions: str) -> tuple[str, ...]:
    """`ec2`, `CreateVpc DeleteVpc` -> `ec2:CreateVpc`, `ec2:DeleteVpc`."""
    return tuple(f"{service}:{action}" for action in actions.split())
