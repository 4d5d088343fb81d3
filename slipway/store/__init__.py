"""Objects that are written on a condition, and leases that stand on them.

    store = S3Store(connect("eu-west-1"), "acme-slipway-plans", account="111111111111")
    store.put_once("plans/prod/4f2c/manifest.json", content)       # once and for all
    entry = store.get("stacks/prod/summary.json")
    store.update("stacks/prod/summary.json", newer, entry.version)   # only if nobody else did meanwhile

    leases = Leases(store)
    lease = leases.acquire("leases/prod.json", owner="acme/platform/runs/812/1", seconds=120)
    leases.write("stacks/prod/last.json", content, lease)            # refused once another holds the lease

    with hold(leases, "leases/prod.json", owner="acme/platform/runs/812/1") as held:
        ...                                         # renewed; this process is ended where it cannot be

Three stores keep one contract, which `tests/store/test_contract.py` holds them to: `S3Store`, `FolderStore`
for one machine, `MemoryStore` for tests. Nothing here deletes: what is to go has a lifecycle rule of its own.
"""

from slipway.store.contract import Entry, KeyTaken, Store, VersionChanged
from slipway.store.folder import FolderStore
from slipway.store.holding import Held, hold
from slipway.store.leases import Lease, LeaseHeld, LeaseLost, Leases
from slipway.store.memory import MemoryStore
from slipway.store.s3 import S3Store

__all__ = [
    "Entry",
    "FolderStore",
    "Held",
    "KeyTaken",
    "Lease",
    "LeaseHeld",
    "LeaseLost",
    "Leases",
    "MemoryStore",
    "S3Store",
    "Store",
    "VersionChanged",
    "hold",
]
