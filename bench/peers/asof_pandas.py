# /// script
# requires-python = ">=3.11"
# dependencies = ["pandas==2.3.3", "pyarrow==21.0.0"]
# ///
"""``merge_asof`` on frames sorted by event time, as it demands."""

import sys

import pandas as pd
from reporting import reported

folder, tables, features, days = sys.argv[1], *map(int, sys.argv[2:5])
with reported() as told:
    joined = pd.read_parquet(f"{folder}/labels.parquet").sort_values("event_time")
    for i in range(tables):
        names = {f"f{k}": f"view{i}__f{k}" for k in range(features)}
        view = pd.read_parquet(f"{folder}/view{i}.parquet").rename(columns=names).sort_values("event_time")
        joined = pd.merge_asof(joined, view, on="event_time", by="entity", tolerance=pd.Timedelta(days=days))
    told["rows"] = len(joined)
    told["found"] = int(sum(joined[f"view{i}__f0"].notna().sum() for i in range(tables)))
