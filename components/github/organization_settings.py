"""What the platform sets once for a GitHub organisation."""

from dataclasses import dataclass

import pulumi
import pulumi_github as github

from slipway.errors import SlipwayError
from slipway.platform.declaration import Repository
from slipway.platform.protection import GithubPlan, allowances

# The pipeline strategy calls it GITHUB_PRIVATE_ACTIONS_PAT. GitHub refuses that name, because the prefix
# GITHUB_ is its own (https://docs.github.com/en/actions/reference/security/secrets), and "PAT" would
# promise a personal token where an App's or a machine user's does better.
PRIVATE_ACTIONS_SECRET = "PRIVATE_ACTIONS_TOKEN"  # noqa: S105 - a name, not a value


@dataclass(frozen=True, kw_only=True)
class OrganizationSettingsArgs:
    """An organisation and the repositories that take part.

    `repositories` may use the self-hosted runners and read the credential for private actions, which must
    be able to read the private actions repository and nothing else. The token of every workflow in the
    organisation becomes read-only unless the workflow asks for more.
    """

    organization: str
    plan: GithubPlan
    repositories: tuple[Repository, ...] = ()
    runner_group: str | None = "slipway"
    private_actions_token: pulumi.Input[str] | None = None

    def __post_init__(self) -> None:
        """Raise SlipwayError for others' repositories, public ones on our runners, a plan without secrets."""
        where = f"organisation {self.organization}"
        for repository in self.repositories:
            if repository.owner.lower() != self.organization.lower():
                raise SlipwayError(f"{repository.slug} does not belong to {self.organization}", where=where)
            if self.runner_group is not None and repository.visibility == "public":
                raise SlipwayError(
                    f"{repository.slug} is public: anyone's pull request could run on our runners",
                    where=where,
                    fix="leave it out, or set runner_group to none",
                )
            if self.private_actions_token is not None and not (
                allowances(self.plan, repository.visibility).organisation_secrets
            ):
                raise SlipwayError(
                    f"{repository.slug} is {repository.visibility}: on plan {self.plan.value!r} it cannot "
                    "read the organisation's secrets",
                    where=where,
                    fix="leave private_actions_token out, or choose a paid plan",
                )

    @property
    def repository_ids(self) -> list[int]:
        """The repositories' ids in rising order, each once."""
        return sorted({repository.id for repository in self.repositories})


class OrganizationSettings(pulumi.ComponentResource):
    """The organisation's default token, its runner group and the credential for private actions.

    GitHub keeps one set of these for an organisation, so exactly one stack may declare this.
    """

    runner_group_id: pulumi.Output[str] | None

    def __init__(
        self, name: str, args: OrganizationSettingsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:github:OrganizationSettings", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        github.ActionsOrganizationWorkflowPermissions(
            f"{name}-token",
            organization_slug=args.organization,
            default_workflow_permissions="read",
            can_approve_pull_request_reviews=False,
            opts=child,
        )
        self.runner_group_id = None
        if args.runner_group is not None:
            group = github.ActionsRunnerGroup(
                f"{name}-runners",
                name=args.runner_group,
                visibility="selected",
                selected_repository_ids=args.repository_ids,
                allows_public_repositories=False,
                opts=child,
            )
            self.runner_group_id = group.id
        if args.private_actions_token is not None:
            github.ActionsOrganizationSecret(
                f"{name}-private-actions",
                secret_name=PRIVATE_ACTIONS_SECRET,
                visibility="selected",
                selected_repository_ids=args.repository_ids,
                value=args.private_actions_token,
                opts=child,
            )
        self.register_outputs({"runnerGroupId": self.runner_group_id})
