"""The user data of a class's instances: their settings, and the start of what the image brings along.

It holds no secret, since every process of an instance, and everybody who may describe it, can read user data.
"""

import re

MAX_BYTES = 16_384
"""EC2's limit, before base64 (EC2 User Guide, "Run commands at launch using user data")."""

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+", re.ASCII)

_TEMPLATE = """\
#!/bin/sh
set -eu
install -d -m 0755 /etc/slipway
cat >/etc/slipway/runner.conf.new <<'SETTINGS'
{settings}
SETTINGS
chmod 0644 /etc/slipway/runner.conf.new
mv /etc/slipway/runner.conf.new /etc/slipway/runner.conf
systemctl enable slipway-runner.service
systemctl start --no-block slipway-runner.service
"""


def user_data(
    *, fleet: str, class_name: str, region: str, claim_url: str, finish_url: str, cicd_role: str | None = None
) -> str:
    """The user data of one class, as text; a launch template takes it in base64.

    Args:
        fleet: the fleet's name, as in `slipway-<fleet>`.
        class_name: the runner class.
        region: of the fleet's API, which calls are signed for.
        claim_url: address of `POST /claim`.
        finish_url: address of `POST /finish`.
        cicd_role: ARN of the CICD role, for a class that opts in.

    Raises:
        ValueError: a value that could be anything else than the setting it stands for.
    """
    settings = {"FLEET": fleet, "CLASS": class_name, "REGION": region}
    for key, value in settings.items():
        _check(_WORD, key, value)
    for key, value in (("CLAIM_URL", claim_url), ("FINISH_URL", finish_url)):
        _check(_URL, key, value)
        settings[key] = value
    if cicd_role is not None:
        _check(_ROLE, "CICD_ROLE", cicd_role)
        settings["CICD_ROLE"] = cicd_role
    text = _TEMPLATE.format(settings="\n".join(f"{key}={value}" for key, value in settings.items()))
    if len(text.encode()) > MAX_BYTES:
        message = f"the user data of class {class_name} has {len(text.encode())} bytes; EC2 takes {MAX_BYTES}"
        raise ValueError(message)
    return text


def _check(form: re.Pattern[str], key: str, value: str) -> None:
    if not form.fullmatch(value):
        message = f"{key} of a runner class cannot be {value!r}"
        raise ValueError(message)
