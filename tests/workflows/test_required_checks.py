"""What main of the platform's repository waits for is what its workflows report."""

from slipway.platform import naming
from slipway.stacks.gate.posting import CONTEXT
from tests.workflows.workflows import ours


def test_each_check_is_a_job_that_every_pull_request_runs() -> None:
    jobs = {
        str(job.get("name", key))
        for one in ours()
        if "pull_request" in one.triggers
        for key, job in one.jobs.items()
    }
    assert set(naming.CHECKS) <= jobs


def test_none_of_them_is_left_out_for_some_pull_requests() -> None:
    for one in ours():
        names = {str(job.get("name", key)): job for key, job in one.jobs.items()}
        wanted = {name: job for name, job in names.items() if name in naming.CHECKS}
        if "pull_request" in one.triggers and wanted:
            event = one.content["on"].get("pull_request") if isinstance(one.content["on"], dict) else None
            assert not event, f"{one.name}: where its paths or branches do not fit, nobody reports it"
            assert all("if" not in job for job in wanted.values())


def test_the_gate_says_it_under_the_name_that_is_waited_for() -> None:
    assert naming.GATE_STATUS == CONTEXT
