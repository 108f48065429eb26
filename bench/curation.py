"""Curation beside peers: the flights line's own SELECTs over years of flights, from CSV or Parquet into Parquet (zstd).

    python bench/curation.py                            # ten million flights, three runs
    python bench/curation.py --rows 700000 --runs 1
    python bench/curation.py --no-spark                 # without the peer that needs Java

Flights and weather of 2013 are repeated with other years. The limit reads the raw flights and writes them again. Every
contestant's table of flights is compared with ours: rows, sums of delays and moments.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.harness import Contestant, Measured, data_folder, measure, show
from config.loading import load_bundle
from config.parameters import resolve
from lines.flights import sample
from runtime import dialect

YEAR = 336_776
"""Flights of 2013."""
CONTESTANTS = {
    "parquet": {
        "limit: read and write": "peers/curation_limit.py",
        "ours": "ours/curation.py",
        "DuckDB, by hand": "peers/curation_duckdb.py",
        "Polars, by hand": "peers/curation_polars.py",
        "pandas, by hand": "peers/curation_pandas.py",
        "Spark local[2], our translation": "peers/curation_spark.py",
    },
    "csv": {
        "limit: read and write": "peers/curation_limit.py",
        "ours": "ours/curation.py",
        "DuckDB, by hand": "peers/curation_duckdb.py",
        "Polars, by hand": "peers/curation_polars.py",
    },
}
_SUMS = (
    "SELECT count(*), sum(arr_delay), sum(CAST(epoch(arrived_at) AS BIGINT)), count(DISTINCT tailnum), "
    "count(*) FILTER (WHERE weather_reported) FROM read_parquet('{}/flights/*.parquet')"
)


def make(folder: Path, rows: int) -> None:
    """Write every source as CSV and as Parquet, flights in a file per year."""
    years = max(1, round(rows / YEAR))
    with tempfile.TemporaryDirectory() as once, duckdb.connect() as connection:
        sample.raw(Path(once), {})
        connection.execute("SET TimeZone = 'UTC'")
        sources = load_bundle("flights").definition.sources
        for name, source in sources.items():
            kinds = ", ".join(f"'{column}': '{kind}'" for column, kind in source.columns.items())
            read = f"read_csv('{once}/{name}/**', header = true, nullstr = ['', 'NA'], columns = {{{kinds}}})"
            connection.execute(f"CREATE OR REPLACE TABLE once AS FROM {read}")
            moved = name in ("flights", "weather")
            for form, options in (
                ("csv", "HEADER, NULLSTR 'NA', TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%SZ'"),
                ("parquet", ""),
            ):
                (folder / form / name).mkdir(parents=True, exist_ok=True)
                for year in range(years if moved else 1):
                    rows_of = f"SELECT * REPLACE (year + {year} AS year, time_hour + INTERVAL {year} YEAR AS time_hour)"
                    select = f"{rows_of} FROM once" if moved else "FROM once"
                    target = folder / form / name / f"{2013 + year}.{form}"
                    connection.execute(f"COPY ({select}) TO '{target}' ({options or 'FORMAT parquet'})")


def statements() -> dict[str, object]:
    """Return the line's SELECTs for peers: as they are, and translated for Spark."""
    bundle = load_bundle("flights")
    parameters = resolve(bundle.definition.parameters, {})
    sources = {name: source.all_columns for name, source in bundle.definition.sources.items()}
    known = [one for one in dialect.statements(bundle, parameters, sources) if one.kind == "curation"]
    tables = dialect.schema(sources, known)
    return {
        "sources": {name: source.columns for name, source in bundle.definition.sources.items()},
        "duckdb": {one.name: one.sql for one in known},
        "spark": {
            one.name: dialect.to_spark(
                one.sql, file=one.file, tables=tables, columns=one.columns, parameters=parameters
            )
            for one in known
        },
    }


def slug(name: str) -> str:
    """Return a contestant's name as the name of a folder."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def compare(form: str, out: Path, measured: list[Measured]) -> None:
    """Tell which contestants wrote another table of flights than ours."""
    with duckdb.connect() as connection:
        found = {}
        for one in measured:
            if not one.failed and "limit" not in one.name:
                found[one.name] = connection.execute(_SUMS.format(out / slug(one.name))).fetchone()
    others = sorted(name for name, sums in found.items() if sums != found.get("ours"))
    print(
        f"{form}: {', '.join(others)} wrote other flights than ours"
        if others
        else f"{form}: all wrote the same flights"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=30 * YEAR)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-spark", action="store_true")
    arguments = parser.parse_args()
    data = data_folder(f"curation-{arguments.rows}", lambda folder: make(folder, arguments.rows))
    with tempfile.TemporaryDirectory() as work:
        described = Path(work) / "statements.json"
        described.write_text(json.dumps(statements()), encoding="utf-8")
        for form, contestants in CONTESTANTS.items():
            out = Path(work) / form
            chosen = [
                Contestant(name, script, (form, str(data / form), str(out / slug(name)), str(described)))
                for name, script in contestants.items()
                if not (arguments.no_spark and "Spark" in name)
            ]
            measured = measure(chosen, runs=arguments.runs)
            title = f"curation of {arguments.rows:,} flights from {form}"
            show(title, measured, ours="ours", limit="limit: read and write")
            compare(form, out, measured)
            shutil.rmtree(out)


if __name__ == "__main__":
    main()
