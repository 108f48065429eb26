# /// script
# requires-python = ">=3.11"
# dependencies = ["duckdb==2.0.0", "pytz==2025.2", "pyarrow==21.0.0"]
# ///
"""``ASOF LEFT JOIN``, one table after the other, the time to live applied to what was found."""

import sys
import tempfile

import duckdb
from reporting import reported

folder, tables, features, days = sys.argv[1], *map(int, sys.argv[2:5])
with reported() as told:
    connection = duckdb.connect(config={"temp_directory": tempfile.gettempdir()})
    query = f"SELECT * FROM '{folder}/labels.parquet'"
    for i in range(tables):
        usable = f"v.event_time >= l.event_time - INTERVAL {days} DAY"
        names = ", ".join(f"CASE WHEN {usable} THEN v.f{k} END AS view{i}__f{k}" for k in range(features))
        query = (
            f"SELECT l.*, {names} FROM ({query}) AS l ASOF LEFT JOIN '{folder}/view{i}.parquet' AS v "
            "ON l.entity = v.entity AND l.event_time >= v.event_time"
        )
    whole = connection.sql(query).to_arrow_table()
    told["rows"] = whole.num_rows
    told["found"] = sum(len(whole) - whole[f"view{i}__f0"].null_count for i in range(tables))
