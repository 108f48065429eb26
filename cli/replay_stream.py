"""One day of a line's past on its way through the line: scored, captured, and told what became of what was scored."""

from __future__ import annotations

import datetime as dt
import heapq
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from cli.site import Site
from config.errors import LineError
from config.line import Line
from runtime.delivery import capture, records
from runtime.monitoring import labels

RUN = "replay"
"""What a replayed prediction's record says of its run."""
ROWS = 500
"""Rows in one request to the endpoint."""
MOST_LABELS = 100
_SECONDS_WITHOUT_PROGRESS = 300.0
"""Longer than a batch whose handler was too slow stays out of sight."""
_SECONDS_BETWEEN_LOOKS = 0.05


@dataclass
class Stream:
    """Sends what a day brought; keeps the labels that are known later until their day has come."""

    site: Site
    outputs: Mapping[str, str]
    line: Line
    predictions: int = 0
    labels: int = 0
    _later: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._endpoint = self.site.client("sagemaker-runtime")
        self._sqs = self.site.client("sqs")
        self._capture = capture.Capture(
            sqs=self._sqs,
            queue=self.outputs["CaptureQueueUrl"],
            line=self.line.line,
            personal=self.line.personal,
            hidden=self.line.monitoring.capture.personal,
        )

    def day(self, rows: Sequence[Mapping[str, Any]], end: dt.datetime) -> None:
        """Score a day's rows and capture the predictions, tell the labels known before its end, wait for both."""
        for first in range(0, len(rows), ROWS):
            self._score(rows[first : first + ROWS])
            self._settle()  # so that no handler is given more at once than it takes in before its time-out
        for row in rows:
            if row["label"] is not None:
                known_at = row["known_at"] or end.isoformat()
                heapq.heappush(self._later, (known_at, row["id"], self._label(row, known_at)))
        self.tell(end)

    def tell(self, until: dt.datetime) -> None:
        """Send the labels that are known by then, and wait until all that was sent is taken in."""
        known = list(self._known(until.isoformat()))
        labels.send(self._sqs, self.outputs["GroundTruthQueueUrl"], known)
        self.labels += len(known)
        self._settle()

    def _known(self, until: str) -> Iterator[dict[str, Any]]:
        while self._later and self._later[0][0] <= until:
            yield heapq.heappop(self._later)[2]

    def _score(self, rows: Sequence[Mapping[str, Any]]) -> None:
        began = time.monotonic()
        scores, version = self._answer([row["inputs"] for row in rows])
        each = round((time.monotonic() - began) * 1000 / len(rows), 4)
        self._capture.send(
            [self._record(row, score, version) for row, score in zip(rows, scores, strict=True)],
            [row["inputs"] for row in rows],
            each,
        )
        self.predictions += len(rows)

    def _answer(self, instances: Sequence[Mapping[str, Any]]) -> tuple[list[float], int]:
        try:
            answer = self._endpoint.invoke_endpoint(
                EndpointName=self.outputs["EndpointName"],
                ContentType="application/json",
                Accept="application/json",
                Body=json.dumps({"instances": instances}).encode(),
            )
        except ClientError as error:
            told = error.response.get("OriginalMessage") or error.response["Error"]["Message"]
            raise LineError(
                f"endpoint {self.outputs['EndpointName']}: it answered {told}: mend it, then replay again: "
                "nothing is doubled"
            ) from None
        told = json.loads(answer["Body"].read())
        return [float(one["score"]) for one in told["predictions"]], int(told["model_version"] or 0)

    def _record(self, row: Mapping[str, Any], score: float, version: int) -> dict[str, Any]:
        return {
            "schema": records.SCHEMA,
            "prediction_id": self._prediction_id(row),
            "line": self.line.line,
            "run": RUN,
            "model_version": version,
            "id": row["id"],
            "event_time": row["event_time"],
            "score": score,
            "at": row["event_time"],
        }

    def _prediction_id(self, row: Mapping[str, Any]) -> str:
        return records.prediction_id(line=self.line.line, id_=row["id"], score_date=row["event_time"][:10])

    def _label(self, row: Mapping[str, Any], known_at: str) -> dict[str, Any]:
        return {"prediction_id": self._prediction_id(row), "label": row["label"], "known_at": known_at}

    def _settle(self) -> None:
        """Wait until both queues are empty; raises LineError when nothing moves any more."""
        urls = [self.outputs["CaptureQueueUrl"], self.outputs["GroundTruthQueueUrl"]]
        seen, since = -1, time.monotonic()
        while (left := sum(waiting(self._sqs, url) for url in urls)) > 0:
            if left != seen:
                seen, since = left, time.monotonic()
            elif time.monotonic() - since > _SECONDS_WITHOUT_PROGRESS:
                problems = "; ".join(self.site.problems()[-2:]) or "the handlers' logs may tell why"
                raise LineError(f"replay: {left} messages of line {self.line.line!r} are not taken in: {problems}")
            time.sleep(_SECONDS_BETWEEN_LOOKS)


def waiting(sqs: Any, url: str) -> int:
    """Return how many messages a queue holds, those that are being handled among them."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)
