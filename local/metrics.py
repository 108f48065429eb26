"""Metrics: what functions log in CloudWatch's embedded metric format, and what services tell of themselves."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from botocore.exceptions import BotoCoreError, ClientError

from local.fidelity import Row

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("CloudWatch", "embedded metric format in function logs", "real"),
    Row("CloudWatch", "embedded metric format in logs of jobs and containers", "absent"),
    Row("CloudWatch", "metric filters", "absent"),
]

SOON = 0.2
"""Seconds that metrics are gathered before they are put."""

MOST = 500
"""Metrics in one PutMetricData; CloudWatch takes 1,000."""


class Gatherer:
    """Gathers metrics and puts them in few calls from one thread."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._ending = threading.Event()
        aws.on_close(self.close)
        threading.Thread(target=self._run, name="metrics", daemon=True).start()

    def hear(self, function: str, group: str, lines: Sequence[str]) -> None:
        """Take the metrics out of a function's log lines."""
        for line in lines:
            if '"_aws"' in line:
                for namespace, datum in embedded(line):
                    self.add(namespace, datum)

    def add(self, namespace: str, datum: dict[str, Any]) -> None:
        """Put a metric soon, at the moment that the embedded AWS's clock has."""
        datum = {**datum, "Timestamp": datum["Timestamp"] + self._aws.clock.offset}
        with self._lock:
            self._waiting[namespace].append(datum)
        self._some.set()

    def flush(self) -> None:
        """Put what is waiting now."""
        with self._lock:
            waiting, self._waiting = self._waiting, defaultdict(list)
        cloudwatch = self._aws.client("cloudwatch")
        for namespace, data in waiting.items():
            for start in range(0, len(data), MOST):
                cloudwatch.put_metric_data(Namespace=namespace, MetricData=data[start : start + MOST])

    def close(self) -> None:
        """Gather no more."""
        self._ending.set()
        self._some.set()

    def _run(self) -> None:
        while self._some.wait() and not self._ending.is_set():
            self._some.clear()
            self._ending.wait(SOON)
            with contextlib.suppress(ClientError, BotoCoreError):  # only a server that is closing refuses
                self.flush()


_gatherers: WeakKeyDictionary[EmbeddedAws, Gatherer] = WeakKeyDictionary()


def gatherer_of(aws: EmbeddedAws) -> Gatherer:
    """Return the one gatherer of a server."""
    if aws not in _gatherers:
        _gatherers[aws] = Gatherer(aws)
    return _gatherers[aws]


def install(aws: EmbeddedAws) -> None:
    """Listen to the functions' logs."""
    aws.lambda_log_listeners.append(gatherer_of(aws).hear)


def embedded(line: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield namespace and metric for each metric that a line in embedded metric format tells of.

    >>> told = {"_aws": {"Timestamp": 0, "CloudWatchMetrics": [{"Namespace": "AssemblyLine", "Dimensions": [["Line"]],
    ...     "Metrics": [{"Name": "Drift"}]}]}, "Line": "flights", "Drift": [0.1, 0.3]}
    >>> [(space, datum["MetricName"], datum["Values"]) for space, datum in embedded(json.dumps(told))]
    [('AssemblyLine', 'Drift', [0.1, 0.3])]
    """
    start = line.find("{")
    try:
        told = json.loads(line[start:])
        directives = told["_aws"]["CloudWatchMetrics"]
        at = dt.datetime.fromtimestamp(told["_aws"]["Timestamp"] / 1000, dt.UTC)
    except (ValueError, KeyError, TypeError):
        return
    for directive in directives:
        for names in directive.get("Dimensions") or [[]]:
            dimensions = [{"Name": name, "Value": str(told[name])} for name in names if name in told]
            for metric in directive.get("Metrics", []):
                if values := _values(told, metric):
                    yield (
                        directive["Namespace"],
                        {
                            "MetricName": metric["Name"],
                            "Values": values,
                            "Unit": metric.get("Unit", "None"),
                            "Timestamp": at,
                            "Dimensions": dimensions,
                        },
                    )


def _values(told: Mapping[str, Any], metric: Mapping[str, Any]) -> list[float]:
    value = told.get(metric["Name"])
    values = value if isinstance(value, list) else [value]
    return [float(each) for each in values if isinstance(each, int | float) and not isinstance(each, bool)]
