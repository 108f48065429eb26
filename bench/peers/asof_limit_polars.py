# /// script
# requires-python = ">=3.11"
# dependencies = ["polars==1.34.0"]
# ///
"""The limit: a plain scan of the same columns."""

import sys

import polars as pl
from reporting import reported

folder, tables, features = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
columns = ["entity", *(f"f{k}" for k in range(features))]
with reported():
    for i in range(tables):
        pl.scan_parquet(f"{folder}/view{i}.parquet").select(
            pl.col(columns).sum().name.suffix("_sum"),
            pl.col([*columns, "event_time"]).min().name.suffix("_min"),
            pl.col([*columns, "event_time"]).max().name.suffix("_max"),
        ).collect()
