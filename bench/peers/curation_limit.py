# /// script
# requires-python = ">=3.11"
# dependencies = ["duckdb==2.0.0"]
# ///
"""The limit of curation: the flights read and written again as they are."""

from __future__ import annotations

import sys
import tempfile

import duckdb
from reporting import reported

with tempfile.TemporaryDirectory() as target, duckdb.connect() as connection, reported() as told:
    told["rows"] = connection.execute(
        f"COPY (FROM read_parquet('{sys.argv[1]}/flights/*.parquet')) TO '{target}/flights.parquet' "
        "(COMPRESSION zstd, COMPRESSION_LEVEL 1)"
    ).fetchall()[0][0]
