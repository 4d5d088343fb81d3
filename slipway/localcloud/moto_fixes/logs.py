"""moto lets a cluster's log group go for good, which EKS makes again with what it still had to write.

What a cluster logs arrives within minutes, also after its end (EKS User Guide, "Send control plane logs to
CloudWatch Logs"). Such a group has no retention and no tags.
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
from typing import Any

from slipway.platform.naming import cluster_log_group


def patch() -> None:
    from moto.eks.models import eks_backends
    from moto.logs.models import LogsBackend

    backend: Any = LogsBackend
    delete = backend.delete_log_group

    def delete_log_group(this: Any, log_group_name: str) -> None:
        group = this.groups.get(log_group_name)
        delete(this, log_group_name)
        # They go with the group; moto would give them to the next one of its name.
        this.tagger.delete_all_tags_for_resource(group.arn)
        clusters: Any = eks_backends[this.account_id][this.region_name]
        gone: set[str] = getattr(clusters, "deleted_with_logs", set())
        for name in gone:
            if log_group_name == cluster_log_group(name):
                gone.remove(name)
                this.create_log_group(log_group_name, {})
                return

    backend.delete_log_group = delete_log_group
