"""Inspections beside peers: one large table, twenty tests, the report and the failing samples included.

    python bench/inspections.py                          # ten million rows, three runs
    python bench/inspections.py --rows 1000000 --runs 1
    python bench/inspections.py --all                    # also Great Expectations, which takes minutes

The limit is a plain scan of the same columns. Goals: at most 2.5 times the limit, ahead of every peer, thirty times as
fast as Great Expectations, at most 1 GB.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.harness import Contestant, data_folder, measure, show

OURS, LIMIT = "ours", "limit: DuckDB scan"
PEERS = {
    LIMIT: "peers/scan_duckdb.py",
    "limit: Polars scan": "peers/scan_polars.py",
    OURS: "ours/inspections.py",
    "Polars, by hand": "peers/inspections_polars.py",
    "pandera on Polars": "peers/inspections_pandera.py",
    "DuckDB, one aggregate": "peers/inspections_duckdb.py",
}
SLOW = {
    "Great Expectations on pandas": "peers/inspections_great_expectations.py",
}
GOALS = (
    "goals: ours at most 2.5 x the limit and 1000 MB peak, ahead of every peer, Great Expectations at least 30 x ours",
)


def make(folder: Path, rows: int) -> None:
    """Write a table of orders with twelve columns; a few of its rows are at fault."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            COPY (
                SELECT
                    range AS id,
                    'k' || lpad(((range * 7919) % 100000007)::VARCHAR, 9, '0') AS code,
                    (hash(range + 1) % 5000)::INTEGER AS customer,
                    ['EWR', 'JFK', 'LGA'][1 + (hash(range + 2) % 3)::INTEGER] AS origin,
                    CASE WHEN range % 1000003 = 7 THEN -1 ELSE (hash(range + 3) % 10000) / 100.0 END::DOUBLE AS price,
                    CASE WHEN hash(range + 4) % 100 < 2 THEN NULL ELSE (hash(range + 4) % 600)::INTEGER END AS delay,
                    TIMESTAMP '2013-01-01' + (hash(range + 5) % 31536000)::INTEGER * INTERVAL 1 SECOND AS ordered_at,
                    DATE '2013-01-01' + (hash(range + 6) % 365)::INTEGER AS day,
                    hash(range + 7) % 2 = 0 AS paid,
                    (hash(range + 8) % 1000000) / 1e6::DOUBLE AS score,
                    (hash(range + 9) % 100)::SMALLINT AS quantity,
                    ['new', 'paid', 'sent', 'back'][1 + (hash(range + 10) % 4)::INTEGER] AS state
                FROM range({rows})
            ) TO '{folder / "orders.parquet"}' (COMPRESSION zstd)
            """
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="Inspections beside peers.")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="also the slow peers, once")
    given = parser.parse_args()
    folder = data_folder(f"inspections-{given.rows}", lambda folder: make(folder, given.rows))
    file = str(folder / "orders.parquet")
    measured = measure([Contestant(name, script, [file]) for name, script in PEERS.items()], runs=given.runs)
    if given.all:
        measured += measure([Contestant(name, script, [file]) for name, script in SLOW.items()], runs=1)
    show(f"Inspection of {given.rows:,} rows, 20 tests", measured, ours=OURS, limit=LIMIT, goals=GOALS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
