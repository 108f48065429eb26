import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest

from config.line import FeatureView
from runtime import engine, feature_check, features, online
from runtime.feature_check import Checked, Disagreement
from runtime.online import Item
from tests.moto_server import Aws

VIEW = FeatureView(entity=["customer"], event_time="seen", ttl_hours=48)
AS_OF = dt.datetime(2024, 1, 3, tzinfo=dt.UTC)


@pytest.fixture
def connection() -> Iterator[engine.Connection]:
    """A history: of ann two rows, of bob one, of eve one that has outlived its time, of kim one from the future."""
    with engine.connect(threads=1) as connection:
        connection.execute(
            "CREATE TABLE habits AS SELECT customer, CAST(seen AS TIMESTAMPTZ) AS seen, spent FROM (VALUES "
            "('ann', '2024-01-01', 1.0), ('ann', '2024-01-02', 2.0), ('bob', '2024-01-02', NULL), "
            "('eve', '2023-01-01', 4.0), ('kim', '2024-01-04', 5.0)) t(customer, seen, spent)"
        )
        yield connection


@pytest.fixture
def table(aws: Aws, connection: engine.Connection) -> str:
    """An online store that was brought up to the moment."""
    table = aws.table("key")
    online.write_newest(aws.client("dynamodb"), table, newest(connection).values())
    return table


def newest(connection: engine.Connection) -> dict[str, Item]:
    items = features.newest(connection, name="habits", view=VIEW, as_of=AS_OF)
    return {item.key.partition("#")[2]: item for item in items}


def check(aws: Aws, connection: engine.Connection, table: str) -> Checked:
    return feature_check.check(connection, aws.client("dynamodb"), table, name="habits", view=VIEW, as_of=AS_OF)


def put(aws: Aws, table: str, item: Item) -> None:
    texts = {"key": item.key, "event_time": item.event_time, "features": item.features, "version": item.version}
    aws.client("dynamodb").put_item(TableName=table, Item={name: {"S": text} for name, text in texts.items()})


def test_a_store_that_was_brought_up_to_the_moment_agrees(aws: Aws, connection: engine.Connection, table: str) -> None:
    found = check(aws, connection, table)
    assert (found.agrees, found.offline, found.online, found.examples) == (True, 2, 2, [])


def test_every_kind_of_disagreement_is_told_with_both_sides(
    aws: Aws, connection: engine.Connection, table: str
) -> None:
    ann, bob = (newest(connection)[name] for name in ("ann", "bob"))
    old = replace(ann, event_time="2024-01-01T00:00:00.000000Z", features='{"spent": 1.0}')
    put(aws, table, old)
    aws.client("dynamodb").delete_item(TableName=table, Key={"key": {"S": bob.key}})
    put(aws, table, replace(ann, key="habits#zoe"))
    found = check(aws, connection, table)
    assert found.counts == {"missing": 1, "stale": 1, "different": 0, "extra": 1}
    assert found.examples == [
        Disagreement("extra", "habits#zoe", None, (ann.event_time, ann.features)),
        Disagreement("missing", "habits#bob", (bob.event_time, bob.features), None),
        Disagreement("stale", "habits#ann", (ann.event_time, ann.features), (old.event_time, old.features)),
    ]


@pytest.mark.parametrize(
    "change", [{"features": '{"spent": 7.0}'}, {"event_time": "2024-01-02T12:00:00.000000Z"}], ids=["values", "newer"]
)
def test_other_values_of_the_moment_and_unknown_newer_ones_differ(
    aws: Aws, connection: engine.Connection, table: str, change: dict[str, str]
) -> None:
    put(aws, table, replace(newest(connection)["ann"], **change))
    assert check(aws, connection, table).counts["different"] == 1


def test_an_item_that_outlived_its_time_is_no_disagreement(aws: Aws, connection: engine.Connection, table: str) -> None:
    put(aws, table, Item(key="habits#eve", event_time="2023-01-01T00:00:00.000000Z", features='{"spent": 4.0}'))
    assert check(aws, connection, table).agrees


def test_of_many_disagreements_a_few_are_shown(aws: Aws, connection: engine.Connection, table: str) -> None:
    for i in range(9):
        put(aws, table, replace(newest(connection)["ann"], key=f"habits#x{i}"))
    found = check(aws, connection, table)
    assert (found.counts["extra"], len(found.examples)) == (9, feature_check.SHOWN)
