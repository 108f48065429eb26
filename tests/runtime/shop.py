"""A tiny line for tests: orders of a shop, with what was known of the customer and of the weather."""

from __future__ import annotations

import datetime as dt
from typing import Any

from config.bundle import Bundle
from config.line import Line
from config.parameters import Value

LINE: dict[str, Any] = {
    "line": "shop",
    "question": "Will this order be returned?",
    "parameters": {
        "train_from": {"type": "date", "default": "2024-01-01"},
        "validation_from": {"type": "date", "default": "2024-01-05"},
        "test_from": {"type": "date", "default": "2024-01-07"},
        "score_date": {"type": "date", "default": "2024-01-09"},
        "least": {"type": "integer", "default": 0},
    },
    "sources": {
        "orders": {
            "columns": {
                "id": "INTEGER",
                "placed": "TIMESTAMP",
                "customer": "VARCHAR",
                "price": "DOUBLE",
                "returned": "BOOLEAN",
            }
        },
    },
    "tests": {
        "orders": [
            {"check": "unique", "columns": ["id"], "severity": "error"},
            {"check": "not_null", "column": "customer", "severity": "warning"},
        ],
        "habits": [{"check": "range", "column": "spent", "minimum": 0, "severity": "error"}],
    },
    "features": {"habits": {"entity": ["customer"], "event_time": "known_at", "ttl_hours": 72}},
    "dataset": {
        "id": "id",
        "event_time": "placed",
        "label": "returned",
        "request": ["price", "kind"],
        "categorical": ["kind"],
        "features": ["habits"],
        "split": {
            "train": ["train_from", "validation_from"],
            "validation": ["validation_from", "test_from"],
            "test": ["test_from", "score_date"],
        },
    },
    "training": {"variants": [{"name": "only"}]},
    "scoring": {"date": "score_date", "hours": 12},
}

PARAMETERS: dict[str, Value] = {
    "train_from": dt.date(2024, 1, 1),
    "validation_from": dt.date(2024, 1, 5),
    "test_from": dt.date(2024, 1, 7),
    "score_date": dt.date(2024, 1, 9),
    "least": 0,
}

CURATION = {"orders": "SELECT id, placed, customer, price, returned FROM raw.orders WHERE price >= $least"}
FEATURES = {
    "habits": "SELECT customer, placed AS known_at, "
    "sum(price) OVER (PARTITION BY customer ORDER BY placed, id) AS spent, price > 5 AS dear FROM orders"
}
SPINE = (
    "SELECT id, placed, customer, price, CASE WHEN price > 5 THEN 'dear' ELSE 'cheap' END AS kind, returned FROM orders"
)


def bundle(**changes: Any) -> Bundle:
    """Return the line as jobs receive it, with other ``curation``, ``features``, ``spine`` or ``definition``."""
    whole = {"definition": LINE, "curation": CURATION, "features": FEATURES, "spine": SPINE, **changes}
    return Bundle(**{**whole, "definition": Line.model_validate(whole["definition"])})


def orders(days: int = 10) -> str:
    """Return the raw file: two orders a day, one of which is never labelled at last."""
    rows = ["id,placed,customer,price,returned"]
    for day in range(1, days + 1):
        for half, customer in enumerate(("ann", "bob")):
            n = 2 * day + half
            label = ("true", "false", "NA")[n % 3]
            rows.append(f"{n},2024-01-{day:02} {6 + 12 * half:02}:00:00,{customer},{n / 2},{label}")
    return "\n".join(rows) + "\n"
