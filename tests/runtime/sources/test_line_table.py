from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from config.errors import LineError
from config.sources import LineSource
from runtime import engine, tables
from runtime.sources.loaded import Loaded
from runtime.sources.loading import Origins, fingerprint, load
from tests.moto_server import REGION, Aws
from tests.written import write

AT = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
COLUMNS = {"id": "BIGINT", "at": "TIMESTAMPTZ"}


class Upstream:
    """A line ``trains`` that publishes a table ``legs``, and a source that reads it."""

    def __init__(self, aws: Aws) -> None:
        self.database = f"db_{uuid.uuid4().hex[:8]}"
        aws.client("glue").create_database(DatabaseInput={"Name": self.database})
        self.catalog = tables.catalog(warehouse=f"s3://{aws.bucket()}/w", region=REGION, endpoint=aws.endpoint)
        self.connection = engine.connect(threads=1)
        made: Callable[[], Any] = lambda: self.catalog  # noqa: E731
        self.origins = Origins(
            line="shop",
            environment="local",
            raw_bucket="raw",
            database=self.database,
            client=aws.client,
            catalog=made,
        )

    def publish(self, *ids: int) -> int:
        table = f"{self.database}.trains_legs"
        content = pa.table({"id": pa.array(ids, pa.int64()), "at": [AT] * len(ids), "more": ["x"] * len(ids)})
        snapshot = write(self.catalog, table, content)
        tables.publish(self.catalog, table, snapshot)
        return snapshot

    def load(self, columns: dict[str, str] = COLUMNS, **more: Any) -> Loaded:
        source = LineSource(kind="line", line="trains", table=more.pop("table", "legs"), columns=columns, **more)
        return load(self.connection, "legs", source, origins=self.origins, parameters={}, folder=Path("/nowhere"))

    def ids(self) -> list[int]:
        return [row[0] for row in engine.rows(self.connection, "SELECT id FROM raw.legs ORDER BY id")]

    def refusal(self, *args: Any, **more: Any) -> str:
        with pytest.raises(LineError) as caught:
            self.load(*args, **more)
        return str(caught.value)


@pytest.fixture
def upstream(aws: Aws) -> Upstream:
    return Upstream(aws)


def test_what_another_line_has_published_is_read_with_its_snapshot_as_fingerprint(upstream: Upstream) -> None:
    snapshot = upstream.publish(1, 2)
    loaded = upstream.load()
    assert (loaded.rows, loaded.fingerprint, upstream.ids()) == (2, str(snapshot), [1, 2])
    assert loaded.told()["origin"] == f"line trains: legs snapshot {snapshot}"


def test_a_pinned_snapshot_stays_whatever_is_published_later(upstream: Upstream) -> None:
    first = upstream.publish(1)
    upstream.publish(1, 2, 3)
    assert (upstream.load(snapshot=first).rows, upstream.load().rows) == (1, 3)


def test_the_fingerprint_is_known_without_reading(upstream: Upstream) -> None:
    snapshot = upstream.publish(1)
    source = LineSource(kind="line", line="trains", table="legs", columns=COLUMNS)
    assert fingerprint("legs", source, origins=upstream.origins, parameters={}) == str(snapshot)


def test_a_table_that_was_never_published_is_told(upstream: Upstream) -> None:
    assert upstream.refusal(table="stops") == (
        "sources.legs: line 'trains' has not published a table 'stops' in this environment, expected it to have run: "
        "run line trains first"
    )


@pytest.mark.parametrize(
    ("columns", "more", "message"),
    [
        (
            {"ids": "BIGINT"},
            {},
            "sources.legs: table 'legs' of line 'trains' has no column 'ids' (closest: 'id'), expected one of id, at, "
            "more: correct sources.legs.columns in line.yaml",
        ),
        (
            {"at": "VARCHAR"},
            {},
            "sources.legs: column 'at' of table 'legs' of line 'trains' is TIMESTAMP WITH TIME ZONE, not VARCHAR: "
            "declare TIMESTAMP WITH TIME ZONE under sources.legs.columns in line.yaml",
        ),
        (
            COLUMNS,
            {"snapshot": 7},
            "sources.legs.snapshot: table 'legs' of line 'trains' has no snapshot 7, expected one that it still "
            "keeps: correct it or remove it to read what is published",
        ),
    ],
)
def test_a_source_that_the_table_does_not_give_is_told(
    upstream: Upstream, columns: dict[str, str], more: dict[str, int], message: str
) -> None:
    upstream.publish(1)
    assert upstream.refusal(columns, **more) == message
