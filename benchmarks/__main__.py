"""`python -m benchmarks`: every promised speed, as ratios measured in one run. Exit 1 if one is not kept."""

import sys

from benchmarks import preview, scaling, second_up


def main() -> int:
    """Run all of them."""
    kept = True
    for title, measure in (
        ("Offline preview of prod against the Pulumi CLI", preview.measure),
        ("Time per resource at 100 and at 5,000 resources", scaling.measure),
        ("A second up without changes (embedded engine)", second_up.measure),
    ):
        print(title)
        answer = measure()
        print("  " + {True: "kept", False: "NOT KEPT", None: "not measured"}[answer])
        kept = kept and answer is not False
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
