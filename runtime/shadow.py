"""A challenger in the champion's shadow: it answers copies of requests, and nobody hears its answers.

A shadow takes three looks or more, with a wait between two: it is asked for, watched, and taken away again, so that
what follows starts from the champion's own configuration and comes back to it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from config.errors import LineError
from runtime import endpoint as endpoints
from runtime import scaling
from runtime.endpoint import VARIANT, Hosting, State

Phase = Literal["", "asked", "watched"]
"""Nothing has been asked yet; the shadow was asked for; what comes after it may begin when the endpoint has settled."""

NAME = "shadow"
"""The variant's name, which stands in its metrics."""

_LOOK = 60.0
_SOON = 15.0
"""Seconds until the next look, while it is watched and while the endpoint changes."""


@dataclass(frozen=True)
class Look:
    """How far it is, and in how many seconds to look again; 0: what comes after the shadow may begin."""

    phase: Phase
    wait: float


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """A model beside the champion on an endpoint: ``share`` percent of the requests are copied, for ``seconds``."""

    sagemaker: Any
    cloudwatch: Any
    autoscaling: Any
    endpoint: str
    hosting: Hosting
    model_data: str
    environment: Mapping[str, str]
    share: int
    seconds: float
    alarms: Sequence[str] = field(default=())
    """Names of the alarms of its variant."""

    def look(self, phase: Phase, now: dt.datetime) -> Look:
        """Bring it one look further; raises LineError when it fails, and takes it away.

        Where there is no champion on instances beside which it could stand, there is nothing to do.
        """
        found = endpoints.state(self.sagemaker, self.endpoint)
        if phase == "watched" and found is not None and found.in_progress:
            return Look("watched", _SOON)
        if phase == "watched" or found is None or found.status == "Failed":
            return Look("watched", 0)
        if self._model in (found.config, found.pending):
            return Look("watched", 0)
        production = self._production(found.config)
        if "InstanceType" not in production:
            return Look("watched", 0)
        return self._further(phase, now, found, production)

    def _further(self, phase: Phase, now: dt.datetime, found: State, production: Mapping[str, Any]) -> Look:
        name = self._name(production["ModelName"])
        if found.pending == name:
            return Look("asked", _SOON)
        if found.config == name:
            return Look("watched", _SOON) if found.in_progress else self._watch(now, production["ModelName"])
        endpoints.refuse_when_busy(self.endpoint, found)
        if phase == "asked":
            reason = f" ({found.reason.strip()})" if found.reason.strip() else ""
            raise LineError(
                f"release: the shadow on endpoint {self.endpoint!r} did not come up{reason}, expected configuration "
                f"{name!r}: the champion stays; see the endpoint's log /aws/sagemaker/Endpoints/{self.endpoint}"
            )
        self._ask(name, production)
        return Look("asked", _SOON)

    def _watch(self, now: dt.datetime, champion: str) -> Look:
        ringing = self._ringing()
        left = (self._since() + dt.timedelta(seconds=self.seconds) - now).total_seconds()
        if left > 0 and not ringing:
            return Look("asked", min(left, _LOOK))
        self._deregister()
        endpoints.restore(self.sagemaker, self.endpoint, champion)  # a model and its configuration have one name
        if ringing:
            raise LineError(
                f"release: model {self._model} failed in the champion's shadow, in ALARM: {', '.join(ringing)}, "
                f"expected OK: the champion stays; see the endpoint's log /aws/sagemaker/Endpoints/{self.endpoint}"
            )
        return Look("watched", _SOON)

    def _ask(self, name: str, production: Mapping[str, Any]) -> None:
        given = (self.endpoint, self.hosting, self.model_data, self.environment)
        beside = {
            "VariantName": NAME,
            "ModelName": endpoints.make_model(self.sagemaker, *given),
            "InstanceType": self.hosting.instance_type,
            "InitialInstanceCount": self.hosting.instance_count,
            "InitialVariantWeight": self.share / 100,
        }
        endpoints.once(
            lambda: self.sagemaker.create_endpoint_config(
                EndpointConfigName=name,
                ProductionVariants=[{**production, "InitialVariantWeight": 1.0}],
                ShadowProductionVariants=[beside],
                KmsKeyId=self.hosting.kms_key,
                **endpoints.tagged(self.hosting),
            )
        )
        self._deregister()
        self.sagemaker.update_endpoint(
            EndpointName=self.endpoint, EndpointConfigName=name, RetainAllVariantProperties=True
        )

    @property
    def _model(self) -> str:
        return endpoints.config_name(self.endpoint, self.hosting, self.model_data, self.environment)

    def _name(self, champion: str) -> str:
        wanted = f"{champion} {self._model} {self.share}"
        return endpoints.names_prefix(self.endpoint) + hashlib.sha256(wanted.encode()).hexdigest()[:10]

    def _production(self, config: str) -> Mapping[str, Any]:
        told = self.sagemaker.describe_endpoint_config(EndpointConfigName=config)
        variant: Mapping[str, Any] = told["ProductionVariants"][0]
        return variant

    def _since(self) -> dt.datetime:
        changed: dt.datetime = self.sagemaker.describe_endpoint(EndpointName=self.endpoint)["LastModifiedTime"]
        return changed if changed.tzinfo else changed.replace(tzinfo=dt.UTC)

    def _ringing(self) -> list[str]:
        if not self.alarms:
            return []
        told = self.cloudwatch.describe_alarms(AlarmNames=list(self.alarms), AlarmTypes=["MetricAlarm"])
        return sorted(alarm["AlarmName"] for alarm in told["MetricAlarms"] if alarm["StateValue"] == "ALARM")

    def _deregister(self) -> None:
        if self.autoscaling is not None:
            scaling.deregister(self.autoscaling, self.endpoint, VARIANT)
