"""What it takes to clear up on a real stack: a killed run's locks, GitHub's runs, a lookup, interfaces.

`slipway.engine.interruption` knows what a killed run leaves and what becomes of it; here is who can tell.
"""

from slipway.recovery.interfaces import LeftInterfaces
from slipway.recovery.locks import BackendLocks
from slipway.recovery.lookup import ProviderLookup
from slipway.recovery.runs import Runs

__all__ = ["BackendLocks", "LeftInterfaces", "ProviderLookup", "Runs"]
