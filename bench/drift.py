"""Drift beside peers: a day's rows against those of the training, 20 numbers and 5 categories, from Parquet.

    python bench/drift.py                          # a million rows each, three runs
    python bench/drift.py --rows 100000 --runs 1
    python bench/drift.py --all                    # also evidently and whylogs, which take minutes

The limit is a plain scan of the day's columns. What a contestant can prepare of the training rows is prepared before
its time starts: ours and whylogs keep a profile, nannyml is fitted, the others have loaded them. ``over`` counts the
columns that drifted: every other number's mean has moved by half a standard deviation, and one category's shares.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.harness import Contestant, data_folder, measure, show
from bench.ours import drift

NUMBERS, CATEGORIES = 20, 5
OURS, LIMIT = "ours", "limit: DuckDB scan"
PEERS: dict[str, tuple[str, ...]] = {
    LIMIT: ("peers/scan_duckdb.py", "current.parquet"),
    "limit: Polars scan": ("peers/scan_polars.py", "current.parquet"),
    OURS: ("ours/drift.py", ""),
    "ours, as captured events": ("ours/drift.py", "", "--sketch"),
    "nannyml, Kolmogorov-Smirnov and chi-squared": ("peers/drift_nannyml.py", ""),
    "scipy, Kolmogorov-Smirnov and chi-squared": ("peers/drift_scipy.py", ""),
    "alibi-detect": ("peers/drift_alibi.py", ""),
}
SLOW = {
    "whylogs": "peers/drift_whylogs.py",
    "evidently, PSI": "peers/drift_evidently.py",
}
GOALS = (f"goals: {OURS} at most 2.5 x {LIMIT}, nannyml at least 5 x and evidently 100 x {OURS}",)


def make(folder: Path, rows: int) -> None:
    """Write reference and current rows: normal numbers from two hashes, categories of ten to ninety values."""
    with duckdb.connect() as connection:
        for name, seed in (("reference", 0), ("current", 10_000)):
            moved = 0.5 if seed else 0.0
            numbers = ", ".join(
                f"sqrt(-2 * ln((hash(r * 31 + {seed + i}) % 1000000 + 1) / 1000001.0)) "
                f"* cos(2 * pi() * (hash(r * 37 + {seed + i + 500}) % 1000000) / 1e6) + {moved * (i % 2)} AS n{i}"
                for i in range(NUMBERS)
            )
            categories = ", ".join(
                f"'c' || (hash(r * 41 + {seed + i + 900}) % {10 + 20 * i - 5 * (not i and seed > 0)})::VARCHAR AS c{i}"
                for i in range(CATEGORIES)
            )
            connection.execute(
                f"COPY (SELECT {numbers}, {categories} FROM range({rows}) AS rows(r)) "
                f"TO '{folder / f'{name}.parquet'}' (COMPRESSION zstd)"
            )
    drift.make(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="also the slow peers, once")
    given = parser.parse_args()
    folder = data_folder(f"drift-{given.rows}", lambda folder: make(folder, given.rows))
    contestants = [
        Contestant(name, script, [str(folder / file), *more]) for name, (script, file, *more) in PEERS.items()
    ]
    measured = measure(contestants, runs=given.runs)
    if given.all:
        measured += measure([Contestant(name, script, [str(folder)]) for name, script in SLOW.items()], runs=1)
    show(f"Drift of {given.rows:,} rows, 25 columns", measured, ours=OURS, limit=LIMIT, goals=GOALS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
