"""What comes after bootstrap, as commands to be copied."""

from slipway.bootstrap.plan import BootstrapPlan


def commands(plan: BootstrapPlan) -> tuple[str, ...]:
    """In order: give the first job its environment, keep the stack file, and what that job runs.

    The push starts the job, and an environment that a job names and nobody has made GitHub makes open to all.
    """
    return (*environment(plan), *keep(plan), *first_job(plan))


def rehearsed(plan: BootstrapPlan) -> tuple[str, ...]:
    """What goes on with a rehearsal, which has nothing to commit: the first apply, on the stand-in too."""
    return (f"slipway up {plan.stack} --root .slipway/rehearsal",)


def keep(plan: BootstrapPlan) -> tuple[str, ...]:
    """Whoever ran bootstrap: the stack file says where the state is, so it goes to main."""
    file = f"Pulumi.{plan.stack}.yaml"
    message = f"Point {plan.stack} at its state"
    return (f"git add {file}", f"git diff --cached --quiet || git commit -m '{message}'", "git push")


def environment(plan: BootstrapPlan) -> tuple[str, ...]:
    """An administrator of the platform's repository: what `slipway bootstrap STACK --github` does.

    Each can be run again. GitHub puts an environment whole, so that its reviewers are in the same call, and
    what else somebody set there is lost; a branch that is there already is left alone. Its fields are
    all `-F`: gh reads every `-f` first, which would tear a second reviewer's type from its id
    (https://cli.github.com/manual/gh_api).
    """
    repository, name, more = plan.role.repository, plan.role.environment, plan.github.plan_environment
    path = f"repos/{repository}/environments/{name}"
    closed = (
        "-F 'deployment_branch_policy[protected_branches]=false' "
        "-F 'deployment_branch_policy[custom_branch_policies]=true'"
    )
    policies = f"{path}/deployment-branch-policies"
    reviewers = "".join(f" {_reviewer(repository, one)}" for one in plan.github.reviewers)
    if reviewers:
        reviewers += " -F prevent_self_review=true -F can_admins_bypass=false"
    return (
        f"gh api --method PUT {path} {closed}{reviewers}",
        *(
            f"gh api {policies} --jq '.branch_policies[].name' | grep -qx {branch} || "
            f"gh api --method POST {policies} -f name={branch}"
            for branch in plan.github.branches
        ),
        *(
            f"gh variable set {variable} --repo {repository} --env {name} --body '{value}'"
            for variable, value in plan.variables.items()
        ),
        f"gh api repos/{repository}/environments/{more} "
        "--jq .deployment_branch_policy.custom_branch_policies | grep -qx true || "
        f"gh api --method PUT repos/{repository}/environments/{more} {closed}",
    )


def _reviewer(repository: str, name: str) -> str:
    """A reviewer as an argument; GitHub takes their numbers, which it is asked for."""
    kind, _, who = name.partition(":")
    place = f"orgs/{repository.partition('/')[0]}/teams/{who}" if kind == "team" else f"users/{who}"
    return f"-F 'reviewers[][type]={kind.title()}' -F \"reviewers[][id]=$(gh api {place} --jq .id)\""


def first_job(plan: BootstrapPlan) -> tuple[str, ...]:
    """The job in that environment, as the apply role. The stack file holds the sealed key already; the same
    address on the command line makes Pulumi keep it, where none would make it ask for a passphrase.
    """
    return (
        f"pulumi login '{plan.backend}'",
        f"pulumi stack init {plan.stack} --secrets-provider '{plan.secrets_provider}'",
        f"slipway up {plan.stack}",
    )
