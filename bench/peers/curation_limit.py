# /// script
# requires-python = ">=3.11"
# dependencies = ["duckdb==2.0.0"]
# ///
"""The raw flights read and written again: no join, no new column."""

import shutil
import sys
from pathlib import Path

import duckdb
from reporting import reported

form, folder, out = sys.argv[1:4]
shutil.rmtree(out, ignore_errors=True)
Path(out).mkdir(parents=True)
with reported(), duckdb.connect() as connection:
    reader = "read_csv" if form == "csv" else "read_parquet"
    options = ", nullstr = ['', 'NA']" if form == "csv" else ""
    source = f"{reader}('{folder}/flights/*.{form}'{options})"
    connection.execute(f"COPY (FROM {source}) TO '{out}/flights.parquet' (COMPRESSION zstd, COMPRESSION_LEVEL 1)")
