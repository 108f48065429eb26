# /// script
# requires-python = ">=3.11"
# dependencies = ["duckdb==1.4.1", "pytz==2025.2", "pyarrow==21.0.0"]
# ///
"""The limit: every column read once, its sum or its bounds computed."""

import sys

import duckdb
from reporting import reported

connection = duckdb.connect()
source = f"read_parquet('{sys.argv[1]}')"
kinds = connection.execute(f"DESCRIBE FROM {source}").fetchall()
wanted = []
for name, kind, *_ in kinds:
    if kind in ("BIGINT", "INTEGER", "SMALLINT", "DOUBLE"):
        wanted.append(f"sum({name})")
    elif kind == "BOOLEAN":
        wanted.append(f"count_if({name})")
    wanted.append(f"min({name})")
    wanted.append(f"max({name})")
with reported():
    connection.execute(f"SELECT count(*), {', '.join(wanted)} FROM {source}").fetchall()
