"""What comes after bootstrap, as commands to be copied."""

from slipway.bootstrap.plan import BootstrapPlan


def commands(plan: BootstrapPlan) -> tuple[str, ...]:
    """In order: keep the stack file, give the first job its environment, and what that job runs."""
    return (*keep(plan), *environment(plan), *first_job(plan))


def keep(plan: BootstrapPlan) -> tuple[str, ...]:
    """Whoever ran bootstrap: the stack file says where the state is, so it goes to main."""
    file = f"Pulumi.{plan.stack}.yaml"
    return (f"git add {file}", f"git commit -m 'Point {plan.stack} at its state'", "git push")


def environment(plan: BootstrapPlan) -> tuple[str, ...]:
    """An administrator of the platform's repository: the environment that the apply role trusts.

    Source: https://docs.github.com/en/rest/deployments/environments and .../actions/variables.
    """
    path = f"repos/{plan.role.repository}/environments/{plan.role.environment}"
    return (
        f"gh api --method PUT {path} "
        "-F 'deployment_branch_policy[protected_branches]=false' "
        "-F 'deployment_branch_policy[custom_branch_policies]=true'",
        f"gh api --method POST {path}/deployment-branch-policies -f name=main",
        f"gh api --method POST {path}/variables -f name=AWS_ROLE_ARN -f value={plan.role.arn}",
        f"gh api --method POST {path}/variables -f name=AWS_REGION -f value={plan.region}",
        f"gh api --method POST {path}/variables -f name=PULUMI_BACKEND_URL -f value='{plan.backend}'",
    )


def first_job(plan: BootstrapPlan) -> tuple[str, ...]:
    """The job in that environment, as the apply role. The stack file holds the sealed key already; the same
    address on the command line makes Pulumi keep it, where none would make it ask for a passphrase.
    """
    return (
        f"pulumi login '{plan.backend}'",
        f"pulumi stack init {plan.stack} --secrets-provider '{plan.secrets_provider}'",
        f"slipway up {plan.stack}",
    )
