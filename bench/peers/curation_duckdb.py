# /// script
# requires-python = ">=3.11"
# dependencies = ["duckdb==2.0.0"]
# ///
"""The line's SELECTs in a plain script: sources and tables are views over files."""

import json
import shutil
import sys
from pathlib import Path

import duckdb
from reporting import reported

form, folder, out, statements = sys.argv[1:5]
shutil.rmtree(out, ignore_errors=True)
told = json.loads(Path(statements).read_text())
with reported(), duckdb.connect() as connection:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("CREATE SCHEMA raw")
    for name, columns in told["sources"].items():
        kinds = ", ".join(f"'{column}': '{kind}'" for column, kind in columns.items())
        options = f", header = true, nullstr = ['', 'NA'], columns = {{{kinds}}}" if form == "csv" else ""
        reader = "read_csv" if form == "csv" else "read_parquet"
        connection.execute(f"CREATE VIEW raw.{name} AS FROM {reader}('{folder}/{name}/*.{form}'{options})")
    for name, sql in told["duckdb"].items():
        target = f"{out}/{name}"
        Path(target).mkdir(parents=True)
        connection.execute(f"COPY ({sql}) TO '{target}/0.parquet' (COMPRESSION zstd, COMPRESSION_LEVEL 1)")
        connection.execute(f"CREATE VIEW {name} AS FROM '{target}/0.parquet'")
