"""What a line's simulated messages are made of: predictions and labels, poison, and what must come of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runtime import promotion
from runtime.promotion import Champion
from tests.runtime.memory import S3
from tests.runtime.tables import Tables

LINE, LAKE, MODELS, DAYS = "flights", "lake", "models", 7
RUN = 2000
"""Predictions of one run."""
AGAIN, POISON, CRASHES, MEANWHILE = 0.05, 0.01, 0.02, 0.02
"""Shares: of messages that come once more, of poison; of batches that a crash strikes, or in which others work, too."""

LABELS, EVENTS, CONSUMER = "labels", "events", "consumer"
KEYS = {
    "predictions": ("prediction_key",),
    "windows": ("window", "part"),
    "ledger": ("pk", "sk"),
    "consumer": ("event_id",),
}
REQUESTED = "on-request"
ON_REQUEST = 12
"""One in how many predictions is asked for over REST."""
EFFECTS = "effects"
"""The item in which a consumer counts what it did."""
HANDLERS = {LABELS: "lambdas.monitoring.ground_truth", EVENTS: "lambdas.monitoring.capture"}
BATCH = {LABELS: 100, EVENTS: 100, CONSUMER: 10}

VARIABLES = {
    "PREDICTIONS_TABLE": "predictions",
    "WINDOWS_TABLE": "windows",
    "LAKE_BUCKET": LAKE,
    "LINE": LINE,
    "TASK": "binary",
    "WINDOW_HOURS": "24",
    "WINDOW_COUNT": "0",
    "KEEP_DAYS": "90",
    "MODELS_BUCKET": MODELS,
    "LEDGER_TABLE": "ledger",
    "SLICES": "[]",
    "INPUTS": "1",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
}
BAD_LABELS = {
    "the body is not JSON": '{"prediction_id": "flights:{id}:2013-08-01", "label": 1',
    "the body is not a JSON object": '["{id}"]',
    "label is not 0 or 1": '{"id": "{id}", "label": 0.5}',
    "prediction_id is of another line": '{"prediction_id": "trains:{id}:2013-08-01", "label": 1}',
    "neither prediction_id nor id is given as text": '{"number": "{id}", "label": 1}',
}
BAD_EVENTS = {
    "the body is not JSON (which has no NaN or Infinity)": '{"schema": 1, "{id}": NaN}',
    "schema is not 1": '{"schema": 2, "line": "flights", "events": ["{id}"]}',
    "line is not this line": '{"schema": 1, "line": "trains", "events": ["{id}"]}',
    "events[0] is not an object": '{"schema": 1, "line": "flights", "events": ["{id}"]}',
}


def record(number: int) -> dict[str, Any]:
    day = f"2013-08-{1 + number % DAYS:02}"
    return {
        "schema": 1,
        "prediction_id": f"{LINE}:UA-{number}:{day}",
        "line": LINE,
        "run": REQUESTED if on_request(number) else f"run-{number // RUN}",
        "model_version": 3,
        "id": f"UA-{number}",
        "event_time": f"{day}T10:30:00+00:00",
        "score": number % 100 / 100 + 0.005,
        "at": "2026-01-01T00:00:00+00:00",
    }


def on_request(number: int) -> bool:
    """Whether a prediction was asked for over REST, and so is captured instead of published."""
    return number % ON_REQUEST == 0


def label(number: int) -> int:
    return (number * 7919) % 3 % 2


class Lake(S3):
    """Objects that can be read in parts, and put on the condition that there is none."""

    def get_object(self, *, Range: str = "", **given: Any) -> dict[str, Any]:  # noqa: N803
        found = super().get_object(**{name: given[name] for name in ("Bucket", "Key")})
        body = found["Body"].read()
        first, last = (int(part) for part in Range.removeprefix("bytes=").split("-")) if Range else (0, len(body))
        part = body[first : last + 1]
        return {"Body": _Body(part), "ETag": "1", "ContentRange": f"bytes {first}-{last}/{len(body)}"}

    def put_object(self, *, IfNoneMatch: str = "", **given: Any) -> dict[str, Any]:  # noqa: N803
        if IfNoneMatch and (given["Bucket"], given["Key"]) in self.objects:
            assert self.objects[given["Bucket"], given["Key"]] == given["Body"]
            return {}
        return super().put_object(**given)

    def objects_under(self, bucket: str, prefix: str) -> Iterator[list[bytes]]:
        """Yield the lines of each object."""
        for (where, key), body in self.objects.items():
            if where == bucket and key.startswith(prefix):
                yield body.splitlines()


@dataclass
class _Body:
    content: bytes

    def read(self) -> bytes:
        return self.content


def release(tables: Tables, s3: Lake, columns: Sequence[str]) -> None:
    """Have a champion, by whose reference captured events are sketched."""
    champion = Champion(1, "arn", f"s3://{MODELS}/1/", "0", "run-1", "deep", "flights", "flights-1", {})
    promotion.promote(tables, "ledger", LINE, champion, expected=None)
    numbers = {"kind": "number", "edges": [0.25, 0.5, 0.75], "shares": [0.25] * 4 + [0.0]}
    body = json.dumps(dict.fromkeys(columns, numbers)).encode()
    s3.put_object(Bucket=MODELS, Key="1/reference.json", Body=body)


def expected_counters(count: int) -> dict[str, Counter[str]]:
    """Return by the start of a window what its counters must say of the last label of each prediction."""
    found: dict[str, Counter[str]] = {}
    for number in range(count):
        made = record(number)
        value = 1 - label(number) if number % 50 == 0 else label(number)
        counts = found.setdefault(f"{made['event_time'][:10]}T00:00Z", Counter())
        counts.update(["n", f"p{value}_{int(made['score'] * 100)}"])
    return found
