from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cli.raw import put
from config.connections import JdbcConnection
from config.errors import LineError
from config.sources import DatabaseSource, LineSource, S3Source, Source
from local.postgres_server import Login
from tests.moto_server import Aws
from tests.postgres import postgres, rows_of, secret_of

__all__ = ["postgres"]

ORDERS = S3Source(columns={"id": "INTEGER"})
EMBEDDED = {"shop_db": JdbcConnection(engine="postgresql", embedded=True)}


def files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_the_bucket_holds_exactly_the_given_files(aws: Aws, tmp_path: Path) -> None:
    s3, bucket = aws.client("s3"), aws.bucket()
    s3.put_object(Bucket=bucket, Key="shop/orders/old.csv", Body=b"old")
    s3.put_object(Bucket=bucket, Key="other/orders/old.csv", Body=b"another line's")
    count = put(
        aws.client,
        bucket=bucket,
        line="shop",
        sources={"orders": ORDERS, "customers": ORDERS},
        connections={},
        folder=files(tmp_path, "orders/a.csv", "orders/month=2013-01/b.csv", "customers/c.csv"),
    )
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert (count, keys) == (
        3,
        ["other/orders/old.csv", "shop/customers/c.csv", "shop/orders/a.csv", "shop/orders/month=2013-01/b.csv"],
    )


def refusal(folder: Path, sources: dict[str, Source], connections: Any = EMBEDDED) -> str:
    with pytest.raises(LineError) as caught:
        put(None, bucket="raw", line="shop", sources=sources, connections=connections, folder=folder)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_folder_without_files_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path, {"orders": ORDERS}) == (
        f"{tmp_path} holds no raw files, expected <source>/<file>.csv with source one of orders"
    )


def test_a_folder_that_is_no_source_is_told(tmp_path: Path) -> None:
    assert refusal(files(tmp_path, "order/a.csv"), {"orders": ORDERS}) == (
        f"{tmp_path}/order is not a source of line 'shop', expected one of orders: rename the folder"
    )


def test_files_for_another_lines_table_are_told(aws: Aws, tmp_path: Path) -> None:
    legs = LineSource(kind="line", line="trains", table="legs", columns={"id": "INTEGER"})
    folder = files(tmp_path, "legs/a.csv")
    with pytest.raises(LineError) as caught:
        put(aws.client, bucket=aws.bucket(), line="shop", sources={"legs": legs}, connections={}, folder=folder)
    assert str(caught.value) == (
        f"{folder}/legs: source 'legs' is a table that line 'trains' publishes: remove the folder"
    )


class Tables:
    """The embedded PostgreSQL's database ``shop_db`` and files that fill it."""

    def __init__(self, aws: Aws, login: Login, folder: Path) -> None:
        self.aws, self.login, self.folder = aws, login, folder

    def fill(self, source: DatabaseSource) -> None:
        put(
            self.aws.client,
            bucket=self.aws.bucket(),
            line="shop",
            sources={"orders": source, "other": ORDERS},
            connections=EMBEDDED,
            folder=files(self.folder, "other/x.csv"),
        )

    def given(self, name: str, content: str) -> None:
        (self.folder / "orders").mkdir(exist_ok=True)
        (self.folder / "orders" / name).write_text(content)


@pytest.fixture
def tables(aws: Aws, postgres: Any, tmp_path: Path) -> Iterator[Tables]:
    with closing(secret_of(aws, postgres, "shop_db")) as made:
        yield Tables(aws, made.login, tmp_path)


def source(**more: Any) -> DatabaseSource:
    columns = {"id": "INTEGER", "price": "DECIMAL(8, 2)", "at": "TIMESTAMPTZ", "note": "VARCHAR"}
    return DatabaseSource(kind="database", connection="shop_db", columns=columns, **more)


CSV = "id,price,at,note,extra\n1,2.50,2026-01-01 00:00:00+01,NA,7\n2,,2026-01-02,x,8\n"


def test_a_database_source_becomes_a_table_of_its_name_with_declared_types(tables: Tables) -> None:
    tables.given("a.csv", CSV)
    tables.fill(source())
    found = rows_of(tables.login, "SELECT id, price::text, at::text, note, extra FROM orders ORDER BY id")
    assert found == [(1, "2.50", "2025-12-31 23:00:00+00", None, 7), (2, None, "2026-01-02 00:00:00+00", "x", 8)]


def test_a_table_may_be_in_a_schema(tables: Tables) -> None:
    tables.given("a.csv", CSV)
    tables.fill(source(table="sales.bought"))
    assert rows_of(tables.login, "SELECT count(*) FROM sales.bought") == [(2,)]


def test_filling_again_replaces_the_rows_and_a_missing_folder_takes_the_table(tables: Tables) -> None:
    tables.given("a.csv", CSV)
    tables.fill(source())
    tables.fill(source())
    assert rows_of(tables.login, "SELECT count(*) FROM orders") == [(2,)]
    (tables.folder / "orders" / "a.csv").unlink()
    tables.fill(source())
    assert rows_of(tables.login, "SELECT to_regclass('orders') IS NULL") == [(True,)]


def test_a_file_that_does_not_hold_the_declared_types_is_told(tables: Tables) -> None:
    tables.given("a.csv", "id,price,at,note\none,1,2026-01-01,x\n")
    with pytest.raises(LineError, match=r"orders: cannot be read as source 'orders': .*: correct the files"):
        tables.fill(source())


def test_files_for_a_database_that_is_not_embedded_are_told(aws: Aws, tmp_path: Path) -> None:
    real = {"shop_db": JdbcConnection(engine="postgresql", host="db", database="shop", secret="s")}
    folder = files(tmp_path, "orders/a.csv")
    with pytest.raises(LineError) as caught:
        put(
            aws.client,
            bucket=aws.bucket(),
            line="shop",
            sources={"orders": source()},
            connections=real,
            folder=folder,
        )
    assert str(caught.value) == (
        f"{folder}/orders: source 'orders' is read from connection 'shop_db', which is not embedded: "
        "remove the folder, or let the connection be embedded in the environment"
    )
