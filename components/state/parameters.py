"""SSM parameters: a package's Helm values, and the platform's outputs for the jobs of service teams."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from slipway.errors import SlipwayError
from slipway.platform import naming
from slipway.platform.helm_values import parameter_tier
from slipway.platform.parameter_sizes import tier_of

_PACKAGE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_STACK = re.compile(r"[a-z][a-z0-9-]{0,30}")
_KEY = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")
_LONGEST_NAME = 1011  # Systems Manager API Reference, PutParameter, with the ARN's own prefix
_DEEPEST_LEVEL = 15  # the same


@dataclass(frozen=True, kw_only=True)
class HelmValuesParameterArgs:
    """A package and its Helm values as YAML, without any secret; see `parameter_tier`."""

    package: str
    parameter: str
    """The parameter's name."""
    values_yaml: str

    def __post_init__(self) -> None:
        """Raise SlipwayError for a package that is no DNS label, or values that cannot be published."""
        if not _PACKAGE.fullmatch(self.package):
            raise SlipwayError(
                f"{self.package!r} cannot be a package's name", where="Helm values", fix="use a-z 0-9 -"
            )
        parameter_tier(self.values_yaml, self.parameter)


class HelmValuesParameter(pulumi.ComponentResource):
    """The parameter, by name; deployments read it."""

    name: pulumi.Output[str]

    def __init__(
        self, name: str, args: HelmValuesParameterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:state:HelmValuesParameter", name, {}, opts)
        parameter = aws.ssm.Parameter(
            f"{name}-parameter",
            name=args.parameter,
            description=f"Helm values of {args.package}",
            type="String",
            tier=parameter_tier(args.values_yaml, args.parameter),
            insecure_value=args.values_yaml,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = parameter.name
        self.register_outputs({"name": self.name})


@dataclass(frozen=True, kw_only=True)
class PlatformParametersArgs:
    """A stack, and its outputs by key; keys may hold `/`. No secrets: whoever reads one reads it in clear."""

    stack: str
    values: Mapping[str, pulumi.Input[str]]

    def __post_init__(self) -> None:
        """Raise SlipwayError for a name that SSM would refuse."""
        where = f"published outputs of {self.stack}"
        if not _STACK.fullmatch(self.stack):
            raise SlipwayError(f"{self.stack!r} cannot be a stack's name", where=where, fix="use a-z 0-9 -")
        for key in self.values:
            name = naming.output_parameter(self.stack, key)
            if not _KEY.fullmatch(key) or len(name) > _LONGEST_NAME or name.count("/") > _DEEPEST_LEVEL:
                raise SlipwayError(
                    f"{key!r} cannot be part of a parameter's name",
                    where=where,
                    fix="use A-Z a-z 0-9 . _ - and / between levels",
                )
            self.tier(key)

    def tier(self, key: str) -> str | None:
        """The tier that holds a value, which follows its size; None while the value is not known.

        Raises:
            SlipwayError: no tier holds it.
        """
        value = self.values[key]
        if not isinstance(value, str):
            return None
        return tier_of(
            value,
            f"the published {key} has",
            where=naming.output_parameter(self.stack, key),
            fix=f"it lists what all services of {self.stack} have together: remove environments or classes "
            "that nobody uses, or move services to another stack",
        )


class PlatformParameters(pulumi.ComponentResource):
    """One parameter for each output."""

    names: pulumi.Output[Sequence[str]]

    def __init__(
        self, name: str, args: PlatformParametersArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:state:PlatformParameters", name, {}, opts)
        parameters = [
            aws.ssm.Parameter(
                f"{name}-{key}",
                name=naming.output_parameter(args.stack, key),
                type="String",
                tier=args.tier(key),
                insecure_value=value,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for key, value in sorted(args.values.items())
        ]
        self.names = pulumi.Output.all(*[parameter.name for parameter in parameters])
        self.register_outputs({"names": self.names})
