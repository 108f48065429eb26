from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime import engine, uniqueness

CONNECTION = engine.connect(threads=1)


def repeated(connection: engine.Connection, columns: list[str], capacity: int) -> int:
    total = engine.rows(connection, "SELECT count(*) FROM t")[0][0]
    kinds = engine.columns(connection, "t")
    found, shown = uniqueness.repetitions(
        connection, "t", columns, kinds=kinds, total=total, samples=3, capacity=capacity
    )
    assert bool(found) == bool(shown)
    assert len(shown) <= 3
    assert all(row["rows"] > 1 for row in shown)
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.one_of(st.none(), st.integers(-3, 3)), st.one_of(st.none(), st.sampled_from("ab")))),
    st.sampled_from([2, 3, 7, 1000]),
)
def test_repetitions_are_counted_whatever_fits_into_memory(
    rows: list[tuple[int | None, str | None]], capacity: int
) -> None:
    connection = CONNECTION
    connection.execute("CREATE OR REPLACE TABLE t (a BIGINT, b VARCHAR)")
    if rows:
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    for columns, keys in ((["a"], [(a,) for a, _ in rows]), (["a", "b"], rows)):
        whole = [key for key in keys if None not in key]
        assert repeated(connection, columns, capacity) == len(whole) - len(set(whole))


def test_a_key_that_fills_the_memory_many_times_over_is_no_matter() -> None:
    connection = engine.connect(threads=1)
    connection.execute("CREATE TABLE t AS SELECT range % 3 AS a FROM range(10000)")
    assert repeated(connection, ["a"], 100) == 9997


@pytest.mark.parametrize("kind", ["HUGEINT", "DOUBLE", "DATE", "UUID", "DECIMAL(20, 2)", "BLOB", "INTEGER[]"])
def test_keys_of_every_type_are_compared(kind: str) -> None:
    values = {
        "DATE": ["2026-05-01", "infinity"],
        "UUID": ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"],
        "INTEGER[]": ["[1, 2]", "[1, 3]"],
    }.get(kind, ["1", "2"])
    connection = engine.connect(threads=1)
    connection.execute(f"CREATE TABLE t (a {kind})")
    for value in [*values, values[0]]:
        connection.execute("INSERT INTO t VALUES (?)", [value])
    assert repeated(connection, ["a"], 1000) == 1


def test_two_keys_of_one_hash_are_no_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = engine.connect(threads=1)
    connection.execute("CREATE TABLE t AS SELECT * FROM (VALUES ('a'), ('b'), ('b')) AS v(a)")
    connection.execute("CREATE MACRO collide(x) AS 7::UBIGINT")
    monkeypatch.setattr(uniqueness, "HASH", "collide")
    assert repeated(connection, ["a"], 1000) == 1


def test_many_repeated_keys_are_grouped() -> None:
    connection = engine.connect(threads=1)
    connection.execute("CREATE TABLE t AS SELECT (range % 5000)::VARCHAR AS a FROM range(12000)")
    counts = Counter(str(i % 5000) for i in range(12000))
    assert repeated(connection, ["a"], 100_000) == sum(count - 1 for count in counts.values())
