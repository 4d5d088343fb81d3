"""Resource types of GitHub."""

from slipway.platform.resource_types.row import ResourceType, names

_TERRAFORM = "integrations/terraform-provider-github github"

# Of a repository with another name, the provider looks whether its id is the same: then it is no new object
# (util_diff.go, diffRepository). That the id is the same is checked before anything is declared.
TYPES = (
    ResourceType(
        token="github:index/repositoryEnvironment:RepositoryEnvironment",
        source=f"{_TERRAFORM}/resource_github_repository_environment.go",
        replace_on=names("environment"),
        computed=names("repositoryId"),
        required=names("environment repository"),
        unordered=names("reviewers.teams reviewers.users"),
    ),
    ResourceType(
        token="github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy",
        source=f"{_TERRAFORM}/resource_github_repository_environment_deployment_policy.go",
        replace_on=names("environment"),
        computed=names("policyId repositoryId"),
        required=names("environment repository"),
    ),
    ResourceType(
        token="github:index/issueLabel:IssueLabel",
        source=f"{_TERRAFORM}/resource_github_issue_label.go",
        replace_on=names("repository"),
        computed=names("etag url"),
        required=names("color name repository"),
    ),
    ResourceType(
        token="github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions",
        source=f"{_TERRAFORM}/resource_github_actions_repository_permissions.go",
        computed=names("allowedActions shaPinningRequired"),
        required=names("repository"),
        unordered=names("allowedActionsConfig.patternsAlloweds"),
    ),
    ResourceType(
        token="github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions",
        source=f"{_TERRAFORM}/resource_github_workflow_repository_permissions.go",
        computed=names("canApprovePullRequestReviews defaultWorkflowPermissions"),
        required=names("repository"),
    ),
    ResourceType(
        token="github:index/actionsOrganizationPermissions:ActionsOrganizationPermissions",
        source=f"{_TERRAFORM}/resource_github_actions_organization_permissions.go",
        computed=names("allowedActions shaPinningRequired"),
        required=names("enabledRepositories"),
        unordered=names("allowedActionsConfig.patternsAlloweds enabledRepositoriesConfig.repositoryIds"),
    ),
    ResourceType(
        token="github:index/actionsOrganizationWorkflowPermissions:ActionsOrganizationWorkflowPermissions",
        source=f"{_TERRAFORM}/resource_github_actions_organization_workflow_permissions.go",
        replace_on=names("organizationSlug"),
        required=names("organizationSlug"),
    ),
    ResourceType(
        token="github:index/repositoryRuleset:RepositoryRuleset",
        source=f"{_TERRAFORM}/resource_github_repository_ruleset.go",
        computed=names(
            "etag nodeId rulesetId "
            # GitHub fills these in where nothing is said of them.
            "rules.pullRequest.allowedMergeMethods rules.pullRequest.requiredReviewers"
        ),
        required=names("enforcement repository rules target"),
        # The first is a list upstream, of which a DiffSuppressFunc compares the sorted actors.
        unordered=names("bypassActors rules.requiredStatusChecks.requiredChecks"),
    ),
    ResourceType(
        token="github:index/actionsRunnerGroup:ActionsRunnerGroup",
        source=f"{_TERRAFORM}/resource_github_actions_runner_group.go",
        computed=names("default etag inherited runnersUrl selectedRepositoriesUrl"),
        required=names("visibility"),
        unordered=names("selectedRepositoryIds"),
    ),
    ResourceType(
        token="github:index/actionsSecret:ActionsSecret",
        source=f"{_TERRAFORM}/resource_github_actions_secret.go",
        replace_on=names("secretName"),
        computed=names("createdAt keyId remoteUpdatedAt repositoryId updatedAt"),
        required=names("repository secretName"),
        secret=names("encryptedValue plaintextValue value valueEncrypted"),
    ),
    ResourceType(
        token="github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
        source=f"{_TERRAFORM}/resource_github_actions_environment_secret.go",
        replace_on=names("environment secretName"),
        computed=names("createdAt keyId remoteUpdatedAt repositoryId updatedAt"),
        required=names("environment repository secretName"),
        secret=names("encryptedValue plaintextValue value valueEncrypted"),
    ),
    ResourceType(
        token="github:index/actionsOrganizationSecret:ActionsOrganizationSecret",
        source=f"{_TERRAFORM}/resource_github_actions_organization_secret.go",
        replace_on=names("secretName"),
        computed=names("createdAt keyId remoteUpdatedAt updatedAt"),
        required=names("secretName visibility"),
        unordered=names("selectedRepositoryIds"),
        secret=names("encryptedValue plaintextValue value valueEncrypted"),
    ),
    ResourceType(
        token="github:index/actionsVariable:ActionsVariable",
        source=f"{_TERRAFORM}/resource_github_actions_variable.go",
        replace_on=names("variableName"),
        computed=names("createdAt repositoryId updatedAt"),
        required=names("repository value variableName"),
    ),
    ResourceType(
        token="github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable",
        source=f"{_TERRAFORM}/resource_github_actions_environment_variable.go",
        replace_on=names("environment variableName"),
        computed=names("createdAt repositoryId updatedAt"),
        required=names("environment repository value variableName"),
    ),
)
