"""The rehearsal on the stack as `make up` makes it: the program's own roles, queues and functions."""

import json

import pytest

from tests.program.conftest import Project


@pytest.mark.slow
def test_every_promise_holds_on_the_local_stack(cloud: Project) -> None:
    assert cloud.result("up", "local", "--yes")["ok"]
    losses = ("--drop", "20%", "--duplicate", "20%", "--reorder")
    done = cloud.run("runners", "simulate", "--jobs", "20", *losses, "--json", timeout=1000)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    broken = [words for words, held in told["promises"].items() if not held]
    assert broken == [], json.dumps(told, indent=1)
    assert done.returncode == 0
    assert (told["done"], told["events"]["dropped"] > 0) == (20, True)
    # A search that has looked at nothing finds nothing. The buckets are new, and the queues empty in the end.
    unseen = {store for store, count in told["search"]["looked_at"].items() if not count}
    assert unseen <= {"objects", "messages"}
