"""`python -m slipway.localcloud.providers <package> <engine address>`: one provider as a Pulumi plugin."""

import sys

from slipway.errors import SlipwayError
from slipway.localcloud.providers import PACKAGES, provider
from slipway.localcloud.providers.plugin import serve


def main(arguments: list[str]) -> int:
    """Serve until the engine ends the process; 2 where the package is missing or unknown."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(
            f"usage: python -m slipway.localcloud.providers {{{','.join(PACKAGES)}}} ENGINE-ADDRESS",
            file=sys.stderr,
        )
        return 0 if arguments else 2
    try:
        serve(arguments[0], provider(arguments[0]), arguments[1:])
    except SlipwayError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
