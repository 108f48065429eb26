"""Prediction records: what every channel carries, one JSON object each.

``{"schema": 1, "prediction_id": "<line>:<id>:<score date>", "line", "run", "model_version", "id", "event_time",
"score", "at"}``, where ``score`` is the probability of the label 1, or the value that was estimated.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from config.errors import LineError
from runtime.paths import RunPaths

SCHEMA = 1
SMALLEST, LARGEST = 1e-130, 1e125
"""Between which every channel can carry a number: what DynamoDB holds."""

FIELDS = ("schema", "prediction_id", "line", "run", "model_version", "id", "event_time", "score", "at")

Record = Mapping[str, Any]


def prediction_id(*, line: str, id_: str, score_date: str) -> str:
    """
    >>> prediction_id(line="flights", id_="UA-1545", score_date="2013-08-15")
    'flights:UA-1545:2013-08-15'
    """
    return f"{line}:{id_}:{score_date}"


def carried(value: float) -> bool:
    """Whether every channel can carry the number; NaN and infinity are none.

    >>> carried(0.0), carried(-12.5), carried(float("nan")), carried(1e300), carried(1e-200)
    (True, True, False, False, False)
    """
    return value == 0 or SMALLEST <= abs(value) <= LARGEST


def parts(given: str) -> tuple[str, str, str]:
    """Return line, id and score date of a prediction id; the id itself may hold colons. Raises ValueError.

    >>> parts("flights:UA:1545:2013-08-15")
    ('flights', 'UA:1545', '2013-08-15')
    """
    line, _, rest = given.partition(":")
    id_, _, score_date = rest.rpartition(":")
    if not (line and id_ and score_date):
        raise ValueError("what is given is not a prediction id, expected <line>:<id>:<date>")
    return line, id_, score_date


def recency(record: Record) -> str:
    """Return what orders two predictions of one id: the moment they were made, then the run."""
    moment = dt.datetime.fromisoformat(record["at"])
    utc = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    return f"{utc.isoformat(timespec='microseconds')}#{record['run']}"


def typed(value: Any) -> dict[str, str]:
    """Return a field's value as DynamoDB writes it."""
    return {"N": repr(value)} if isinstance(value, (int, float)) else {"S": str(value)}


def value(name: str, given: Mapping[str, Any]) -> Any:
    """Return a field's value from how DynamoDB writes it."""
    kind, text = next(iter(given.items()))
    if kind != "N":
        return text
    return float(text) if name == "score" else int(text)


def read(s3: Any, paths: RunPaths) -> tuple[bytes, list[dict[str, Any]]]:
    """Return the run's prediction records as they lie in the lake, and parsed; raises LineError when there is none."""
    body: bytes = s3.get_object(Bucket=paths.lake, Key=paths.predictions)["Body"].read()
    records = [json.loads(line) for line in body.splitlines() if line.strip()]
    if not records:
        raise LineError(
            f"delivery: s3://{paths.lake}/{paths.predictions} holds no prediction: "
            "choose a scoring date for which the spine has rows"
        )
    return body, records
