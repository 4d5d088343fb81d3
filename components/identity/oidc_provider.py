"""GitHub's identity provider in one account: the first of the two doors that lead to AWS."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.identity.origin import Origin
from slipway.access.claims import AUDIENCE, ISSUER
from slipway.access.trust import provider_arn
from slipway.platform import aws_names


@dataclass(frozen=True, kw_only=True)
class GithubOidcProviderArgs:
    """The provider of one account, of which AWS allows one per issuer."""

    account: str
    origin: Origin = Origin.CREATE

    def __post_init__(self) -> None:
        """Raise SlipwayError for what is no account."""
        aws_names.check_account(self.account, "the GitHub OIDC provider")


class GithubOidcProvider(pulumi.ComponentResource):
    """Trust in GitHub's tokens for STS's audience.

    No thumbprints: AWS has verified GitHub's certificate by its own trust store since July 2023 and ignores
    them (IAM User Guide, "Obtain the thumbprint for an OpenID Connect identity provider").
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: GithubOidcProviderArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:identity:GithubOidcProvider", name, {}, opts)
        arn = provider_arn(args.account)
        if args.origin is Origin.USE:
            # A read: two stacks that both owned the account's one provider would delete each other's trust.
            provider = aws.iam.OpenIdConnectProvider.get(
                f"{name}-provider", arn, opts=pulumi.ResourceOptions(parent=self)
            )
        else:
            imported = args.origin is Origin.IMPORT
            provider = aws.iam.OpenIdConnectProvider(
                f"{name}-provider",
                url=f"https://{ISSUER}",
                client_id_lists=[AUDIENCE],
                opts=pulumi.ResourceOptions(
                    parent=self,
                    import_=arn if imported else None,
                    retain_on_delete=imported,
                    # bootstrap's ownership tags are its own.
                    ignore_changes=["tags", "tagsAll"] if imported else None,
                ),
            )
        self.arn = provider.arn
        self.register_outputs({"arn": self.arn})
