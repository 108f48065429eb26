"""A table four times larger than the memory given to the engine: curated, inspected and joined, spilling to disk.

    python bench/memory.py                                     # 256 MB for 1.3 GB
    python bench/memory.py --rows 1000000 --memory 64MB

Each step is a process of its own and prints its peak. What it holds beside the engine's limit is Python, DuckDB itself
and, for the join, the examples of one chunk.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.harness import Contestant, data_folder, measure, show

BYTES_A_ROW = 8 * 8
"""Eight columns of eight bytes, of values that no compression makes smaller."""
STEPS = ("scan", "curate", "inspect", "join")


def make(folder: Path, rows: int) -> None:
    """Write readings of many devices, in no order, and the examples that ask about them."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        moment = "TIMESTAMPTZ '2013-01-01 00:00:00+00' + (hash({}) % 31536000) * INTERVAL 1 SECOND"
        values = ", ".join(f"hash(range + {i}) / 1e19::DOUBLE AS v{i}" for i in range(1, 6))
        connection.execute(
            f"COPY (SELECT range AS id, (hash(range + 7) % {max(1, rows // 50)})::BIGINT AS device, "
            f"{moment.format('range + 8')} AS seen_at, {values} FROM range({rows})) "
            f"TO '{folder / 'readings.parquet'}' (COMPRESSION zstd)"
        )
        connection.execute(
            f"COPY (SELECT 'q' || range AS id, (hash(range + 9) % {max(1, rows // 50)})::BIGINT AS device, "
            f"{moment.format('range + 10')} AS asked_at FROM range({max(1, rows // 20)})) "
            f"TO '{folder / 'questions.parquet'}' (COMPRESSION zstd)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--memory", default="256MB")
    parser.add_argument("--runs", type=int, default=1)
    arguments = parser.parse_args()
    data = data_folder(f"memory-{arguments.rows}", lambda folder: make(folder, arguments.rows))
    contestants = [Contestant(step, "ours/memory.py", (step, str(data), arguments.memory)) for step in STEPS]
    measured = measure(contestants, runs=arguments.runs)
    size = arguments.rows * BYTES_A_ROW / 1e6
    title = f"{arguments.rows:,} rows, {size:,.0f} MB in memory, with {arguments.memory} for the engine"
    show(title, measured, ours="curate", limit="scan")


if __name__ == "__main__":
    main()
