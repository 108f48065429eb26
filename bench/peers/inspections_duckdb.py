# /// script
# requires-python = ">=3.11"
# dependencies = ["duckdb==1.4.1", "pytz==2025.2"]
# ///
"""The twenty tests as one naive aggregate, distinct counted by the engine, then samples."""

import json
import sys

import duckdb
from reporting import reported

ROWS = [
    "code IS NULL",
    "customer IS NULL",
    "ordered_at IS NULL",
    "delay IS NULL",
    "origin NOT IN ('EWR', 'JFK', 'LGA')",
    "state NOT IN ('new', 'paid', 'sent', 'back')",
    "NOT regexp_full_match(code, 'k[0-9]{9}')",
    "length(code) <> 10",
    "price NOT BETWEEN 0 AND 100",
    "delay NOT BETWEEN 0 AND 600",
    "ordered_at NOT BETWEEN TIMESTAMP '2013-01-01' AND TIMESTAMP '2014-01-01'",
    "day NOT BETWEEN DATE '2013-01-01' AND DATE '2014-01-01'",
    "score NOT BETWEEN 0 AND 1",
    "quantity NOT BETWEEN 0 AND 99",
    "(price * quantity >= 0) IS NOT TRUE",
    "year(ordered_at) <> year(day)",
]
BOUNDS = ("price", "delay", "ordered_at", "day", "score", "quantity")
with reported() as told, duckdb.connect() as connection:
    source = f"read_parquet('{sys.argv[1]}')"
    wanted = [
        "count(*)",
        "count(*) - count(DISTINCT id)",
        "count(*) FILTER (id IS NULL)",
        "avg(price)",
        "avg(paid::INT)",
        *(f"min({name}), max({name})" for name in BOUNDS),
        *(f"count(*) FILTER ({condition})" for condition in ROWS),
    ]
    found = connection.execute(f"SELECT {', '.join(wanted)} FROM {source}").fetchall()[0]
    failed = [condition for condition, count in zip(ROWS, found[-len(ROWS) :], strict=True) if count]
    samples = [connection.execute(f"FROM {source} WHERE {one} LIMIT 5").fetchall() for one in failed]
    json.dumps([found, samples], default=str)
    told["failed"] = len(failed) + bool(found[1])
