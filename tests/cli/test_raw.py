from __future__ import annotations

from pathlib import Path

import pytest

from cli.raw import upload
from config.errors import LineError
from tests.moto_server import Aws


def files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_the_bucket_holds_exactly_the_given_files(aws: Aws, tmp_path: Path) -> None:
    s3, bucket = aws.client("s3"), aws.bucket()
    s3.put_object(Bucket=bucket, Key="shop/orders/old.csv", Body=b"old")
    s3.put_object(Bucket=bucket, Key="other/orders/old.csv", Body=b"another line's")
    count = upload(
        s3,
        bucket=bucket,
        line="shop",
        sources=["orders", "customers"],
        folder=files(tmp_path, "orders/a.csv", "orders/b.csv", "customers/c.csv"),
    )
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert (count, keys) == (
        3,
        ["other/orders/old.csv", "shop/customers/c.csv", "shop/orders/a.csv", "shop/orders/b.csv"],
    )


def test_a_folder_without_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(LineError) as caught:
        upload(None, bucket="raw", line="shop", sources=["orders"], folder=tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} holds no raw files, expected <source>/<file>.csv with source one of orders"
    )


def test_a_folder_that_is_no_source_is_told(tmp_path: Path) -> None:
    with pytest.raises(LineError) as caught:
        upload(None, bucket="raw", line="shop", sources=["orders"], folder=files(tmp_path, "order/a.csv"))
    assert str(caught.value) == (
        f"{tmp_path}/order is not a source of line 'shop', expected one of orders: rename the folder"
    )
