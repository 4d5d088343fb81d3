"""The credentials that an instance's metadata service would hand out: a session of its profile's role."""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from slipway.localcloud import moto_fixes
from slipway.localcloud.cloud import ACCOUNT

LIFE = timedelta(hours=6)
"""How long an instance's credentials are valid, at most.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html"""

_ENDED = frozenset({"shutting-down", "terminated"})


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """One session of a role. `user_id` is `<role id>:<session name>`."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    arn: str
    user_id: str
    expires_at: datetime

    @property
    def valid(self) -> bool:
        return datetime.now(UTC) < self.expires_at

    def to_json(self) -> dict[str, str]:
        return {
            "AccessKeyId": self.access_key,
            "SecretAccessKey": self.secret_key,
            "Token": self.token,
            "Arn": self.arn,
            "Expiration": self.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class Instances:
    """The credentials of moto's instances, by instance and by access key."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._by_instance: dict[str, Credentials] = {}
        self._by_key: dict[str, Credentials] = {}

    def credentials(self, instance_id: str) -> Credentials | None:
        """Of a running instance with a profile; the same until they expire. None for any other instance."""
        with self._lock:
            role, region = _role(instance_id)
            if role is None:
                return None
            credentials = self._by_instance.get(instance_id)
            if credentials is None or not credentials.valid:
                credentials = _assume(role, region, instance_id)
                self._by_instance[instance_id] = self._by_key[credentials.access_key] = credentials
            return credentials

    def find(self, access_key: str) -> Credentials | None:
        """The valid credentials of an access key; they outlive their instance, as on AWS."""
        with self._lock:
            credentials = self._by_key.get(access_key)
            return credentials if credentials is not None and credentials.valid else None


def _role(instance_id: str) -> tuple[Any, str]:
    models: Any = sys.modules.get("moto.ec2.models")
    for backend in list(models.ec2_backends[ACCOUNT].values()) if models else ():
        association = backend.iam_instance_profile_associations.get(instance_id)
        if association is None or association.instance._state.name in _ENDED:
            continue
        for role in association.iam_instance_profile.roles:
            return role, backend.region_name
    return None, ""


def _assume(role: Any, region: str, session: str) -> Credentials:
    """A session in moto's STS, so that GetCallerIdentity knows it too."""
    moto_fixes.apply("sts")
    from moto.sts.models import sts_backends

    made: Any = sts_backends[ACCOUNT]["aws"].assume_role(
        region_name=region,
        role_session_name=session,
        role_arn=role.arn,
        policy="",
        duration=int(LIFE.total_seconds()),
        external_id="",
    )
    return Credentials(
        access_key=made.access_key_id,
        secret_key=made.secret_access_key,
        token=made.session_token,
        arn=made.arn,
        user_id=made.user_id,
        expires_at=datetime.now(UTC) + LIFE,
    )
