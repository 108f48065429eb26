from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from config.checks import Check
from config.errors import LineError
from runtime import engine, inspection, quarantine
from runtime.quarantine import Quarantined
from tests.runtime import naive

CHECK: TypeAdapter[Check] = TypeAdapter(Check)
CONNECTION = engine.connect(threads=1)
ORDERS: list[naive.Row] = [
    {"id": 1, "price": 5.0, "state": "new"},
    {"id": 1, "price": 4.0, "state": "new"},
    {"id": 2, "price": float("nan"), "state": "odd"},
    {"id": None, "price": None, "state": None},
]


def checks(*declared: dict[str, Any]) -> list[Check]:
    return [CHECK.validate_python({"severity": "error", "quarantine": True, **one}) for one in declared]


def fill(rows: list[naive.Row]) -> None:
    CONNECTION.execute("CREATE OR REPLACE TABLE orders (id INTEGER, price DOUBLE, state VARCHAR)")
    CONNECTION.execute("CREATE OR REPLACE TABLE states AS SELECT unnest(['new', 'paid']) AS state")
    for row in rows:
        CONNECTION.execute("INSERT INTO orders VALUES (?, ?, ?)", [row["id"], row["price"], row["state"]])


def split(tests: list[Check], rows: list[naive.Row]) -> Quarantined:
    fill(rows)
    return quarantine.split(CONNECTION, "orders", tests, names=inspection.test_names("orders", tests))


def content(relation: str) -> list[tuple[Any, ...]]:
    return engine.rows(CONNECTION, f"FROM {engine.quoted(relation)} ORDER BY ALL") if relation else []


def test_rows_that_fail_are_kept_with_every_reason() -> None:
    tests = checks(
        {"check": "range", "column": "price", "minimum": 0},
        {"check": "references", "columns": ["state"], "table": "states"},
    )
    found = split(tests, ORDERS)
    assert (found.rows, found.bad_rows, dict(found.counts)) == (4, 1, {0: 1, 1: 1})
    assert [row[-1] for row in content(found.bad)] == ["orders range price; orders references state"]
    assert len(content(found.good)) == 3


def test_of_rows_with_one_key_the_first_by_value_stays() -> None:
    found = split(checks({"check": "unique", "columns": ["id"]}), ORDERS)
    assert content(found.bad) == [(1, 5.0, "new", "orders unique id")]
    assert (1, 4.0, "new") in content(found.good)


def test_a_row_kept_aside_repeats_nobodys_key() -> None:
    tests = checks({"check": "range", "column": "price", "minimum": 4.5}, {"check": "key", "columns": ["id"]})
    found = split(tests, ORDERS)
    assert dict(found.counts) == {0: 2, 1: 1}
    assert content(found.good) == [(1, 5.0, "new")]


def test_nothing_at_fault_leaves_the_relation_as_it_is() -> None:
    found = split(checks({"check": "not_null", "column": "price"}), ORDERS[:1])
    assert (found.good, found.bad, found.bad_rows) == ("orders", "", 0)


def test_tests_that_do_not_quarantine_keep_nothing() -> None:
    tests = [CHECK.validate_python({"check": "not_null", "column": "id", "severity": "error"})]
    assert split(tests, ORDERS).good == "orders"


def test_a_row_that_is_no_sooner_judged_than_changed_is_an_error() -> None:
    CONNECTION.execute("CREATE SEQUENCE IF NOT EXISTS turns")
    CONNECTION.execute("CREATE OR REPLACE VIEW turning AS SELECT nextval('turns') AS id FROM range(3)")
    tests = checks({"check": "sql", "name": "x", "condition": "id > 8"})
    with pytest.raises(LineError) as error:
        quarantine.split(CONNECTION, "turning", tests, names=["turning sql x"])
    assert re.sub(r"\d+ rows to publish and \d+ kept", "n rows to publish and m kept", str(error.value)) == (
        "line.yaml: tests.turning: 3 rows of turning became n rows to publish and m kept aside, expected the same "
        "number: nothing was published; a SELECT or condition that gives another result each time does this"
    )


def test_a_quarantining_test_passes_and_tells_what_it_kept() -> None:
    tests = checks({"check": "range", "column": "price", "minimum": 0})
    found = split(tests, ORDERS)
    result = inspection.inspect(CONNECTION, found.good, tests, table="orders", quarantined=found)[0]
    assert (result.passed, result.failed_rows, result.total_rows, result.quarantined_rows) == (True, 1, 4, 1)
    assert result.observed == "1 of 4 rows (25 %), all of them quarantined, 4 to 5"


def test_beyond_a_tolerance_that_it_states_it_fails_and_shows_what_it_kept() -> None:
    tests = checks({"check": "range", "column": "price", "minimum": 0, "tolerance": 0.1})
    found = split(tests, ORDERS)
    result = inspection.inspect(CONNECTION, found.good, tests, table="orders", quarantined=found)[0]
    assert (result.passed, result.sample) == (False, [{"id": 2, "price": "nan", "state": "odd"}])


def test_where_nothing_is_kept_aside_a_quarantining_test_acts_as_any_other() -> None:
    fill(ORDERS)
    tests = checks({"check": "range", "column": "price", "minimum": 0})
    assert not inspection.inspect(CONNECTION, "orders", tests)[0].passed


def test_a_table_has_no_column_of_the_reasons_name() -> None:
    CONNECTION.execute("CREATE OR REPLACE TABLE named AS SELECT 1 AS quarantine_reason")
    with pytest.raises(LineError) as error:
        quarantine.split(CONNECTION, "named", checks({"check": "not_null", "column": "quarantine_reason"}), names=["x"])
    assert str(error.value) == (
        "line.yaml: tests.named: named has a column 'quarantine_reason' of its own: rename it in the SELECT"
    )


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.one_of(st.none(), st.integers(0, 2)),
            "price": st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 1.0, float("nan"), float("inf")])),
            "state": st.one_of(st.none(), st.sampled_from(["new", "odd"])),
        }
    ),
    max_size=8,
)
TESTS = st.lists(
    st.sampled_from(
        [
            {"check": "not_null", "column": "state"},
            {"check": "range", "column": "price", "minimum": 0},
            {"check": "accepted_values", "column": "state", "values": ["new"]},
            {"check": "references", "columns": ["state"], "table": "states"},
            {"check": "sql", "name": "x", "condition": "price > 0"},
            {"check": "unique", "columns": ["id"]},
            {"check": "key", "columns": ["id", "state"]},
        ]
    ),
    max_size=3,
    unique_by=str,
)


@settings(max_examples=50, deadline=None)
@given(ROWS, TESTS)
def test_nothing_is_lost_and_what_is_published_passes(rows: list[naive.Row], declared: list[dict[str, Any]]) -> None:
    tests = checks(*declared)
    found = split(tests, rows)
    before = content("orders")
    kept = [row[:-1] for row in content(found.bad)]
    assert sorted(map(repr, before)) == sorted(map(repr, [*content(found.good), *kept]))
    strict = [CHECK.validate_python({"severity": "error", **one}) for one in declared]
    assert all(result.passed for result in inspection.inspect(CONNECTION, found.good, strict))
