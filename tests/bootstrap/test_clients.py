"""Bootstrap's clients: all of one session, whose fence `tests/aws/test_session.py` tests."""

from typing import Any

import pytest

from slipway.bootstrap import clients
from slipway.bootstrap.clients import SERVICES, caller, connect
from slipway.errors import SlipwayError
from tests.bootstrap import samples


class Session:
    """What clients are asked of, and with what it was made."""

    def __init__(self, region: str, **given: Any) -> None:
        self.given = {"region": region, **given}

    def client(self, service: str) -> tuple[str, dict[str, Any]]:
        return service, self.given


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", None])
def test_every_client_is_of_the_stacks_region_and_of_one_world(
    endpoint: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "session_with", Session)
    made = vars(connect(samples.ACCOUNT, samples.REGION, endpoint))
    world = {"region": samples.REGION, "endpoint": endpoint, "account": samples.ACCOUNT}
    assert made == {service: (service, world) for service in SERVICES}


def test_who_bootstraps_is_told_which_setting_names_the_account(endpoint: str) -> None:
    found = connect(samples.ACCOUNT, samples.REGION, endpoint)
    assert caller(found, samples.ACCOUNT).startswith(f"arn:aws:sts::{samples.ACCOUNT}")
    with pytest.raises(SlipwayError) as told:
        caller(found, "111111111111")
    assert "slipway:organization.accounts" in told.value.fix
