"""What it takes on a real stack to clear up after a killed run: the backend's locks, GitHub's runs, a lookup.

`slipway.engine.interruption` knows what a killed run leaves and what becomes of it; here is who can tell.
"""

from slipway.recovery.locks import BackendLocks
from slipway.recovery.lookup import ProviderLookup
from slipway.recovery.runs import Runs

__all__ = ["BackendLocks", "ProviderLookup", "Runs"]
