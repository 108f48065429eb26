"""What the handlers that judge are told of their line, and what they judge with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.drift import Histogram
from runtime.monitoring.figures import Rules
from runtime.monitoring.judging import Judge
from runtime.monitoring.monitors import Ledger
from runtime.monitoring.store import Told


@dataclass(frozen=True)
class Environment(Told):
    """The variables of a handler that judges; ``monitoring`` is that part of line.yaml, as JSON."""

    models_bucket: str
    ledger_table: str
    alarms_topic: str
    monitoring: dict[str, Any]
    metric: str
    hidden: list[str]
    """Columns whose values are shown nowhere, in lower case."""
    link: str
    runbooks: str


def judge_of(environment: Environment, *, s3: Any, dynamodb: Any, sns: Any) -> Judge:
    """Return what the handler judges with."""
    return Judge(
        store=environment.store(dynamodb),
        ledger=Ledger(
            dynamodb=dynamodb,
            table=environment.ledger_table,
            sns=sns,
            topic=environment.alarms_topic,
            link=environment.link,
            runbooks=environment.runbooks,
        ),
        rules=Rules(
            monitoring=environment.monitoring,
            metric=environment.metric,
            task=environment.task,
            hidden=frozenset(environment.hidden),
        ),
        reference=references(s3, environment.models_bucket),
    )


def references(s3: Any, bucket: str) -> Callable[[str], Mapping[str, Histogram] | None]:
    """Return what gives the reference of an artefact by its URI, each read once; None where there is none any more."""
    known: dict[str, Mapping[str, Histogram] | None] = {}

    def reference(artefact: str) -> Mapping[str, Histogram] | None:
        if artefact not in known:
            key = f"{artefact.removeprefix(f's3://{bucket}/').rstrip('/')}/reference.json"
            try:
                known[artefact] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            except s3.exceptions.NoSuchKey:
                known[artefact] = None
        return known[artefact]

    return reference
