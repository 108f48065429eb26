# /// script
# requires-python = ">=3.11"
# dependencies = ["duckdb==2.0.0", "pytz==2025.2"]
# ///
"""The limit: a plain scan of the same columns."""

import sys

import duckdb
from reporting import reported

folder, tables, features = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
columns = ["entity", *(f"f{k}" for k in range(features))]
aggregates = ", ".join(f"sum({name}), min({name}), max({name})" for name in columns)
with reported():
    connection = duckdb.connect()
    for i in range(tables):
        connection.execute(
            f"SELECT {aggregates}, min(epoch_us(event_time)), max(epoch_us(event_time)) FROM '{folder}/view{i}.parquet'"
        ).fetchall()
