import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime import online
from runtime.online import Item, key, moment, read, write_newest
from tests.moto_server import Aws


def item(name: str, second: int, features: str = "{}") -> Item:
    at = dt.datetime(2024, 1, 1, 0, 0, second, tzinfo=dt.UTC)
    return Item(key=f"view#{name}", event_time=moment(at), features=features)


def test_what_is_written_is_read(aws: Aws) -> None:
    client, table = aws.client("dynamodb"), aws.table("key")
    items = [item(f"n{i}", i % 60, f'{{"i": {i}}}') for i in range(130)]
    assert write_newest(client, table, items) == 130
    assert read(client, table, [item.key for item in items] + ["view#nobody"]) == {item.key: item for item in items}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=5), max_size=4))
def test_the_newest_event_time_wins_in_any_order(aws: Aws, batches: list[list[tuple[str, int]]]) -> None:
    client, table = aws.client("dynamodb"), aws.table("key")
    newest: dict[str, int] = {}
    for batch in batches:
        write_newest(client, table, [item(name, second, str(second)) for name, second in batch])
        for name, second in batch:
            newest[name] = max(newest.get(name, 0), second)
    found = read(client, table, [f"view#{name}" for name in "abc"])
    assert found == {f"view#{name}": item(name, second, str(second)) for name, second in newest.items()}


@pytest.mark.parametrize(
    ("versions", "kept"),
    [(("1", "2"), "new"), (("2", "1"), "old"), (("1", "1"), "old")],
    ids=["a recomputation replaces", "a late write of an earlier publication does not", "the greater text stays"],
)
def test_of_features_of_one_moment_those_published_later_win(aws: Aws, versions: tuple[str, str], kept: str) -> None:
    client, table = aws.client("dynamodb"), aws.table("key")
    write_newest(client, table, [replace(item("a", 1, "old"), version=versions[0])])
    write_newest(client, table, [replace(item("a", 1, "new"), version=versions[1])])
    assert read(client, table, ["view#a"])["view#a"].features == kept


def test_the_moment_that_the_store_was_brought_up_to_never_goes_back(aws: Aws) -> None:
    client, table = aws.client("dynamodb"), aws.table("key")
    assert online.is_up_to(client, table) is None
    for day in (2, 1):
        online.bring_up_to(client, table, dt.datetime(2024, 1, day, tzinfo=dt.UTC))
    assert online.is_up_to(client, table) == "2024-01-02T00:00:00.000000Z"


def test_a_scan_gives_a_views_items_and_no_others(aws: Aws) -> None:
    client, table = aws.client("dynamodb"), aws.table("key")
    others = [replace(item("a", 1), key="viewer#a"), replace(item("a", 1), key="as_of")]
    write_newest(client, table, [item("a", 1), item("b", 2), *others])
    assert sorted(found.key for found in online.scan(client, table, "view")) == ["view#a", "view#b"]


def test_what_is_stored_already_is_not_written_again(aws: Aws) -> None:
    client, table, calls = aws.client("dynamodb"), aws.table("key"), []
    write_newest(client, table, [item("a", 1), item("b", 2)])
    client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    write_newest(client, table, [item("a", 1), item("b", 1)])
    assert calls == ["BatchGetItem"]


@pytest.mark.parametrize(("theirs", "kept"), [(5, 5), (1, 3)])
def test_a_writer_that_comes_between_reading_and_writing_loses_nothing(aws: Aws, theirs: int, kept: int) -> None:
    client, table, others = aws.client("dynamodb"), aws.table("key"), [item("a", theirs)]

    def between(**_: Any) -> None:
        if others:
            write_newest(aws.client("dynamodb"), table, [others.pop()])

    client.meta.events.register("before-call.dynamodb.TransactWriteItems", between)
    write_newest(client, table, [item("a", 3), item("b", 3)])
    found = read(client, table, ["view#a", "view#b"])
    assert found == {"view#a": item("a", kept), "view#b": item("b", 3)}


def test_a_table_that_others_never_let_be_is_an_error(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online.time, "sleep", lambda _: None)  # type: ignore[attr-defined]
    client, table, seconds = aws.client("dynamodb"), aws.table("key"), iter(range(60))

    def between(**_: Any) -> None:
        aws.client("dynamodb").put_item(
            TableName=table,
            Item={"key": {"S": "view#a"}, "event_time": {"S": f"0{next(seconds):02}"}, "features": {"S": "{}"}},
        )

    client.meta.events.register("before-call.dynamodb.TransactWriteItems", between)
    with pytest.raises(RuntimeError) as error:
        write_newest(client, table, [item("a", 3)])
    assert str(error.value) == f"1 items of table {table} were changed by others 8 times, e.g. view#a"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"origin": "JFK", "dest": "LAX"}, "v#JFK|LAX"),
        ({"a": "x|y", "b": "z"}, "v#x\\|y|z"),
        ({"a": "x", "b": "y|z"}, "v#x|y\\|z"),
        ({"n": 14}, "v#14"),
        ({"n": 14.0}, "v#14"),
        ({"n": True}, "v#true"),
        ({"at": dt.date(2024, 1, 2)}, "v#2024-01-02"),
    ],
)
def test_a_key_is_the_same_for_equal_values_only(values: dict[str, object], expected: str) -> None:
    assert key("v", values) == expected


NAIVE = dt.datetime(2024, 1, 2, 4, 0, 0, 1)  # noqa: DTZ001 (counts as UTC)


def test_moments_compare_as_texts() -> None:
    eastern = dt.timezone(dt.timedelta(hours=-5))
    assert [moment(dt.datetime(2024, 1, 1, 23, tzinfo=eastern)), moment(NAIVE)] == [
        "2024-01-02T04:00:00.000000Z",
        "2024-01-02T04:00:00.000001Z",
    ]
