"""Mistakes of packages: files that are not there, releases of what nobody builds."""

from collections.abc import Iterator

from slipway.platform.files import helm_values, require_chart
from slipway.platform.helm_values import parameter_tier
from slipway.platform.mistakes import Mistake, Place, tried
from slipway.platform.rules.draft import Draft
from slipway.platform.services import Package


def package_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Every mistake of a package that its own file does not show."""
    packages: dict[str, tuple[Place, Package]] = {}
    for name, service in draft.settings.services.items():
        for package, block in service.packages_of(name).items():
            place = draft.service(name)
            packages[package] = (place / "packages" / package if service.packages else place, block)
    for place, package in packages.values():
        yield from _files(draft, place, package)
    if len(draft.settings.services) == len(draft.service_names):
        yield from _releases(draft, packages)


def _files(draft: Draft, place: Place, package: Package) -> Iterator[Mistake]:
    values, chart, root = package.values, package.chart, draft.root
    if values is not None:
        yield from tried(place / "values", values, lambda: parameter_tier(helm_values(values, root), values))
    if chart is not None:
        yield from tried(place / "chart", chart, lambda: require_chart(chart, root))


def _releases(draft: Draft, packages: dict[str, tuple[Place, Package]]) -> Iterator[Mistake]:
    """Releases of the platform's own program, which only `local` has."""
    held = {(service, environment) for service, _, environment, _, _ in draft.held()}
    environments = {environment for _, environment in held}
    for name, releases in draft.settings.local.releases.items():
        where = draft.places["local"] / "releases" / name
        if name not in packages:
            yield Mistake(where, f"a release of '{name}'", f"a package ({', '.join(packages)})")
            continue
        place, package = packages[name]
        if package.chart is None:
            yield Mistake(place / "chart", "nothing", f"a chart in this repository: {where} releases it")
        for environment, images in releases.items():
            if environment not in environments:
                expected = f"an environment of this stack ({', '.join(sorted(environments))})"
                yield Mistake(where / environment, f"a release in '{environment}'", expected)
            if draft.is_wrong(place / "images"):
                continue
            for image in images:
                if image not in package.images:
                    expected = f"an image of the package ({', '.join(package.images)})"
                    yield Mistake(where / environment / image, "an image that nobody builds", expected)
