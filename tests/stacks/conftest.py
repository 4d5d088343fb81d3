from tests.store.conftest import endpoint, opened, sessions, store

__all__ = ["endpoint", "opened", "sessions", "store"]
