"""One realistic sample of every GitHub type."""

from tests.providers.driver import Driver, Made
from tests.providers.life import Sample, plain

SEED = {
    "organizations": [{"login": "acme", "id": 1, "plan": "enterprise"}],
    "users": [{"login": "ada", "id": 11}],
    "teams": [{"organization": "acme", "slug": "release", "id": 21, "members": ["ada"]}],
    "repositories": [
        {"owner": "acme", "name": "app", "id": 31},
        {"owner": "acme", "name": "web", "id": 32},
    ],
}


class World:
    def __init__(self, github: Driver) -> None:
        self._github = github
        self._made: list[Made] = []

    @property
    def environment(self) -> str:
        if not self._made:
            inputs = {
                "repository": "app",
                "environment": "world/one",
                "deploymentBranchPolicy": {"protectedBranches": False, "customBranchPolicies": True},
            }
            token = "github:index/repositoryEnvironment:RepositoryEnvironment"
            self._made.append(self._github.create(token, inputs, "world"))
        return "world/one"

    def clear(self) -> None:
        for made in self._made:
            self._github.delete(made)


PREFIX = "github:index/"

SAMPLES: dict[str, Sample] = {
    "github:index/repositoryEnvironment:RepositoryEnvironment": Sample(
        plain(
            repository="app",
            environment="prod",
            waitTimer=5,
            canAdminsBypass=False,
            preventSelfReview=True,
            reviewers=[{"users": [11], "teams": [21]}],
            deploymentBranchPolicy={"protectedBranches": False, "customBranchPolicies": True},
        ),
        plain(
            waitTimer=0,
            reviewers=[{"teams": [21]}],
            deploymentBranchPolicy={"protectedBranches": True, "customBranchPolicies": False},
        ),
        plain(environment="production"),
    ),
    "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy": Sample(
        lambda w: {"repository": "app", "environment": w.environment, "branchPattern": "main"},
        plain(branchPattern="release/*"),
        plain(branchPattern=None, tagPattern="v*"),
    ),
    "github:index/actionsVariable:ActionsVariable": Sample(
        plain(repository="app", variableName="AWS_REGION", value="eu-west-1"),
        plain(value="eu-central-1"),
        plain(repository="web"),
    ),
    "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable": Sample(
        lambda w: {
            "repository": "app",
            "environment": w.environment,
            "variableName": "HELM_NAMESPACE",
            "value": "app-prod",
        },
        plain(value="app"),
        plain(variableName="OTHER"),
    ),
    "github:index/actionsSecret:ActionsSecret": Sample(
        plain(repository="app", secretName="DEPLOY_KEY", plaintextValue="hush"),
        plain(plaintextValue="hush, hush"),
        plain(repository="web"),
    ),
    "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret": Sample(
        lambda w: {"repository": "app", "environment": w.environment, "secretName": "KEY", "value": "hush"},
        plain(value="hush, hush"),
        plain(secretName="OTHER"),
    ),
    "github:index/actionsOrganizationSecret:ActionsOrganizationSecret": Sample(
        plain(
            secretName="READ_ACTIONS",
            visibility="selected",
            selectedRepositoryIds=[32, 31],
            plaintextValue="hush",
        ),
        plain(visibility="private", selectedRepositoryIds=[]),
        plain(secretName="OTHER"),
    ),
    "github:index/repositoryRuleset:RepositoryRuleset": Sample(
        plain(
            repository="app",
            name="main",
            target="branch",
            enforcement="active",
            conditions={"refName": {"includes": ["~DEFAULT_BRANCH", "refs/heads/release/*"], "excludes": []}},
            bypassActors=[{"actorId": 5, "actorType": "Integration", "bypassMode": "always"}],
            rules={
                "deletion": True,
                "nonFastForward": True,
                "pullRequest": {"requiredApprovingReviewCount": 1, "requireCodeOwnerReview": True},
                "requiredStatusChecks": {
                    "requiredChecks": [{"context": "test"}, {"context": "lint", "integrationId": 15368}],
                    "strictRequiredStatusChecksPolicy": True,
                },
            },
        ),
        plain(enforcement="disabled", rules={"creation": True, "update": True}),
        plain(repository="web"),
        imports=False,
    ),
    "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions": Sample(
        plain(
            repository="app",
            allowedActions="selected",
            shaPinningRequired=True,
            allowedActionsConfig={
                "githubOwnedAllowed": True,
                "verifiedAllowed": False,
                "patternsAlloweds": ["acme/*", "aws-actions/*"],
            },
        ),
        plain(allowedActions="local_only", allowedActionsConfig=None),
        plain(repository="web"),
        stays=True,
    ),
    "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions": Sample(
        plain(repository="app", defaultWorkflowPermissions="read", canApprovePullRequestReviews=False),
        plain(canApprovePullRequestReviews=True),
        plain(repository="web"),
        stays=True,
    ),
    "github:index/actionsOrganizationPermissions:ActionsOrganizationPermissions": Sample(
        plain(
            enabledRepositories="selected",
            enabledRepositoriesConfig={"repositoryIds": [32, 31]},
            allowedActions="selected",
            allowedActionsConfig={
                "githubOwnedAllowed": True,
                "patternsAlloweds": ["acme/*"],
                "verifiedAllowed": False,
            },
        ),
        plain(enabledRepositories="all", enabledRepositoriesConfig=None, shaPinningRequired=True),
        None,
        stays=True,
    ),
    "github:index/actionsOrganizationWorkflowPermissions:ActionsOrganizationWorkflowPermissions": Sample(
        plain(organizationSlug="acme", defaultWorkflowPermissions="read"),
        plain(canApprovePullRequestReviews=True),
        plain(organizationSlug="other"),
        stays=True,
    ),
    "github:index/actionsRunnerGroup:ActionsRunnerGroup": Sample(
        plain(name="builders", visibility="selected", selectedRepositoryIds=[32, 31]),
        plain(
            name="deployers",
            visibility="all",
            selectedRepositoryIds=[],
            restrictedToWorkflows=True,
            selectedWorkflows=["acme/app/.github/workflows/ci.yml@refs/heads/main"],
        ),
        None,
    ),
    "github:index/issueLabel:IssueLabel": Sample(
        plain(repository="app", name="deploy/qa1", color="00ff00", description="Deploy"),
        plain(name="Deploy/QA2", color="ff0000", description=""),
        plain(repository="other"),
    ),
}
