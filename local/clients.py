"""Who calls the embedded AWS: the operator or a role, as a boto3 client or as a child's environment."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""The only variables of this process that a child sees."""


@dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str
    token: str | None = None


OPERATOR = Credentials(access_key="AKIAOPERATOR00000000", secret_key="operator")  # noqa: S106
"""Who deploys and looks on: never enforced."""


class Clients:
    """The clients and credentials of one server, each made once: making one takes a tenth of a second."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint, self._region = endpoint, region
        self._session: Any = _hermetic_session(region)
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._credentials: dict[str, Credentials] = {}
        self._lock = threading.RLock()

    def client(self, service: str, role_arn: str | None = None) -> Any:
        """Return the client of a service: as the operator, or as a role."""
        key = (service, role_arn)
        client = self._clients.get(key)
        if client is None:
            with self._lock:  # a session makes one client at a time
                client = self._clients.get(key)
                if client is None:
                    client = self._clients[key] = self._make(service, role_arn)
        return client

    def credentials(self, role_arn: str) -> Credentials:
        """Return credentials of a role, assumed through STS."""
        with self._lock:
            known = self._credentials.get(role_arn)
            if known is None:
                session = role_arn.rsplit("/", 1)[-1][:64].ljust(2, "-")
                given = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session)["Credentials"]
                known = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
                self._credentials[role_arn] = known
            return known

    def is_own(self, access_key: str) -> bool:
        """Whether credentials were given out here."""
        return any(given.access_key == access_key for given in list(self._credentials.values()))

    def environment(self, role_arn: str | None) -> dict[str, str]:
        """Return the clean environment of a child that acts as a role (None: as the operator)."""
        credentials = self.credentials(role_arn) if role_arn else OPERATOR
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        environment |= {
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        if credentials.token:
            environment["AWS_SESSION_TOKEN"] = credentials.token
        return environment

    def _make(self, service: str, role_arn: str | None) -> Any:
        credentials = self.credentials(role_arn) if role_arn else OPERATOR
        client = self._session.client(
            service,
            region_name=self._region,
            endpoint_url=self._endpoint,
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=960, max_pool_connections=64),
        )
        # botocore makes these classes at first use: two threads at once make two sets, and an except misses the other's
        client.exceptions  # noqa: B018
        return client


def _hermetic_session(region: str) -> boto3.Session:
    """Return a session that reads no profile and no configuration file of the user."""
    core = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    core.set_config_variable("config_file", os.devnull)
    core.set_config_variable("credentials_file", os.devnull)
    return boto3.Session(botocore_session=core, region_name=region)
