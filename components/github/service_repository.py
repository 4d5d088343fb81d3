"""What GitHub holds for one service: environments, variables, rules, labels; the repository is not ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_github as github

from components.github.environment import ServiceEnvironment, ServiceEnvironmentArgs
from components.github.labels import Label, delivery_labels
from components.github.rulesets import rulesets
from slipway.errors import SlipwayError
from slipway.platform.declaration import Repository
from slipway.platform.protection import Enforcement, GithubPlan, check_enforcement
from slipway.platform.variable_names import check_name, check_slugs_differ, slug


@dataclass(frozen=True, kw_only=True)
class RepositorySettings:
    """What holds for the whole repository; given by exactly one stack, the others only make environments.

    `variables` come from `repository_variables`. `enforcement` switches the rulesets and, when active, the
    read-only default token and SHA pinning on; it stays off until the repository's workflows are there.
    `standing_labels` are the names, in lower case, of the labels that the repository has already: they are
    taken over. `required_checks` are reported by GitHub Actions, `app_checks` by the platform's App and
    nobody else. `app_id` is that App, `release_teams` the slugs of the teams that may publish a release.
    """

    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    labels: tuple[Label, ...] = field(default_factory=delivery_labels)
    standing_labels: frozenset[str] = frozenset()
    enforcement: Enforcement = Enforcement.OFF
    required_checks: tuple[str, ...] = ()
    app_checks: tuple[str, ...] = ()
    required_approvals: int = 1
    app_id: int | None = None
    release_teams: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise SlipwayError for names that GitHub refuses and for approvals beyond what a ruleset takes."""
        for name in self.variables:
            check_name(name)
        for name in self.secrets:
            check_name(name, kind="secret")
        check_slugs_differ((label.name for label in self.labels), "labels")
        # https://docs.github.com/en/rest/repos/rules#create-a-repository-ruleset
        if not 0 <= self.required_approvals <= 10:
            raise SlipwayError(
                f"{self.required_approvals} approvals; GitHub takes 0 to 10", where="required_approvals"
            )


@dataclass(frozen=True, kw_only=True)
class ServiceRepositoryArgs:
    """A service's repository, and those of its environments that the stack holds."""

    repository: Repository
    plan: GithubPlan
    environments: tuple[ServiceEnvironmentArgs, ...] = ()
    settings: RepositorySettings | None = None

    def __post_init__(self) -> None:
        """Raise SlipwayError for an environment given twice or of another, and for rules not in the plan."""
        for environment in self.environments:
            if (environment.repository, environment.plan) != (self.repository, self.plan):
                raise SlipwayError(
                    f"environment {environment.rules.name!r} is one of {environment.repository.slug} on the "
                    f"plan {environment.plan.value!r}",
                    where=self.repository.slug,
                )
        names = [environment.rules.name for environment in self.environments]
        for name in names:
            if names.count(name) > 1:
                raise SlipwayError(f"environment {name!r} is given twice", where=self.repository.slug)
        check_slugs_differ(names, self.repository.slug)
        if self.settings is not None:
            check_enforcement(
                self.settings.enforcement,
                self.plan,
                self.repository.visibility,
                app_id=self.settings.app_id,
                where=self.repository.slug,
            )


