"""What runs made in SageMaker: endpoints, their configurations and models, and registered packages.

Their names are made of the environment's and the line's; none is deleted because of the beginning of its name alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from config.naming import slug
from runtime import endpoint, scaling
from runtime.teardown.gone import BusyError, found, gone, pages
from runtime.teardown.owned import Clients, Owned
from runtime.teardown.sweep import Sweep


def sweeps(clients: Clients) -> list[Sweep]:
    """Return how what was served goes, in this order: an endpoint before what it is made of."""
    return [
        _endpoints(clients),
        Sweep(
            "endpoint configuration",
            _named(clients, "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
            lambda name: gone(clients("sagemaker").delete_endpoint_config, EndpointConfigName=name),
        ),
        Sweep(
            "model",
            _named(clients, "list_models", "Models", "ModelName"),
            lambda name: gone(clients("sagemaker").delete_model, ModelName=name),
        ),
        Sweep(
            "model package",
            lambda owned: _packages(clients, owned),
            lambda arn: gone(clients("sagemaker").delete_model_package, ModelPackageName=arn),
        ),
        _scaling_alarms(clients),
    ]


def endpoints(owned: Owned) -> list[str]:
    """Return the name of the endpoint that each line has or had."""
    return [slug(owned.id, line) for line in owned.lines]


def _endpoints(clients: Clients) -> Sweep:
    def find(owned: Owned) -> Iterator[str]:
        client = clients("sagemaker")
        yield from (name for name in endpoints(owned) if found(client.describe_endpoint, EndpointName=name))

    def delete(name: str) -> None:
        client = clients("sagemaker")
        state = endpoint.state(client, name)
        if state is None:
            return
        if state.in_progress:
            raise BusyError(f"it is {state.status}, which SageMaker does not delete")
        scaling.deregister(clients("application-autoscaling"), name, endpoint.VARIANT)
        gone(client.delete_endpoint, EndpointName=name)

    return Sweep("endpoint", find, delete)


def _named(clients: Clients, operation: str, key: str, field: str) -> Callable[[Owned], Iterator[str]]:
    def find(owned: Owned) -> Iterator[str]:
        for name in endpoints(owned):
            start = endpoint.names_prefix(name)
            whole = re.compile(rf"{re.escape(start)}[0-9a-f]{{10}}")
            for item in pages(clients("sagemaker"), operation, key, NameContains=start):
                if whole.fullmatch(item[field]):
                    yield item[field]

    return find


def _packages(clients: Clients, owned: Owned) -> Iterator[str]:
    for group in owned.names("AWS::SageMaker::ModelPackageGroup"):
        found = pages(
            clients("sagemaker"), "list_model_packages", "ModelPackageSummaryList", ModelPackageGroupName=group
        )
        yield from (package["ModelPackageArn"] for package in found)


def _scaling_alarms(clients: Clients) -> Sweep:
    """Application Auto Scaling takes its alarms away with the policy; those of a deletion that broke off stay."""

    def find(owned: Owned) -> Iterator[str]:
        for name in endpoints(owned):
            start = f"TargetTracking-endpoint/{name}/variant/"  # the slash ends the endpoint's name
            alarms = pages(clients("cloudwatch"), "describe_alarms", "MetricAlarms", AlarmNamePrefix=start)
            yield from (alarm["AlarmName"] for alarm in alarms)

    return Sweep(
        "alarm of automatic scaling", find, lambda name: gone(clients("cloudwatch").delete_alarms, AlarmNames=[name])
    )
