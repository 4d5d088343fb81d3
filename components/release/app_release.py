"""One service in one namespace: a Helm release that waits, migrates first and never hides a failure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

from components.release.values import ImageReference, release_values
from slipway.errors import SlipwayError

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LONGEST_NAMESPACE = 63
# Helm's own limit, since a release's name becomes part of other names:
# https://helm.sh/docs/chart_template_guide/getting_started
_LONGEST_RELEASE = 53
_LONGEST_TIMEOUT_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class AppReleaseArgs:
    """What is released, where, and how long it may take.

    `chart` is a folder, an archive, an `oci://` reference, or a name in `repository_url`; `version` is the
    chart's. `images` maps each image of the chart to its pin. `timeout_seconds` bounds each of Helm's waits;
    `revisions_kept` is how far back a rollback can go.
    """

    release_name: str
    namespace: str
    chart: str
    images: Mapping[str, ImageReference]
    version: str | None = None
    repository_url: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    timeout_seconds: int = 600
    revisions_kept: int = 10

    def __post_init__(self) -> None:
        """Raise SlipwayError for names that Kubernetes or Helm refuse, no images, limits without effect."""
        where = f"release {self.release_name!r} in {self.namespace!r}"
        for what, name, longest in (
            ("a release's name", self.release_name, _LONGEST_RELEASE),
            ("a namespace", self.namespace, _LONGEST_NAMESPACE),
        ):
            if len(name) > longest or not _DNS_LABEL.fullmatch(name):
                raise SlipwayError(
                    f"{name!r} cannot be {what}",
                    where=where,
                    fix=f"use a to z, 0 to 9 and -, at most {longest}",
                )
        if not self.images:
            raise SlipwayError("a release names the images that it runs", where=where)
        if not 1 <= self.timeout_seconds <= _LONGEST_TIMEOUT_SECONDS:
            raise SlipwayError(
                f"a timeout of {self.timeout_seconds} seconds; 1 to {_LONGEST_TIMEOUT_SECONDS}", where=where
            )
        # 0 means no limit to Helm, and one revision leaves nothing to go back to.
        if self.revisions_kept < 2:
            raise SlipwayError(f"{self.revisions_kept} revisions kept; at least 2", where=where)
        release_values(self.images, self.values)


class AppRelease(pulumi.ComponentResource):
    """A Helm release of pinned images.

    Migrations run as the chart's pre-upgrade hook, so hooks are always on. On an update pulumi-kubernetes
    takes `disable_crd_hooks` for "no hooks at all" and ignores `disable_webhooks`, on an install the other
    way round (its helm_release.go, read at 4.32), so both are said to be off.

    The release is not atomic, and a failed upgrade is left as it is: Helm's own rollback would delete the
    new pods with their logs and run the hooks of the older version against the newer schema. Whoever
    deploys reads the logs first and then goes back. The namespace and its rights are the platform's; Helm
    makes neither.
    """

    release_id: pulumi.Output[str]
    release_name: str
    namespace: str

    def __init__(self, name: str, args: AppReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:release:AppRelease", name, {}, opts)
        repository = RepositoryOptsArgs(repo=args.repository_url) if args.repository_url else None
        release = Release(
            f"{name}-release",
            name=args.release_name,
            namespace=args.namespace,
            chart=args.chart,
            version=args.version,
            repository_opts=repository,
            values=release_values(args.images, args.values),
            atomic=False,
            cleanup_on_fail=False,
            create_namespace=False,
            disable_crd_hooks=False,
            disable_webhooks=False,
            force_update=False,
            max_history=args.revisions_kept,
            skip_await=False,
            timeout=args.timeout_seconds,
            wait_for_jobs=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.release_id = release.id
        self.release_name = args.release_name
        self.namespace = args.namespace
        self.register_outputs(
            {
                "releaseId": self.release_id,
                "releaseName": self.release_name,
                "namespace": self.namespace,
            }
        )
