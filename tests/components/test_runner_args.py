"""What a fleet is given that AWS would refuse, or that does not fit its classes, is refused first."""

from typing import Any

import pytest

from slipway.errors import SlipwayError
from tests.components.samples_runners import fleet_args, runner_class

BAD_FLEETS: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"fleet": "Automation"}, "cannot be a fleet's name"),
    "account": ({"account": "1"}, "is no AWS account"),
    "region": ({"region": "europe"}, "is no AWS region"),
    "boundary": ({"boundary_arn": "none"}, "is no permissions boundary"),
    "cicd": ({"cicd_role_arns": {"deploy": "arn:aws:iam::111111111111:role/*"}}, "no exact role ARN"),
    "no-cicd": ({"cicd_role_arns": {}}, "class deploy opts in to a CICD role that is not given"),
    "no-id": ({"repository_ids": {"acme/web": 70002}}, "serves acme/skill-pool, whose id is not given"),
}


@pytest.mark.parametrize("case", BAD_FLEETS)
def test_a_fleet_is_refused_for(case: str) -> None:
    changes, says = BAD_FLEETS[case]
    with pytest.raises(SlipwayError, match=says):
        fleet_args(**changes)


def test_the_longest_names_fit_into_an_iam_role() -> None:
    args = fleet_args(fleet="f" * 20, classes=runner_class("c" * 20))
    assert len(args.names.instance_role("c" * 20)) <= 64
    assert len(args.names.function("webhook")) <= 64
