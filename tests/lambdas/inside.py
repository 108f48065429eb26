"""moto inside this process, for tests that need hundreds of fresh worlds: a prepared state is kept and put back.

The services are moto's own, in an account that no other test uses, with the embedded AWS's repairs where releases need
them; an endpoint is in service as soon as it is asked for, because nothing here asks it.
"""

from __future__ import annotations

import copy
import copyreg
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from moto import mock_aws
from moto.backends import get_backend
from moto.sagemaker.models import sagemaker_backends

from local import autoscaling, model_packages, sagemaker_endpoints, transactions
from local.patches import Patches
from tests.moto_server import REGION, Aws

ACCOUNT = "210987654321"
SERVICES = {
    "s3": "s3",
    "dynamodb": "dynamodb",
    "sns": "sns",
    "sqs": "sqs",
    "events": "events",
    "sagemaker": "sagemaker",
    "sagemaker-runtime": "sagemaker-runtime",
    "kms": "kms",
    "stepfunctions": "stepfunctions",
    "cloudwatch": "cloudwatch",
    "application-autoscaling": "applicationautoscaling",
    "cloudformation": "cloudformation",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
    "glue": "glue",
    "logs": "logs",
}
"""boto3's name of each service that handlers call -> moto's."""

LOCKS: tuple[Callable[[], Any], ...] = (threading.Lock, threading.RLock, threading.Condition)
for _make in LOCKS:  # a copy of what holds a lock has one of its own
    copyreg.pickle(type(_make()), partial(lambda make, _: (make, ()), _make))

Kept = dict[str, Any]
_client = boto3.client


@cache
def client(service: str, **options: Any) -> Any:
    """Return the one client of a service: it never tries again, and signs only where moto looks."""
    signature = None if service == "s3" else UNSIGNED
    config = Config(retries={"total_max_attempts": 1}, signature_version=signature)
    make: Any = _client
    return make(service, **{"region_name": REGION, "config": config, **options})


@dataclass(frozen=True)
class Inside(Aws):
    """The services in this process in the place of a moto server."""

    endpoint: str = ""
    patches: Patches = field(default_factory=Patches)
    account: str = ACCOUNT
    region: str = REGION
    closing: bool = False

    def client(self, service: str) -> Any:
        return client(service)

    def backend(self, service: str) -> Any:
        """Return moto's own state of a service."""
        where = "aws" if service == "s3" else REGION
        return get_backend(SERVICES[service])[ACCOUNT][where]  # type: ignore[call-overload]

    def emit(self, *_: Any) -> None:
        """Events of AWS services go nowhere: a test hands them to the handler that hears them."""

    def add_route(self, *_: Any) -> None:
        """Nothing here listens."""

    def keep(self) -> Kept:
        """Return a copy of all that the account holds."""
        numbers = dict(model_packages.NumberedPackage.newest)
        return copy.deepcopy({service: dict(_account(service)) for service in SERVICES} | {"": numbers})

    def put_back(self, kept: Kept) -> None:
        """Let the account hold what was kept, and nothing else."""
        regions_of = copy.deepcopy(kept)
        model_packages.NumberedPackage.newest.clear()
        model_packages.NumberedPackage.newest.update(regions_of.pop("", {}))
        for service, regions in regions_of.items():
            account = _account(service)
            for region in [region for region in account if region not in regions]:
                del account[region]
            for region, backend in regions.items():
                dict.__setitem__(account, region, backend)


def _account(service: str) -> Any:
    return get_backend(SERVICES[service])[ACCOUNT]  # type: ignore[call-overload]


class Settled(sagemaker_endpoints.EndpointsBackend):
    """Endpoints that are in service at once."""

    __module__ = sagemaker_endpoints.EndpointsBackend.__module__

    def _serving_config(self, endpoint: Any) -> dict[str, Any]:
        return self.describe_endpoint_config(endpoint.endpoint_config_name)

    def _roll_out(self, endpoint: Any, config_name: str, *_: Any, **__: Any) -> None:
        config = self.describe_endpoint_config(config_name)
        endpoint.endpoint_config_name = config_name
        endpoint.production_variants = endpoint._process_production_variants(config["ProductionVariants"])
        self._settle(endpoint, "InService", failure=None)


@contextmanager
def inside() -> Iterator[Inside]:
    """Have moto answer in this process."""
    mock = mock_aws()
    mock.start(reset=False)
    aws = Inside()
    try:
        aws.patches.variable("MOTO_ACCOUNT_ID", ACCOUNT)
        for seam in (transactions, model_packages, sagemaker_endpoints, autoscaling):
            seam.install(aws)
        aws.patches.replace(sagemaker_backends, "backend", Settled)
        yield aws
    finally:
        aws.put_back({service: {} for service in SERVICES})
        aws.patches.undo()
        client.cache_clear()
        mock.stop(remove_data=False)
