"""Names of alarms as a function is told them: those that are added later count, too."""

from __future__ import annotations

from collections.abc import Sequence

import jsii
from aws_cdk import IStableStringProducer, Stack
from aws_cdk import aws_cloudwatch as cloudwatch


@jsii.implements(IStableStringProducer)
class Names:
    """A JSON list of the alarms' names, made when the template is."""

    def __init__(self, alarms: Sequence[cloudwatch.IAlarm]) -> None:
        self._alarms = alarms

    @jsii.member(jsii_name="produce")
    def produce(self) -> str | None:
        if not self._alarms:
            return "[]"
        return Stack.of(self._alarms[0]).to_json_string([alarm.alarm_name for alarm in self._alarms])
