"""A stand-in for GitHub's REST API: the routes the product calls, with the refusals that bite in practice."""
