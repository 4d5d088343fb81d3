"""Mistakes of the runner fleet: classes that do not fit each other, or the repositories that they serve."""

from collections.abc import Iterator, Mapping

from slipway.platform.mistakes import Mistake, Place
from slipway.platform.rules.draft import Draft
from slipway.platform.runner_classes import RunnerClassSettings


def runner_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Every mistake in the block `runners` that concerns more than one value."""
    runners = draft.settings.platform.runners
    if runners is None or not draft.settings.stack.builds:
        return
    place = draft.platform / "runners" / "classes"
    for name, runner_class in runners.classes.items():
        yield from _repositories(draft, place / name / "repositories", runner_class)
    yield from _open_to_ordinary_jobs(place, runners.classes)
    yield from _same_labels(place, runners.classes)


def _repositories(draft: Draft, place: Place, runner_class: RunnerClassSettings) -> Iterator[Mistake]:
    github, services = draft.settings.organization.github, draft.settings.services
    if not draft.knows_the_organization or len(services) < len(draft.service_names):
        return
    known = {service.repository: service.visibility for service in services.values()}
    known[github.repository] = github.visibility
    visibilities = {slug.lower(): visibility for slug, visibility in known.items()}
    for index, slug in enumerate(runner_class.repositories):
        if slug.lower() not in visibilities:
            expected = f"a repository of a service or the platform ({', '.join(sorted(known))})"
            yield Mistake(place / index, repr(slug), expected)
        elif visibilities[slug.lower()] == "public" and not runner_class.public:
            expected = "'public: true' beside it: anyone's pull request could run on these instances"
            yield Mistake(place / index, f"{slug!r}, which is public", expected)


def _open_to_ordinary_jobs(place: Place, classes: Mapping[str, RunnerClassSettings]) -> Iterator[Mistake]:
    """Jobs of an ordinary class whose labels an instance with the CICD role has: it may be handed them."""
    for name, chained in classes.items():
        if not chained.cicd:
            continue
        for other, plain in classes.items():
            shared = _slugs(plain) & _slugs(chained)
            if not plain.cicd and shared and plain.label_set <= chained.label_set:
                found = f"every label of the class {other!r}, whose jobs could so get the CICD role"
                yield Mistake(place / name / "labels", found, f"without one of {sorted(plain.label_set)}")


def _same_labels(place: Place, classes: Mapping[str, RunnerClassSettings]) -> Iterator[Mistake]:
    """Classes that a job of one repository finds by the same labels, whose case GitHub ignores."""
    taken: dict[tuple[frozenset[str], str], str] = {}
    for name, runner_class in classes.items():
        others = {taken.setdefault((runner_class.label_set, slug), name) for slug in _slugs(runner_class)}
        for other in sorted(others - {name}):
            found = f"those of the class {other!r}, for the same repository"
            yield Mistake(place / name / "labels", found, "a label of its own")


def _slugs(runner_class: RunnerClassSettings) -> set[str]:
    return {slug.lower() for slug in runner_class.repositories}
