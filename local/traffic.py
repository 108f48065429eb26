"""How traffic moves between an endpoint's fleets: which fleet takes a request, and in which steps that changes.

A deployment's waits are real seconds, divided by the embedded AWS's ``time_scale``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.sagemaker.exceptions import ValidationError

from local.fleets import Fleet


@dataclass(frozen=True)
class Step:
    """A share of the traffic, from 0 to 1, and how many seconds it is watched."""

    share: float
    wait: float


class Traffic:
    """The fleets of one endpoint: ``blue`` serves, ``green`` gets ``share`` of the requests while an update lasts."""

    def __init__(self, blue: Fleet) -> None:
        self.blue = blue
        self._green: Fleet | None = None
        self._share = self._due = 0.0
        self._choosing = threading.Lock()

    @contextmanager
    def fleet(self) -> Iterator[Fleet]:
        """Choose the fleet for one request, which keeps it until the request is answered."""
        with self._choosing:
            self._due += self._share
            chosen = self.blue
            if self._green is not None and self._due >= 1 - 1e-9:
                self._due -= 1
                chosen = self._green
            chosen.asked += 1
        try:
            yield chosen
        finally:
            with self._choosing:
                chosen.asked -= 1

    def shift(self, green: Fleet, share: float) -> None:
        """Give a share of the requests to the other fleet."""
        with self._choosing:
            self._green, self._share = green, share

    def back(self) -> None:
        """Give every request to the fleet that serves."""
        with self._choosing:
            self._green, self._share, self._due = None, 0.0, 0.0

    def settle(self, green: Fleet) -> Fleet:
        """Let the other fleet serve from now on; returns the former."""
        with self._choosing:
            old, self.blue = self.blue, green
            self._green, self._share, self._due = None, 0.0, 0.0
        return old

    @property
    def fleets(self) -> list[Fleet]:
        return [self.blue, *([self._green] if self._green else [])]


def steps(deployment: Mapping[str, Any] | None) -> list[Step]:
    """Return the steps of UpdateEndpoint's DeploymentConfig; without one, all traffic moves at once.

    >>> route = {"Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 40},
    ...     "WaitIntervalInSeconds": 60}
    >>> policy = {"TrafficRoutingConfiguration": route, "TerminationWaitInSeconds": 90}
    >>> [(step.share, step.wait) for step in steps({"BlueGreenUpdatePolicy": policy})]
    [(0.4, 60), (0.8, 60), (1.0, 90)]
    """
    policy = (deployment or {}).get("BlueGreenUpdatePolicy") or {}
    routing = policy.get("TrafficRoutingConfiguration") or {"Type": "ALL_AT_ONCE"}
    wait = routing.get("WaitIntervalInSeconds", 0)
    parts: list[Step] = []
    if routing["Type"] == "CANARY":
        parts = [Step(routing["CanarySize"]["Value"] / 100, wait)]
    elif routing["Type"] == "LINEAR":
        size = routing["LinearStepSize"]["Value"]
        parts = [Step(share / 100, wait) for share in range(size, 100, size)]
    return [*parts, Step(1.0, policy.get("TerminationWaitInSeconds", 0))]


def refuse(deployment: Mapping[str, Any] | None, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raise what SageMaker answers to an update that it does not take, given both configurations."""
    serverless = [any("ServerlessConfig" in v for v in config["ProductionVariants"]) for config in (old, new)]
    if serverless == [False, True]:
        raise ValidationError("Cannot update an instance-based endpoint to a serverless one.")
    if not deployment:
        return
    if any(serverless):
        raise ValidationError("DeploymentConfig is not supported for serverless endpoints.")
    if "RollingUpdatePolicy" in deployment:
        raise ValidationError("The embedded AWS has no rolling updates: use a BlueGreenUpdatePolicy.")
    names = [[variant["VariantName"] for variant in config["ProductionVariants"]] for config in (old, new)]
    if names[0] != names[1]:
        raise ValidationError(f"The variant names of the new configuration, {names[1]}, are not the old, {names[0]}.")
    routing = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    for kind, key, least in (("CANARY", "CanarySize", 1), ("LINEAR", "LinearStepSize", 10)):
        if routing["Type"] != kind:
            continue
        size = routing.get(key)
        if size is None:
            raise ValidationError(f"{key} is required for the traffic routing type {kind}.")
        if size["Type"] != "CAPACITY_PERCENT":
            raise ValidationError(f"The embedded AWS knows only CAPACITY_PERCENT, {key} is {size['Type']}.")
        if not least <= size["Value"] <= 50:
            raise ValidationError(f"{key} must be {least} to 50 percent of the capacity, it is {size['Value']}.")
