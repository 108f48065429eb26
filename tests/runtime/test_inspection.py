from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from config.checks import Check
from config.errors import LineError
from runtime import engine, inspection
from runtime.inspection import Result

CHECK: TypeAdapter[Check] = TypeAdapter(Check)
SUBJECT = "lines/shop/line.yaml: tests.orders"


@pytest.fixture(scope="module")
def orders() -> engine.Connection:
    connection = engine.connect(threads=1)
    connection.execute(
        "CREATE TABLE orders AS SELECT * FROM (VALUES "
        "(1, 'a', 'new', 5.0::DOUBLE), (2, 'a', 'paid', NULL), (2, NULL, 'odd', -3.5), (3, 'c', NULL, 'NaN')"
        ") AS t(id, customer, state, price)"
    )
    return connection


def inspect(orders: engine.Connection, **check: Any) -> Result:
    checks = [CHECK.validate_python({"severity": "error", **check})]
    return inspection.inspect(orders, "orders", checks, subject=SUBJECT)[0]


@pytest.mark.parametrize(
    ("check", "failed", "expected", "observed"),
    [
        ({"check": "not_null", "column": "customer"}, 1, "no null", "1 of 4 rows (25 %)"),
        ({"check": "not_null", "column": "id"}, 0, "no null", "0 rows"),
        ({"check": "unique", "columns": ["id"]}, 1, "no value twice", "1 of 4 rows (25 %)"),
        ({"check": "unique", "columns": ["customer"]}, 1, "no value twice", "1 of 4 rows (25 %)"),
        ({"check": "unique", "columns": ["id", "customer"]}, 0, "no value twice", "0 rows"),
        (
            {"check": "accepted_values", "column": "state", "values": ["new", "paid"]},
            1,
            "only new, paid",
            "1 of 4 rows (25 %)",
        ),
        ({"check": "range", "column": "id", "minimum": 2}, 1, "at least 2", "1 of 4 rows (25 %), 1 to 3"),
        ({"check": "range", "column": "id", "minimum": 1, "maximum": 3}, 0, "1 to 3", "1 to 3"),
        ({"check": "range", "column": "price", "minimum": -9}, 1, "at least -9", "1 of 4 rows (25 %), -3.5 to nan"),
        ({"check": "row_count", "minimum": 4}, 0, "at least 4 rows", "4 rows"),
        ({"check": "row_count", "minimum": 6}, 2, "at least 6 rows", "4 rows"),
        ({"check": "row_count", "minimum": 1, "maximum": 3}, 1, "1 to 3 rows", "4 rows"),
        (
            {"check": "sql", "name": "paid", "condition": "price > 0 -- a null is not true"},
            2,
            "price > 0 -- a null is not true",
            "2 of 4 rows (50 %)",
        ),
    ],
)
def test_a_check_counts_the_rows_that_fail(
    orders: engine.Connection, check: dict[str, Any], failed: int, expected: str, observed: str
) -> None:
    result = inspect(orders, **check)
    assert (result.failed_rows, result.passed, result.expected, result.observed) == (
        failed,
        failed == 0,
        expected,
        observed,
    )


def test_a_tolerance_lets_a_share_of_the_rows_fail(orders: engine.Connection) -> None:
    result = inspect(orders, check="not_null", column="customer", tolerance=0.25)
    assert (result.passed, result.expected) == (True, "no null in all but 25 % of the rows")


def test_a_failed_check_shows_rows(orders: engine.Connection) -> None:
    result = inspect(orders, check="not_null", column="customer")
    assert result.sample == [{"id": 2, "customer": None, "state": "odd", "price": -3.5}]


def test_a_repeated_key_is_shown_with_its_number(orders: engine.Connection) -> None:
    assert inspect(orders, check="unique", columns=["id"]).sample == [{"id": 2, "rows": 2}]


def test_samples_are_five_at_most() -> None:
    connection = engine.connect(threads=1)
    connection.execute("CREATE TABLE orders AS SELECT range AS id FROM range(100)")
    assert len(inspect(connection, check="range", column="id", maximum=1).sample) == 5


