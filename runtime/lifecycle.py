"""The end of what runs made in SageMaker: a custom resource deletes it with the stack and always answers."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from runtime import endpoint

_PAUSE = 5.0
_FOR_THE_ANSWER = 15.0
"""Seconds that are kept for the answer when the function's time runs out."""


def answer(
    event: Mapping[str, Any],
    *,
    sagemaker: Any,
    endpoint_name: str,
    group: str,
    seconds_left: Callable[[], float],
    autoscaling: Any = None,
) -> dict[str, Any]:
    """Handle a custom resource's event and tell CloudFormation how it went; only a Delete does anything.

    ``autoscaling`` is the client for an endpoint whose number of instances may follow its traffic.
    Whatever goes wrong becomes FAILED with its reason: a stack that hears nothing waits for an hour.
    """
    status, reason = "SUCCESS", ""
    try:
        if event["RequestType"] == "Delete":
            _delete(sagemaker, autoscaling, endpoint_name, group, seconds_left)
    except Exception as error:  # noqa: BLE001 (the reason is CloudFormation's to show)
        status, reason = "FAILED", f"{type(error).__name__}: {error}"
    told = {
        "Status": status,
        "Reason": reason or f"endpoint {endpoint_name}",
        "PhysicalResourceId": event.get("PhysicalResourceId", endpoint_name),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    _put(event["ResponseURL"], told)
    return told


def _delete(
    sagemaker: Any, autoscaling: Any, endpoint_name: str, group: str, seconds_left: Callable[[], float]
) -> None:
    def wait() -> None:
        if seconds_left() < _PAUSE + _FOR_THE_ANSWER:
            raise TimeoutError(f"endpoint {endpoint_name!r} is still busy: delete the stack again when it is InService")
        time.sleep(_PAUSE)

    endpoint.delete(sagemaker, endpoint_name, wait=wait, autoscaling=autoscaling)
    for arn in _packages(sagemaker, group):
        sagemaker.delete_model_package(ModelPackageName=arn)


def _packages(sagemaker: Any, group: str) -> list[str]:
    """Every version in the group, which CloudFormation only deletes empty."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    return [package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]]


def _put(url: str, told: Mapping[str, Any]) -> None:
    """PUT the answer to the presigned URL, which is only signed for a request without a content type."""
    body = json.dumps(told).encode()
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 (CloudFormation's own URL)
        pass
