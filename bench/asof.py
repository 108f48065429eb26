"""The point-in-time join beside its peers: labels joined with five sorted feature tables of four features, with TTL.

    python bench/asof.py                                        # 1 M labels, 5 tables of 5 M rows
    python bench/asof.py --labels 100000 --rows 500000 --runs 1

Every contestant reads the same Parquet files and ends with the joined table in memory; ours also streams it to a
file. ``found`` is how many labels found a row, over all tables: it must be the same for all. The last contestant joins
a table four times larger than the memory that its engine gets.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.harness import Contestant, data_folder, measure, show
from runtime import engine

TABLES, FEATURES, TTL_DAYS = 5, 4, 90
SMALL_MEMORY_MB = 128
_BYTES_PER_ROW = 8 * (2 + FEATURES)
OURS, LIMIT = "ours", "limit: DuckDB scan"
GOALS = (
    f"goals: {OURS} at most 2 x {LIMIT}, ahead of Polars, Feast at least 5 x {OURS}; bounded memory beyond that size",
)


def make(folder: Path, *, labels: int, rows: int, tables: int = TABLES) -> None:
    """Write ``labels.parquet`` and ``view<i>.parquet``, the views sorted by entity and event time, one row per pair."""
    entities = max(rows // 50, 1)
    year = 365 * 24 * 3_600_000_000
    start = "TIMESTAMPTZ '2024-01-01'"
    with engine.connect(memory="3GB") as connection:
        for i in range(tables):
            values = (f"(hash(r * 11 + {i + k * 999_983}) % 1000000) / 1000.0 AS f{k}" for k in range(FEATURES))
            chosen = f"""
                SELECT
                    CAST(hash(r * 5 + {i}) % {entities} AS BIGINT) AS entity,
                    {start} + to_microseconds(CAST(hash(r * 7 + {i}) % {year} AS BIGINT)) AS event_time,
                    {", ".join(values)}
                FROM range({rows}) AS rows(r)
            """
            first = f"SELECT DISTINCT ON (entity, event_time) * FROM ({chosen}) ORDER BY entity, event_time"
            connection.execute(f"COPY ({first}) TO '{folder}/view{i}.parquet' (COMPRESSION zstd, COMPRESSION_LEVEL 1)")
        connection.execute(f"""
            COPY (
                SELECT
                    CAST(r AS VARCHAR) AS id,
                    CAST(hash(r * 3 + 77) % {entities} AS BIGINT) AS entity,
                    {start} + to_microseconds(CAST(hash(r * 13 + 5) % {year} AS BIGINT)) AS event_time
                FROM range({labels}) AS rows(r)
                ORDER BY event_time, id
            ) TO '{folder}/labels.parquet' (COMPRESSION zstd, COMPRESSION_LEVEL 1)
        """)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--labels", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--without", nargs="*", default=[], help="words; contestants whose name holds one are left out")
    arguments = parser.parse_args()
    labels, rows = arguments.labels, arguments.rows
    data = str(data_folder(f"asof-{labels}-{rows}", lambda folder: make(folder, labels=labels, rows=rows)))
    large_rows = 4 * SMALL_MEMORY_MB * 1_000_000 // _BYTES_PER_ROW
    large = str(
        data_folder(f"asof-large-{large_rows}", lambda folder: make(folder, labels=100_000, rows=large_rows, tables=1))
    )
    given = [data, str(TABLES), str(FEATURES), str(TTL_DAYS)]
    contestants = [
        Contestant(LIMIT, "peers/asof_limit_duckdb.py", given),
        Contestant("limit: Polars scan", "peers/asof_limit_polars.py", given),
        Contestant(OURS, "ours/asof.py", given),
        Contestant("ours, to Parquet", "ours/asof.py", [*given, "--write"]),
        Contestant("numpy, all keys at once", "peers/asof_numpy.py", given),
        Contestant("Polars join_asof", "peers/asof_polars.py", given),
        Contestant("pandas merge_asof", "peers/asof_pandas.py", given),
        Contestant("DuckDB ASOF JOIN", "peers/asof_duckdb.py", given),
        Contestant("Feast, DuckDB store", "peers/asof_feast.py", given),
        Contestant(
            f"ours, 1 table of {4 * SMALL_MEMORY_MB} MB in {SMALL_MEMORY_MB} MB",
            "ours/asof.py",
            [large, "1", str(FEATURES), str(TTL_DAYS), "--memory", f"{SMALL_MEMORY_MB}MB"],
        ),
    ]
    chosen = [one for one in contestants if not any(word in one.name for word in arguments.without)]
    title = f"Point-in-time join: {labels:,} labels, {TABLES} tables of {rows:,} rows x {FEATURES} features, TTL"
    show(title, measure(chosen, runs=arguments.runs), ours=OURS, limit=LIMIT, goals=GOALS)


if __name__ == "__main__":
    main()