class ServiceRepository(pulumi.ComponentResource):
    """Everything in GitHub that one service needs, in a repository that is looked up and never owned.

    The repository's numeric id is compared with the declared one, so that a preview fails when a name was
    taken over by another repository. Resources carry its plain name: a preview without credentials can then
    show them.
    """

    id_checked: pulumi.Output[int]
    environments: tuple[str, ...]

    def __init__(
        self, name: str, args: ServiceRepositoryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:github:ServiceRepository", name, {}, opts)
        repository = args.repository
        found = github.get_repository_output(
            full_name=repository.slug, opts=pulumi.InvokeOptions(parent=self)
        ).repo_id
        self.id_checked = found.apply(lambda repo_id: _same_repository(repository, repo_id))
        for environment in args.environments:
            ServiceEnvironment(
                f"{name}-{slug(environment.rules.name)}",
                environment,
                opts=pulumi.ResourceOptions(parent=self),
            )
        if args.settings is not None:
            self._values(name, args, args.settings)
            self._labels(name, repository, args.settings)
            if args.settings.enforcement is not Enforcement.OFF:
                self._rulesets(name, repository, args.settings)
            if args.settings.enforcement is Enforcement.ACTIVE:
                self._actions(name, repository)
        self.environments = tuple(environment.rules.name for environment in args.environments)
        self.register_outputs({"idChecked": self.id_checked, "environments": list(self.environments)})

    def _values(self, name: str, args: ServiceRepositoryArgs, settings: RepositorySettings) -> None:
        child = pulumi.ResourceOptions(parent=self)
        for variable, value in settings.variables.items():
            github.ActionsVariable(
                f"{name}-variable-{slug(variable)}",
                repository=args.repository.name,
                variable_name=variable,
                value=value,
                opts=child,
            )
        for secret, value in settings.secrets.items():
            github.ActionsSecret(
                f"{name}-secret-{slug(secret)}",
                repository=args.repository.name,
                secret_name=secret,
                value=value,
                opts=child,
            )

    def _labels(self, name: str, repository: Repository, settings: RepositorySettings) -> None:
        for label in settings.labels:
            # GitHub refuses a second label of a name, whatever its case, and gives each new repository nine:
            # https://docs.github.com/en/issues/using-labels-and-milestones-to-track-work/managing-labels
            stands = label.name.lower() in settings.standing_labels
            github.IssueLabel(
                f"{name}-label-{slug(label.name)}",
                repository=repository.name,
                name=label.name,
                color=label.color,
                description=label.description,
                # Deleting a label takes it off every issue and pull request that ever had it, and some of
                # these (documentation) may have been the team's before they were ours.
                opts=pulumi.ResourceOptions(
                    parent=self,
                    retain_on_delete=True,
                    import_=f"{repository.name}:{label.name}" if stands else None,
                ),
            )

    def _rulesets(self, name: str, repository: Repository, settings: RepositorySettings) -> None:
        if settings.app_id is None:  # pragma: no cover - refused by check_enforcement
            return
        lookup = pulumi.InvokeOptions(parent=self)
        teams = tuple(
            github.get_team_output(slug=team, summary_only=True, opts=lookup).id.apply(int)
            for team in settings.release_teams
        )
        for ruleset in rulesets(
            app_id=settings.app_id,
            checks=settings.required_checks,
            app_checks=settings.app_checks,
            approvals=settings.required_approvals,
            release_teams=teams,
        ):
            github.RepositoryRuleset(
                f"{name}-ruleset-{ruleset.key}",
                repository=repository.name,
                name=ruleset.name,
                target=ruleset.target,
                enforcement=settings.enforcement.value,
                conditions=github.RepositoryRulesetConditionsArgs(
                    ref_name=github.RepositoryRulesetConditionsRefNameArgs(
                        includes=list(ruleset.includes), excludes=[]
                    )
                ),
                rules=ruleset.rules,
                bypass_actors=list(ruleset.bypass),
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _actions(self, name: str, repository: Repository) -> None:
        child = pulumi.ResourceOptions(parent=self)
        github.WorkflowRepositoryPermissions(
            f"{name}-token",
            repository=repository.name,
            default_workflow_permissions="read",
            can_approve_pull_request_reviews=False,
            opts=child,
        )
        github.ActionsRepositoryPermissions(
            f"{name}-actions",
            repository=repository.name,
            enabled=True,
            allowed_actions="all",
            sha_pinning_required=True,
            opts=child,
        )


def _same_repository(repository: Repository, found: int) -> int:
    if found != repository.id:
        raise SlipwayError(
            f"{repository.slug} has the id {found}, not {repository.id} as declared: another took its name",
            where=repository.slug,
            fix=f"gh api repos/{repository.slug} --jq '.owner.id, .id', and ask who renamed or recreated it",
        )
    return found
