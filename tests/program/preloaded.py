"""Imported once by the process that commands are forked from: the SDKs that the program needs, without it.

What is the project's own stays away: a test may have changed it in its clone.
"""

import sys

import infra.program
import slipway.cli.engines
import slipway.cli.session

assert infra.program
assert slipway.cli.engines
assert slipway.cli.session
for name in list(sys.modules):
    if name.partition(".")[0] in ("infra", "components", "runners"):
        del sys.modules[name]
