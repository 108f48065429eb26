"""Arrow content written to tables as jobs write relations."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog

from runtime import engine, tables
from runtime.engine import Query
from runtime.schemas import Change

CONTENT = Query(text="FROM content", file="lines/shop/curation/orders.sql")


def write(catalog: GlueCatalog, table: str, content: pa.Table, run: str = "run-1", **more: Any) -> int:
    """Write content to the table's audit branch and return the snapshot."""
    with tempfile.TemporaryDirectory() as folder, engine.connect(folder=Path(folder)) as connection:
        connection.register("content", content)
        return tables.write_audit(
            catalog, table, CONTENT, connection=connection, folder=Path(folder), run=run, **more
        ).snapshot


def compare(catalog: GlueCatalog, table: str, content: pa.Table, **more: Any) -> list[Change]:
    """Return how content's columns differ from the table's."""
    with engine.connect() as connection:
        connection.register("content", content)
        return tables.compared(catalog, table, CONTENT, connection=connection, name="orders", **more)


def attached(catalog: GlueCatalog, table: str, snapshot: int, **where: str) -> list[dict[str, Any]]:
    """Return the rows of a snapshot as a job's SQL sees them."""
    with tempfile.TemporaryDirectory() as folder, engine.connect(folder=Path(folder)) as connection:
        tables.attach(catalog, table, snapshot, connection=connection, name="orders", folder=Path(folder), where=where)
        rows: list[dict[str, Any]] = engine.arrow(connection, "orders").to_pylist()
        return rows
