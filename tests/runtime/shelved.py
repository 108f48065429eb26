"""The shop's orders and habits as published tables, an empty shelf, and what a builder puts on it."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from config.bundle import Bundle
from runtime import engine
from runtime.builder import Builder, Built, Request
from runtime.shelf import Shelf
from tests.moto_server import Aws
from tests.runtime.shop import PARAMETERS, bundle


def at(day: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2024, 1, day, hour, tzinfo=dt.UTC)


def history(*rows: tuple[str, dt.datetime, float]) -> dict[str, pa.Table]:
    content = {
        "customer": pa.array([row[0] for row in rows], pa.string()),
        "known_at": pa.array([row[1] for row in rows], pa.timestamp("us", "UTC")),
        "spent": pa.array([row[2] for row in rows], pa.float64()),
        "dear": pa.array([row[2] > 5 for row in rows], pa.bool_()),
    }
    return {"habits": pa.table(content)}


KNOWN = history(("ann", at(1), 1.0), ("ann", at(6, 1), 9.0), ("ann", at(30), 99.0))


ORDERS = [
    (1, "2024-01-02", "ann", 1.0, True),
    (2, "2024-01-04 23:59:59.999999", "bob", 6.0, False),
    (3, "2024-01-05", "ann", 6.0, None),
    (4, "2024-01-06 00:59", "ann", 6.0, True),
    (5, "2024-01-08 01:00", "ann", 7.0, False),
    (6, "2024-01-09", "ann", None, True),
    (7, "2024-01-09 12:00", "ann", 1.0, False),
    (8, None, "ann", 1.0, True),
]


@dataclass
class Made:
    """A dataset as it lies on the shelf."""

    manifest: dict[str, Any]
    parts: dict[str, pa.Table]


Make = Callable[..., Made]


def attach(connection: engine.Connection, views: Mapping[str, pa.Table], orders: list[tuple[Any, ...]]) -> None:
    connection.execute(
        "CREATE TABLE orders (id INTEGER, placed TIMESTAMP, customer VARCHAR, price DOUBLE, returned BOOLEAN)"
    )
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", orders)
    for name, content in views.items():
        connection.register(name, content)


def build(
    shelf: Shelf,
    request: Request,
    views: Mapping[str, pa.Table] = KNOWN,
    orders: list[tuple[Any, ...]] = ORDERS,
    snapshot: int = 1,
) -> Built:
    """Build a dataset of the shop, whose tables have some snapshot."""
    with tempfile.TemporaryDirectory() as folder:
        builder = Builder(
            shelf=shelf,
            snapshots={"orders": snapshot, "habits": snapshot},
            attach=lambda connection, _: attach(connection, views, orders),
            folder=Path(folder),
            settings={"threads": 1},
        )
        return builder.build(request)


@pytest.fixture
def made(aws: Aws) -> Make:
    """Build the shop's dataset on an empty shelf."""

    def make(
        views: Mapping[str, pa.Table] = KNOWN,
        line: Bundle | None = None,
        orders: list[tuple[Any, ...]] = ORDERS,
        request: Request | None = None,
    ) -> Made:
        shelf = Shelf(aws.client("s3"), aws.bucket(), "shop")
        manifest = build(shelf, request or Request.of(line or bundle(), PARAMETERS), views, orders).manifest
        return Made(manifest, {part: shelf.rows(manifest, part) for part in manifest["files"]})

    return make
