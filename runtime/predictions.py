"""The table of predictions: its columns and their types."""

from __future__ import annotations

import pyarrow as pa

PREDICTIONS = pa.schema(
    [
        ("prediction_id", pa.string()),
        ("line", pa.string()),
        ("run", pa.string()),
        ("model_version", pa.int64()),
        ("id", pa.string()),
        ("event_time", pa.timestamp("us", "UTC")),
        ("score", pa.float64()),
        ("score_date", pa.date32()),
        ("at", pa.timestamp("us", "UTC")),
    ]
)
