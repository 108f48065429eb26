from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from config.sources import S3Source
from runtime.sources.loaded import Object, fingerprints_by_partition
from runtime.sources.loading import fingerprint, listed, load
from tests.runtime.sources.raw import SOURCE, Raw, raw

__all__ = ["raw"]

BY_MONTH = S3Source(columns={"id": "INTEGER"}, partitions={"month": "VARCHAR"})
BY_NAME = S3Source(columns={"id": "INTEGER"}, partitions={"month": "VARCHAR"}, partition_pattern="{month}.csv")
BY_DAY = S3Source(
    columns={"id": "INTEGER"}, partitions={"year": "INTEGER", "day": "DATE"}, partition_pattern="y{year}/{day}-v1.csv"
)
JANUARY, FEBRUARY = "id\n1\n2\n", "id\n3\n"


@pytest.mark.parametrize(
    ("source", "files", "rows"),
    [
        (
            BY_MONTH,
            {"month=2013-01/a.csv": JANUARY, "month=2013-02/b.csv": FEBRUARY},
            [(1, "2013-01"), (2, "2013-01"), (3, "2013-02")],
        ),
        (BY_NAME, {"2013-01.csv": JANUARY, "2013-02.csv": FEBRUARY}, [(1, "2013-01"), (2, "2013-01"), (3, "2013-02")]),
    ],
)
def test_what_a_key_says_is_a_column(raw: Raw, source: S3Source, files: dict[str, str], rows: list[object]) -> None:
    raw.load_keys(files, source)
    assert sorted((row["id"], row["month"]) for row in raw.rows()) == rows


def test_partition_columns_have_their_types_and_several_may_stand_in_a_key(raw: Raw) -> None:
    raw.load_keys({"y2013/2013-01-31-v1.csv": JANUARY}, BY_DAY)
    assert [str(value) for value in raw.rows()[0].values()] == ["1", "2013", "2013-01-31"]


def test_partitions_are_told_apart_by_their_fingerprints(raw: Raw) -> None:
    raw.put({"month=2013-01/a.csv": JANUARY, "month=2013-02/b.csv": FEBRUARY})
    before = fingerprints_by_partition(listed("goods", BY_MONTH, origins=raw.origins))
    raw.put({"month=2013-02/b.csv": FEBRUARY + "4\n", "month=2013-03/c.csv": FEBRUARY})
    after = fingerprints_by_partition(listed("goods", BY_MONTH, origins=raw.origins))
    changed = [name for name in after if before.get(name) != after[name]]
    assert (list(before), changed) == (["month=2013-01", "month=2013-02"], ["month=2013-02", "month=2013-03"])


def test_some_partitions_may_be_loaded_alone(raw: Raw) -> None:
    raw.put({"month=2013-01/a.csv": JANUARY, "month=2013-02/b.csv": FEBRUARY})
    only = [one for one in listed("goods", BY_MONTH, origins=raw.origins) if one.partition["month"] == "2013-02"]
    load(raw.connection, "goods", BY_MONTH, origins=raw.origins, parameters={}, folder=raw.folder, only=only)
    assert raw.texts("id") == ["3"]


def test_the_fingerprint_is_known_without_reading_and_is_that_of_what_is_read(raw: Raw) -> None:
    raw.put({"a.csv": "id,name,at\n1,pen,\n"})
    known = fingerprint("goods", SOURCE, origins=raw.origins, parameters={})
    assert known == raw.load().fingerprint


@pytest.mark.parametrize(
    ("source", "key", "message"),
    [
        (
            BY_MONTH,
            "a.csv",
            "its key does not tell the partition 'month', expected month=... below shop/goods/: move the file or "
            "correct sources.goods.partition_pattern in line.yaml",
        ),
        (
            BY_NAME,
            "2013/01.csv",
            "its key does not tell the partition 'month', expected {month}.csv below shop/goods/: move the file or "
            "correct sources.goods.partition_pattern in line.yaml",
        ),
        (
            BY_DAY,
            "y2013/tomorrow-v1.csv",
            "the partition 'day' in its key, 'tomorrow', is not DATE: rename the file or correct "
            "sources.goods.partitions in line.yaml",
        ),
    ],
)
def test_a_key_that_does_not_tell_its_partition_is_named(raw: Raw, source: S3Source, key: str, message: str) -> None:
    raw.put({key: JANUARY})
    assert raw.refusal(source) == f"s3://raw/shop/goods/{key}: {message}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"partitions": {"id": "INTEGER"}}, "partitions.id: is among the columns, too: remove one of them"),
        (
            {"partition_pattern": "{month}.csv"},
            "partition_pattern: names month, expected each partition once (none is declared): correct it",
        ),
        (
            {"partitions": {"month": "VARCHAR"}, "partition_pattern": "a.csv"},
            "partition_pattern: names nothing, expected each partition once (month): correct it",
        ),
        ({"encoding": "ebcdic"}, "'ebcdic' is not an encoding, expected one such as utf-8, latin-1 or utf-16"),
    ],
)
def test_a_source_that_does_not_agree_with_itself_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        S3Source.model_validate({"columns": {"id": "INTEGER"}, **given})
    assert str(caught.value.errors()[0]["ctx"]["error"]) == message


ODD = [
    "a b.csv",
    "a+b.csv",
    "a%20b.csv",
    "a%2Bb.csv",
    "café.csv",
    "cafe\u0301.csv",
    "日本/語.csv",
    'it\'s "x".csv',
    "a&b=c?d#e.csv",
    "sub folder/ä.csv",
]


def test_every_key_is_the_key_that_it_is(raw: Raw) -> None:
    loaded = raw.load_keys({key: f"id,name,at\n{i},x,\n" for i, key in enumerate(ODD)})
    assert sorted(file.uri for file in loaded.files) == sorted(f"s3://{raw.bucket}/shop/goods/{key}" for key in ODD)
    assert sorted(row["id"] for row in raw.rows()) == list(range(len(ODD)))


def test_a_control_character_in_a_key_breaks_no_line_of_a_message() -> None:
    assert Object("raw", "shop/goods/a\nb.csv", "").uri == "s3://raw/shop/goods/a\\nb.csv"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=20))
def test_a_partitions_value_is_what_stands_in_the_key(raw: Raw, value: str) -> None:
    source = S3Source(columns={"id": "INTEGER"}, partitions={"p": "VARCHAR"})
    prefix = f"shop/goods/p={value}/"
    raw.s3.put_object(Bucket=raw.bucket, Key=f"{prefix}x.csv", Body="id\n1\n")
    try:
        raw.load(source)
        assert raw.texts("p") == [value]
    finally:
        raw.s3.delete_object(Bucket=raw.bucket, Key=f"{prefix}x.csv")
