"""By which names the platform's jobs know its GitHub App, and what to do about its key."""

CLIENT_ID = "SLIPWAY_APP_CLIENT_ID"
PRIVATE_KEY = "SLIPWAY_APP_PRIVATE_KEY"
"""The variable and the secret by which the jobs know the App: see .github/workflows/infra-up.yml."""
NEW_KEY = (
    "once every environment is closed, make another on the App's page on GitHub, give it to "
    "`slipway app key < FILE`, and delete the old one there"
)
"""What to do about a key that others could read."""
