from __future__ import annotations

import pytest

from config.errors import LineError
from runtime.delivery import reading
from tests.moto_server import Aws
from tests.runtime.delivery.deliveries import scored


@pytest.mark.parametrize("size", [1, 100, 10_000])
def test_parts_are_the_object_in_order(aws: Aws, size: int) -> None:
    s3, bucket = aws.client("s3"), aws.bucket()
    body = bytes(range(256)) if size > 1 else b"abc"
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    found = list(reading.parts(s3, bucket, "k", size=size))
    assert b"".join(found) == body
    assert all(len(part) == size for part in found[:-1])


def test_an_empty_object_has_no_parts(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), aws.bucket()
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert list(reading.parts(s3, bucket, "k")) == []


def test_an_object_that_changes_meanwhile_is_not_mixed(aws: Aws) -> None:
    s3, bucket = aws.client("s3"), aws.bucket()
    s3.put_object(Bucket=bucket, Key="k", Body=b"old old old")
    found = reading.parts(s3, bucket, "k", size=4)
    assert next(found) == b"old "
    s3.put_object(Bucket=bucket, Key="k", Body=b"new new new")
    with pytest.raises(s3.exceptions.ClientError, match=r"PreconditionFailed|412"):
        next(found)


@pytest.mark.parametrize("size", [199, 1_000_000])
def test_records_are_whole_however_the_parts_fall(aws: Aws, size: int) -> None:
    paths = scored(aws, 9)
    found = list(reading.records(aws.client("s3"), paths, size=size))
    assert [record["id"] for record in found] == [f"UA-{number}" for number in range(9)]


def test_no_record_is_an_error(aws: Aws) -> None:
    s3, paths = aws.client("s3"), scored(aws, 1)
    s3.put_object(Bucket=paths.lake, Key=paths.predictions, Body=b"")
    with pytest.raises(LineError, match="holds no prediction"):
        list(reading.records(s3, paths))
