"""Our contestant: the inspection of a Parquet view, with the report and the samples of what failed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pydantic import TypeAdapter

from bench.peers.reporting import reported
from config.checks import Check
from runtime import engine, inspection, report_page

ERROR = {"severity": "error"}
CHECKS = [
    {"check": "row_count", "minimum": 1000, **ERROR},
    {"check": "key", "columns": ["id"], **ERROR},
    {"check": "not_null", "column": "code", **ERROR},
    {"check": "not_null", "column": "customer", **ERROR},
    {"check": "not_null", "column": "ordered_at", **ERROR},
    {"check": "not_null", "column": "delay", "tolerance": {"warning": 0.01, "error": 0.05}},
    {"check": "accepted_values", "column": "origin", "values": ["EWR", "JFK", "LGA"], **ERROR},
    {"check": "accepted_values", "column": "state", "values": ["new", "paid", "sent", "back"], **ERROR},
    {"check": "pattern", "column": "code", "pattern": "k[0-9]{9}", **ERROR},
    {"check": "length", "column": "code", "minimum": 10, "maximum": 10, **ERROR},
    {"check": "range", "column": "price", "minimum": 0, "maximum": 100, **ERROR},
    {"check": "range", "column": "delay", "minimum": 0, "maximum": 600, **ERROR},
    {"check": "range", "column": "ordered_at", "minimum": "2013-01-01", "maximum": "2014-01-01", **ERROR},
    {"check": "range", "column": "day", "minimum": "2013-01-01", "maximum": "2014-01-01", **ERROR},
    {"check": "range", "column": "score", "minimum": 0, "maximum": 1, **ERROR},
    {"check": "range", "column": "quantity", "minimum": 0, "maximum": 99, **ERROR},
    {"check": "mean", "column": "price", "minimum": 45, "maximum": 55, **ERROR},
    {"check": "share", "name": "paid", "condition": "paid", "minimum": 0.45, "maximum": 0.55, **ERROR},
    {"check": "sql", "name": "value", "condition": "price * quantity >= 0", **ERROR},
    {"check": "sql", "name": "same year", "condition": "year(ordered_at) = year(day)", **ERROR},
]

if __name__ == "__main__":
    checks = [TypeAdapter(Check).validate_python(check) for check in CHECKS]
    with reported() as told, engine.connect(memory="600MB") as connection:
        connection.execute(f"CREATE VIEW orders AS FROM '{sys.argv[1]}'")
        results = inspection.inspect(connection, "orders", checks)
        report = {
            "line": "bench",
            "station": "curation",
            "run": "1",
            "at": "",
            "status": inspection.outcome(results),
            "rows": {"orders": results[0].total_rows},
            "results": inspection.recorded(results),
            "quarantined": {},
        }
        json.dumps(report)
        report_page.rendered(report, [])
        told["failed"] = sum(not result.passed for result in results)
