"""`python -m slipway`: the command, where only the interpreter is at hand."""

from slipway.cli import main

if __name__ == "__main__":
    main()
