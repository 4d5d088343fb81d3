"""Mistakes of the runners' chain: it is one service's, ends where something is, and says what it skips."""

from collections.abc import Iterator

from slipway.platform.environments import meaning, reviewers_named
from slipway.platform.mistakes import Mistake, Place, nearest
from slipway.platform.organization import Chain
from slipway.platform.rules.draft import Draft
from slipway.platform.services import JobKind, ServiceSettings


def chain_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Every mistake in `cicd_chain`, and in the classes that opt in to it."""
    if not draft.knows_the_organization:
        return
    for name, chain in draft.settings.organization.cicd_chain.items():
        place, service = draft.organization / "cicd_chain" / name, draft.settings.services.get(name)
        if service is not None:
            yield from _environments(draft, place, name, service, chain)
        elif name not in draft.service_names:
            known = ", ".join(draft.service_names) or "none yet"
            yield Mistake(place, repr(name), f"a service ({known})")
    if len(draft.settings.services) == len(draft.service_names):
        yield from _classes(draft)


def _environments(
    draft: Draft, place: Place, name: str, service: ServiceSettings, chain: Chain
) -> Iterator[Mistake]:
    named = [("environments", *item) for item in enumerate(chain.environments)]
    named += [("without_review", *item) for item in enumerate(chain.without_review)]
    seen: set[str] = set()
    for key, index, environment in named:
        where, found = place / key / index, repr(environment)
        block = service.environments.get(environment)
        if block is None:
            known = ", ".join(service.environments)
            expected = f"an environment of services/{name}.yaml ({known})"
            yield Mistake(where, found, expected, nearest(environment, service.environments))
            continue
        kinds = set(meaning(environment, block).jobs)
        reviewers = reviewers_named(draft.settings, environment, block)
        if not kinds & {JobKind.BUILD, JobKind.CHART, JobKind.DEPLOY}:
            yield Mistake(where, found, "an environment that builds or deploys")
        elif environment in seen:
            yield Mistake(where, f"{found} twice", "each environment once")
        elif reviewers and key == "environments":
            expected = (
                f"it under 'without_review': {', '.join(reviewers)} must approve it, "
                "and are not asked when a job comes this way"
            )
            yield Mistake(where, found, expected)
        elif not reviewers and key == "without_review":
            yield Mistake(where, found, "it under 'environments': nobody reviews it")
        seen.add(environment)


def _classes(draft: Draft) -> Iterator[Mistake]:
    runners, chains = draft.settings.platform.runners, draft.settings.organization.cicd_chain
    if not draft.settings.stack.builds or not draft.knows_the_platform:
        return
    services = {block.repository.lower(): name for name, block in draft.settings.services.items()}
    entered: set[str] = set()
    for name, runner_class in (runners.classes if runners else {}).items():
        if not runner_class.cicd:
            continue
        place = draft.platform / "runners" / "classes" / name
        slug, *others = runner_class.repositories
        if others:
            expected = "one repository beside 'cicd: true': jobs of each could deploy the others' services"
            yield Mistake(place / "repositories", f"{len(others) + 1} repositories", expected)
            continue
        service = services.get(slug.lower())
        if service is None:
            yield Mistake(place / "cicd", "true", "false, or the repository of a service")
        elif service not in chains:
            expected = f"false, or '{service}' in 'cicd_chain' of {draft.organization}"
            yield Mistake(place / "cicd", "true", expected)
        else:
            entered.add(service)
    for service in set(chains) & set(services.values()) - entered:
        expected = (
            f"a runner class with 'cicd: true' for {draft.settings.services[service].repository}: "
            "IAM refuses to trust a role that nobody makes"
        )
        where = draft.organization / "cicd_chain" / service
        yield Mistake(where, "a chain that no runner class enters", expected)
