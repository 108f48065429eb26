from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import TypeAdapter

from config.sources import Source
from runtime import pins, publication
from runtime.pinning import HELD, Origin, Taken, hold, take
from runtime.pins import PinnedFile
from runtime.publication import Publication
from tests.moto_server import Aws

AT = dt.datetime(2026, 11, 27, 6, tzinfo=dt.UTC)
SOURCES = TypeAdapter(dict[str, Source]).validate_python(
    {
        "orders": {"columns": {"id": "INTEGER"}},
        "prices": {"columns": {"id": "INTEGER"}},
        "planes": {"kind": "database", "connection": "registry", "columns": {"id": "INTEGER"}},
        "trips": {"kind": "line", "line": "fleet", "table": "trips", "columns": {"id": "INTEGER"}},
        "seats": {"kind": "line", "line": "fleet", "table": "seats", "columns": {"id": "INTEGER"}},
    }
)


@dataclass(frozen=True)
class Dev:
    """The environment that is pinned to."""

    s3: Any
    origin: Origin

    def put(self, key: str, text: str) -> str:
        version: str = self.s3.put_object(Bucket=self.origin.raw_bucket, Key=key, Body=text)["VersionId"]
        return version

    def publish(self, **tables: int) -> None:
        publication.write(self.s3, self.origin.lake_bucket, "fleet", "curation", Publication("run-1", tables))

    def take(self) -> Taken:
        return take(self.s3, self.origin, "shop", SOURCES, AT)


@pytest.fixture
def dev(aws: Aws) -> Dev:
    s3, origin = aws.client("s3"), Origin("dev", aws.bucket(), aws.bucket(), "assembly_line_dev")
    s3.put_bucket_versioning(Bucket=origin.raw_bucket, VersioningConfiguration={"Status": "Enabled"})
    return Dev(s3, origin)


def test_files_are_pinned_by_the_version_that_is_the_newest_now(dev: Dev) -> None:
    dev.put("shop/orders/a.csv", "old")
    second, first = dev.put("shop/orders/b.csv", "b"), dev.put("shop/orders/a.csv", "a")
    dev.put("shop/orders/gone.csv", "x")
    dev.s3.delete_object(Bucket=dev.origin.raw_bucket, Key="shop/orders/gone.csv")
    dev.put("shops/orders/c.csv", "another line's")
    found = dev.take().pins.files["orders"]
    assert [(one.key, one.version) for one in found] == [("shop/orders/a.csv", first), ("shop/orders/b.csv", second)]


def test_another_lines_table_is_pinned_to_what_it_has_published(dev: Dev) -> None:
    dev.publish(trips=7)
    taken = dev.take()
    assert taken.pins.tables == {"trips": 7}
    assert taken.snapshots == {"fleet": frozenset({7})}


def test_what_cannot_be_pinned_is_told_with_the_reason(dev: Dev) -> None:
    dev.put("shop/orders/a.csv", "a")
    dev.publish(trips=7)
    assert dev.take().left == {
        "prices": "dev holds no file of it: runs read this environment's own",
        "planes": "a database has no versions: runs read connection registry as it is",
        "seats": "dev has not published it: runs read this environment's own",
    }


def test_a_pin_comes_back_as_it_was_written_and_can_be_forgotten(dev: Dev, aws: Aws) -> None:
    lake, taken = aws.bucket(), dev.take()
    dev.put("shop/orders/a.csv", "a")
    pins.write(dev.s3, lake, "shop", dev.take().pins)
    assert pins.read(dev.s3, lake, pins.key_of("shop")) == dev.take().pins != taken.pins
    pins.forget(dev.s3, lake, "shop")
    assert pins.read(dev.s3, lake, pins.key_of("shop")) is None


def test_an_environment_that_is_never_pinned_asks_nobody() -> None:
    assert pins.read(None, "lake", "") is None


def test_a_pinned_file_is_listed_like_any_other(dev: Dev) -> None:
    dev.put("shop/orders/a.csv", "a")
    pinned = dev.take().pins
    (one,) = pinned.objects("orders")
    (file,) = pinned.files["orders"]
    assert isinstance(file, PinnedFile)
    assert (one.uri, one.etag) == (f"s3://{dev.origin.raw_bucket}/shop/orders/a.csv", file.etag)


def test_the_environment_over_there_is_asked_to_keep_the_snapshots(dev: Dev) -> None:
    dev.publish(trips=7, seats=8)
    hold(dev.s3, dev.origin, dev.take(), environment="feature-a-suoufxac3r", until=AT + HELD)
    key = "held/fleet/feature-a-suoufxac3r.json"
    body = dev.s3.get_object(Bucket=dev.origin.lake_bucket, Key=key)["Body"].read()
    assert json.loads(body) == {"until": "2027-02-25T06:00:00Z", "snapshots": [7, 8]}
