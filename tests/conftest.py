"""What holds for every test."""

from hypothesis import HealthCheck, settings

# A busy machine is no mistake in the code: a property is not given up because one example took long.
settings.register_profile("slipway", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slipway")
