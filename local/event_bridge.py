"""EventBridge: an event that matches a rule is delivered to the rule's targets, in the background.

moto 5.2.5 answers PutEvents with an error when a target is a function, a state machine or a topic, and lets a rule
with a schedule match every event (``events/models.py:202,959``).
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from moto.events.models import Rule

from local.event_inputs import as_delivered, input_for
from local.event_targets import SERVICES, Courier, Delivery, courier_of
from local.fidelity import Row

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("EventBridge", "buses, rules, patterns, Input, InputPath, InputTransformer", "real"),
    Row("EventBridge", "targets: Lambda, Step Functions, SQS, SNS, Batch, logs, another bus", "real"),
    Row("EventBridge", "retries of a delivery", "approximated", "three tries in about a second, then the DLQ"),
    Row("EventBridge", "resource policies of targets", "absent", "not asked: `cdk synth` writes them"),
]


def install(aws: EmbeddedAws) -> None:
    """Deliver what matches."""
    deliver_in_the_background(aws, courier_of(aws))


def deliver_in_the_background(aws: EmbeddedAws, courier: Courier) -> None:
    """Hand matching events to the courier; targets of other kinds (logs, buses, archives) stay with moto."""
    stock = Rule.send_to_targets

    def send_to_targets(self: Any, original_event: Any, transform_input: bool = True) -> None:
        if self.scheduled_expression or self.state != "ENABLED" or not self.event_pattern.matches_event(original_event):
            return
        event = as_delivered(original_event)
        others = []
        for target in self.targets:
            if target["Arn"].split(":")[2] not in SERVICES:
                others.append(target)
                continue
            courier.send(
                Delivery(self.arn, target, input_for(target, event, self.arn), key=f"{target['Id']} {event['id']}")
            )
        if others:
            rest = copy.copy(self)
            rest.targets = others
            stock(rest, original_event, transform_input)

    aws.patches.replace(Rule, "send_to_targets", send_to_targets)
