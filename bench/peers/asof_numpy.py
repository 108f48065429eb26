# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.3.3", "pyarrow==21.0.0"]
# ///
"""A reference by hand: every table whole in memory, one binary search per label."""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from reporting import reported

folder, tables, features, days = sys.argv[1], *map(int, sys.argv[2:5])
ttl = days * 24 * 3_600_000_000
with reported() as told:
    labels = pq.read_table(f"{folder}/labels.parquet")
    entity, at = (labels[name].cast(pa.int64()).to_numpy() for name in ("entity", "event_time"))
    low, span = int(at.min()), 366 * 24 * 3_600_000_000
    keys = entity * span + (at - low)
    found, columns = 0, {name: labels[name] for name in labels.column_names}
    for i in range(tables):
        view = pq.read_table(f"{folder}/view{i}.parquet")
        others, moments = (view[name].cast(pa.int64()).to_numpy() for name in ("entity", "event_time"))
        place = np.searchsorted(others * span + (moments - low), keys, side="right") - 1
        rows = np.maximum(place, 0)
        hit = (place >= 0) & (others[rows] == entity) & (at - moments[rows] <= ttl)
        found += int(hit.sum())
        for k in range(features):
            columns[f"view{i}__f{k}"] = pa.array(view[f"f{k}"].to_numpy()[rows], mask=~hit)
    told["rows"] = pa.table(columns).num_rows
    told["found"] = found
