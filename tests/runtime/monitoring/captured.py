"""Captured events for tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

LINE = "flights"


def event(number: int = 0, *, day: str = "2013-08-15", **changes: Any) -> dict[str, Any]:
    """Return an event of the prediction with this number; ``changes`` are to its prediction."""
    id_ = f"UA-{number}"
    prediction = {
        "schema": 1,
        "prediction_id": f"{LINE}:{id_}:{day}",
        "line": LINE,
        "run": "on-request",
        "model_version": 3,
        "id": id_,
        "event_time": f"{day}T10:30:00+00:00",
        "score": 0.25,
        "at": f"{day}T10:30:01.5+00:00",
        **changes,
    }
    return {
        "event_id": hashlib.sha256(f"{number}{day}".encode()).hexdigest()[:32],
        "prediction": prediction,
        "inputs": {"carrier": "UA", "distance": 1400 + number, "plane__seats": None},
        "milliseconds": 12.5,
    }


def body(events: Sequence[Any], **changes: Any) -> str:
    """Return a message's body."""
    return json.dumps({"schema": 1, "line": LINE, "events": list(events), **changes})