def test_every_check_is_counted_in_one_pass(orders: engine.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    queries: list[str] = []
    stock = engine.fetched

    def counted(connection: engine.Connection, query: str, parameters: dict[str, object]) -> Any:
        queries.append(query)
        return stock(connection, query, parameters)

    monkeypatch.setattr(engine, "fetched", counted)
    checks = [
        {"check": "not_null", "column": "id", "severity": "error"},
        {"check": "unique", "columns": ["id", "customer"], "severity": "error"},
        {"check": "row_count", "minimum": 1, "severity": "error"},
    ]
    inspection.inspect(orders, "orders", [CHECK.validate_python(check) for check in checks])
    assert [query.split()[0] for query in queries] == ["SELECT"]


@pytest.mark.parametrize(
    "check",
    [
        {"check": "not_null", "column": "customer"},
        {"check": "unique", "columns": ["id"]},
        {"check": "accepted_values", "column": "state", "values": ["new"]},
        {"check": "range", "column": "id", "minimum": 2, "maximum": 2},
        {"check": "range", "column": "price", "minimum": 0},
        {"check": "row_count", "minimum": 6},
        {"check": "sql", "name": "it's: paid", "condition": "price > 0"},
    ],
)
def test_a_failed_info_check_proposes_what_would_pass(orders: engine.Connection, check: dict[str, Any]) -> None:
    result = inspect(orders, **check, severity="info")
    assert not result.passed
    proposed = inspect(orders, **yaml.safe_load(result.proposal))
    assert (proposed.passed, proposed.severity, proposed.check) == (True, "info", result.check)


def test_only_info_proposes(orders: engine.Connection) -> None:
    assert inspect(orders, check="not_null", column="customer", severity="warning").proposal == ""


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (
            {"check": "not_null", "column": "custmer"},
            f"{SUBJECT}[0].column: 'custmer' is not a column of orders, expected one of id, customer, state, price "
            "(closest: 'customer'): correct the name",
        ),
        (
            {"check": "unique", "columns": ["id", "nothing"]},
            f"{SUBJECT}[0].columns: 'nothing' is not a column of orders, "
            "expected one of id, customer, state, price: correct the name",
        ),
        (
            {"check": "sql", "name": "x", "condition": "pricy > 0"},
            f'{SUBJECT}[0].condition: Binder Error: Referenced column "pricy" not found in FROM clause: correct it',
        ),
        (
            {"check": "range", "column": "state", "minimum": 1},
            f"{SUBJECT}[0].column: 'state' of orders is VARCHAR, but range tests numbers, dates and moments: "
            "CAST the column in the SELECT",
        ),
    ],
)
def test_a_check_that_cannot_be_run_is_named(orders: engine.Connection, check: dict[str, Any], message: str) -> None:
    with pytest.raises(LineError) as error:
        inspect(orders, **check)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("severities", "status", "message"),
    [
        ([], "succeeded", ""),
        (["info"], "succeeded", ""),
        (
            ["info", "warning"],
            "flagged",
            "curation: orders.customer not_null: expected no null, found 1 of 4 rows (25 %)",
        ),
        (
            ["warning", "error", "error"],
            "halted",
            "curation: orders.customer not_null: expected no null, found 1 of 4 rows (25 %) "
            "(and 1 more of severity error)",
        ),
    ],
)
def test_the_gravest_failure_decides(
    orders: engine.Connection, severities: list[str], status: str, message: str
) -> None:
    results = [inspect(orders, check="not_null", column="customer", severity=severity) for severity in severities]
    assert (inspection.outcome(results), inspection.message("curation", results)) == (status, message)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 3)), st.one_of(st.none(), st.integers(0, 3))), max_size=9)
)
def test_counts_are_those_of_a_plain_reading(rows: list[tuple[int | None, int | None]]) -> None:
    connection = engine.connect(threads=1)
    connection.execute("CREATE TABLE orders (a INTEGER, b INTEGER)")
    if rows:
        connection.executemany("INSERT INTO orders VALUES (?, ?)", rows)
    whole = [row for row in rows if None not in row]
    found = [
        inspect(connection, check="not_null", column="a"),
        inspect(connection, check="unique", columns=["a", "b"]),
        inspect(connection, check="accepted_values", column="a", values=[1, 2]),
        inspect(connection, check="range", column="b", minimum=1, maximum=2),
        inspect(connection, check="sql", name="x", condition="a = b"),
    ]
    assert [result.failed_rows for result in found] == [
        sum(a is None for a, _ in rows),
        len(whole) - len(set(whole)),
        sum(a is not None and a not in {1, 2} for a, _ in rows),
        sum(b is not None and not 1 <= b <= 2 for _, b in rows),
        sum(a is None or a != b for a, b in rows),
    ]
