# /// script
# requires-python = ">=3.11"
# dependencies = ["polars==1.34.0"]
# ///
"""The limit: every column read once, its sum or its bounds computed."""

import sys

import polars as pl
from reporting import reported

frame = pl.scan_parquet(sys.argv[1])
wanted = []
for name, kind in frame.collect_schema().items():
    if kind.is_numeric() or kind == pl.Boolean:
        wanted.append(pl.col(name).sum().alias(f"{name}_sum"))
    wanted += [pl.col(name).min().alias(f"{name}_min"), pl.col(name).max().alias(f"{name}_max")]
with reported():
    frame.select(wanted).collect(engine="streaming")
