"""The account's janitor: a function that a schedule calls, and that may delete what belongs to branches alone."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from assembly_line.alarms import error_alarm
from assembly_line.handler import Handler, Handlers
from assembly_line.janitor_rights import grant
from assembly_line.permissions import allow, allow_key
from assembly_line.queue import DeadLetters

EVERY = Duration.hours(1)
MOST = 3
"""Environments that it tears down in a round."""


class Janitor(Construct):
    """Tears down the environments of branches that expired or are half destroyed; ``standing`` names the others.

    It tells the topic what it did, and its alarm rings when an environment needs a person.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        handlers: Handlers,
        topic: sns.ITopic,
        key: kms.IKey,
        standing: Sequence[str],
        every: Duration = EVERY,
        most: int = MOST,
    ) -> None:
        super().__init__(scope, id_)
        if not standing:
            raise ValueError(f"{self.node.path}: standing is empty, expected the names of all that are no branch's")
        letters = DeadLetters(self, "Unfinished", key=key, alarms=topic)
        self.handler = Handler(
            self,
            "Tick",
            handlers=handlers,
            module="lambdas.janitor.tick",
            environment={
                "STANDING": json.dumps(sorted(standing)),
                "MOST": str(most),
                "TOPIC_ARN": topic.topic_arn,
            },
            timeout=Duration.minutes(15),
            memory_mb=512,
            dead_letters=letters.queue,
        )
        grant(self.handler.role, standing=standing)
        allow(self.handler.role, "sns:Publish", on=[topic.topic_arn])
        allow_key(self.handler.role, key, write=True)
        target = targets.LambdaFunction(
            self.handler.function, dead_letter_queue=letters.queue, retry_attempts=0, max_event_age=every
        )
        self.rule = events.Rule(self, "Schedule", schedule=events.Schedule.rate(every), targets=[target])
        self.alarm = error_alarm(
            self,
            "Errors",
            topic=topic,
            function=self.handler.function,
            says="a branch's environment could not be torn down",
            page="janitor",
        )
