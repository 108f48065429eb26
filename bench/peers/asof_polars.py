# /// script
# requires-python = ">=3.11"
# dependencies = ["polars==1.34.0"]
# ///
"""``join_asof`` on sorted frames, lazily, with its tolerance as the time to live."""

import sys

import polars as pl
from reporting import reported

folder, tables, features, days = sys.argv[1], *map(int, sys.argv[2:5])
with reported() as told:
    joined = pl.scan_parquet(f"{folder}/labels.parquet").sort("event_time")
    for i in range(tables):
        names = {f"f{k}": f"view{i}__f{k}" for k in range(features)}
        view = pl.scan_parquet(f"{folder}/view{i}.parquet").rename(names).sort("event_time")
        joined = joined.join_asof(view, on="event_time", by="entity", tolerance=f"{days}d", check_sortedness=False)
    whole = joined.collect()
    told["rows"] = whole.height
    told["found"] = sum(whole[f"view{i}__f0"].count() for i in range(tables))
