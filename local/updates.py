"""One creation or update of an endpoint: the new fleet starts, traffic moves, alarms are watched, one fleet ends."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from config.errors import LineError
from local.alarms import evaluate
from local.fleets import ContainerOf, Fleet
from local.traffic import Step, Traffic, steps

if TYPE_CHECKING:
    from local.server import EmbeddedAws

LOOK = 0.25
"""Seconds between two looks at the alarms of a deployment."""


class AbandonedError(Exception):
    """The endpoint was deleted, or the server is closing, while it was on its way."""


class RolledBackError(Exception):
    """The deployment is taken back; says why."""


class Update:
    """A deployment of one configuration, run in a thread of its own."""

    def __init__(
        self,
        aws: EmbeddedAws,
        *,
        endpoint: Any,
        config: Mapping[str, Any],
        deployment: Mapping[str, Any] | None,
        traffic: Traffic | None,
        container_of: ContainerOf,
        gone: Callable[[], bool],
    ) -> None:
        self._aws, self._endpoint, self._config = aws, endpoint, config
        self._traffic, self._container_of, self._gone = traffic, container_of, gone
        self._deployment: Mapping[str, Any] = deployment or {}
        self._since = dt.datetime.now(dt.UTC)
        policy = self._deployment.get("BlueGreenUpdatePolicy") or {}
        self._longest = policy.get("MaximumExecutionTimeoutInSeconds", 28_800) / aws.time_scale
        self._began = time.monotonic()
        self._stage("Creating", 0.0)

    def run(self) -> tuple[Traffic | None, str | None]:
        """Return the traffic as it is afterwards (None: there is none) and why it failed, if it did."""
        try:
            green = Fleet(
                self._aws,
                endpoint=self._endpoint.endpoint_name,
                config=self._config,
                container_of=self._container_of,
            )
        except Exception as error:  # noqa: BLE001 -- whatever keeps a server from starting is the endpoint's failure
            why = str(error) if isinstance(error, LineError) else f"{type(error).__name__}: {error}"
            return self._traffic, why[:1024]
        try:
            return self._moved(green), None
        except RolledBackError as error:
            return self._traffic, str(error)[:1024]
        except AbandonedError:
            green.stop()
            return None, None

    def _moved(self, green: Fleet) -> Traffic:
        if self._gone():
            raise AbandonedError
        if self._traffic is None:
            return Traffic(green)
        try:
            for step in steps(self._deployment):
                self._stage("ActivatingTraffic", step.share)
                self._traffic.shift(green, step.share)
                self._stage("Baking", step.share)
                self._bake(step)
        except RolledBackError:
            self._endpoint.endpoint_status = "RollingBack"
            self._traffic.back()
            green.retire()
            raise
        except AbandonedError:
            self._traffic.back()
            raise
        self._stage("Deleting", 1.0)
        self._traffic.settle(green).retire()
        return self._traffic

    def _bake(self, step: Step) -> None:
        """Watch the alarms while the step lasts."""
        until = time.monotonic() + step.wait / self._aws.time_scale
        while True:
            if self._gone() or self._aws.closing:
                raise AbandonedError
            if ringing := self._ringing():
                raise RolledBackError(
                    f"The deployment of {self._config['EndpointConfigName']} was rolled back with {step.share:.0%} of "
                    f"the traffic on it: in ALARM: {', '.join(ringing)}."
                )
            if time.monotonic() - self._began > self._longest:
                raise RolledBackError(
                    "The deployment took longer than MaximumExecutionTimeoutInSeconds and was rolled back."
                )
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(LOOK, left))

    def _ringing(self) -> list[str]:
        """Return the alarms that ring, as the endpoint's own role may see them."""
        alarms = (self._deployment.get("AutoRollbackConfiguration") or {}).get("Alarms") or []
        if not alarms:
            return []
        role = self._container_of(self._config["ProductionVariants"][0]["ModelName"]).role
        try:
            evaluate(self._aws)
            told = self._aws.client("cloudwatch", role).describe_alarms(
                AlarmNames=[alarm["AlarmName"] for alarm in alarms], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
        except (ClientError, BotoCoreError) as error:
            if self._aws.closing:
                raise AbandonedError from error
            raise RolledBackError(
                f"The alarms of the deployment cannot be seen, so it was rolled back: {error}"
            ) from error
        found = [*told.get("MetricAlarms", []), *told.get("CompositeAlarms", [])]
        return [alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM"]

    def _stage(self, stage: str, share: float) -> None:
        """Describe how far it is, as DescribeEndpoint tells."""
        status = {"Status": stage, "StatusMessage": f"{share:.0%} of the traffic", "StartTime": dt.datetime.now(dt.UTC)}
        summary: dict[str, Any] = {
            "EndpointConfigName": self._config["EndpointConfigName"],
            "StartTime": self._since,
            "ProductionVariants": [_pending(v, share, status) for v in self._config["ProductionVariants"]],
        }
        if shadows := self._config.get("ShadowProductionVariants"):
            summary["ShadowProductionVariants"] = [_pending(v, 1.0, status) for v in shadows]
        self._endpoint.pending_deployment_summary = summary


def _pending(variant: Mapping[str, Any], share: float, status: Mapping[str, Any]) -> dict[str, Any]:
    weight = float(variant.get("InitialVariantWeight", 1.0))
    told: dict[str, Any] = {
        "VariantName": variant["VariantName"],
        "CurrentWeight": weight * share,
        "DesiredWeight": weight,
        "VariantStatus": [dict(status)],
    }
    if "ServerlessConfig" in variant:
        told["DesiredServerlessConfig"] = variant["ServerlessConfig"]
    else:
        count = variant.get("InitialInstanceCount", 1)
        told |= {"InstanceType": variant["InstanceType"], "CurrentInstanceCount": count, "DesiredInstanceCount": count}
    return told
