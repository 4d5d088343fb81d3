"""`python -m benchmarks [NAME ...]`: the promised speeds, each beside its limit, or those named.

Exit status: 0 kept; 1 one is not kept; 2 there is no such benchmark.
"""

import sys

from benchmarks import (
    access,
    affected,
    burst,
    comment,
    dashboard,
    gate,
    makespan,
    planner,
    preview,
    scaling,
    second_up,
    webhook,
)

BENCHMARKS = {
    "preview": ("Offline preview of prod against the Pulumi CLI", preview.measure),
    "access": ("Who may do what, and what a change newly allows", access.measure),
    "affected": ("Which of 10,000 stacks a change concerns", affected.measure),
    "dashboard": ("The dashboard of 10,000 stacks", dashboard.measure),
    "gate": ("Whether a change may be merged, among 10,000 stacks", gate.measure),
    "scaling": ("Time per resource at 100 and at 5,000 resources", scaling.measure),
    "second_up": ("A second up without changes (embedded engine)", second_up.measure),
    "webhook": ("The webhook function", webhook.measure),
    "planner": ("The planner's decision", planner.measure),
    "comment": ("The comment of a plan with 10,000 resources", comment.measure),
    "makespan": ("An apply of many stacks beside its critical path", makespan.measure),
    "burst": ("A burst of 100 jobs", burst.measure),
}


def main(names: list[str]) -> int:
    """Run all of them, or those that are named."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    kept = True
    for name in names or BENCHMARKS:
        title, measure = BENCHMARKS[name]
        print(title, flush=True)
        answer = measure()
        print("  " + {True: "kept", False: "NOT KEPT", None: "not measured"}[answer], flush=True)
        kept = kept and answer is not False
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
