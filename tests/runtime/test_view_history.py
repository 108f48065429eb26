from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from runtime import engine
from runtime.asof import Sought
from runtime.view_history import History, visible_to_cursors

HISTORY = History(relation="habits", entity=["customer"], event_time="known_at", values=["spent", "note"], ttl=60)


def view(order: str) -> str:
    return (
        "CREATE TABLE habits AS SELECT customer, make_timestamptz(moment) AS known_at, spent, note FROM (VALUES "
        "('ann', 10, 1.5, 'x'), ('ann', 20, 2.5, NULL), ('bob', 15, 9.0, 'y')) t(customer, moment, spent, note) "
        f"ORDER BY {order}"
    )


@pytest.mark.parametrize("order", ["customer, moment", "moment DESC, customer DESC"])
def test_a_view_is_joined_in_whatever_order_it_is_stored(order: str) -> None:
    with engine.connect(threads=1) as connection:
        connection.execute(view(order))
        sought = Sought([pa.array(["ann", "bob", "ann", None, "eve"])], np.array([25, 14, 15, 25, 25], dtype=np.int64))
        (spent, note), ages = HISTORY.joined(connection, sought)
    assert spent.to_pylist() == [2.5, None, 1.5, None, None]
    assert note.to_pylist() == [None, None, "x", None, None]
    assert (ages.found, ages.same, ages.oldest) == (2, 0, 5)


def test_of_rows_with_one_entity_and_moment_the_same_one_is_found_in_any_order() -> None:
    found = []
    for order in ("spent", "spent DESC"):
        with engine.connect(threads=1) as connection:
            connection.execute(
                "CREATE TABLE habits AS SELECT 'ann' AS customer, make_timestamptz(10) AS known_at, spent, 'x' AS note "
                f"FROM (VALUES (3.0), (1.0), (2.0)) t(spent) ORDER BY {order}"
            )
            (spent, _), _ = HISTORY.joined(connection, Sought([pa.array(["ann"])], np.array([10], dtype=np.int64)))
            found.append(spent.to_pylist())
    assert found == [[1.0], [1.0]]


def test_a_view_larger_than_the_memory_is_joined_even_where_it_must_be_sorted_first(tmp_path: Path) -> None:
    file = f"{tmp_path}/habits.parquet"
    with engine.connect(threads=1) as connection:
        connection.execute(
            "COPY (SELECT 'customer ' || (i * 7919) % 100003 AS customer, make_timestamptz(i) AS known_at, "
            f"i * 1.0 AS spent, repeat('n', 40) || i AS note FROM range(800000) t(i)) TO '{file}'"
        )
    rows = np.arange(0, 800_000, 997)
    sought = Sought([pa.array([f"customer {(row * 7919) % 100003}" for row in rows])], rows.astype(np.int64))
    with engine.connect(memory="48MB", threads=1, folder=tmp_path) as connection:
        connection.execute(f"CREATE VIEW habits AS FROM '{file}'")
        (spent, note), _ = HISTORY.joined(connection, sought)
    assert spent.to_pylist() == [float(row) for row in rows]
    assert note.to_pylist() == ["n" * 40 + str(row) for row in rows]


def test_what_python_registered_is_seen_by_its_own_cursor_alone() -> None:
    with engine.connect(threads=1) as connection:
        connection.execute("CREATE TABLE stored (a INTEGER)")
        connection.register("registered", pa.table({"a": [1]}))
        assert visible_to_cursors(connection, ["stored"])
        assert not visible_to_cursors(connection, ["stored", "registered"])
