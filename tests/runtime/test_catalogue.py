"""Every kind of test, on data with everything that goes wrong: nulls, NaN, infinity, far futures, odd names."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from config.checks import Check
from config.errors import LineError
from config.thresholds import RowCheck
from runtime import engine, inspection, measuring
from runtime.given import Given
from runtime.history import Entry, History
from runtime.inspection import Result
from tests.runtime import naive

CHECK: TypeAdapter[Check] = TypeAdapter(Check)
NOW = dt.datetime(2026, 5, 2, 12, tzinfo=dt.UTC)
GIVEN = Given(parameters={"score_date": dt.date(2026, 5, 1), "least": 2, "name": "x"}, now=NOW)


def check(**settings: Any) -> Check:
    levels = ("tolerance", "minimum", "maximum", "hours")
    named = any(isinstance(settings.get(name), dict) for name in levels)
    return CHECK.validate_python(settings if named or "severity" in settings else {"severity": "error", **settings})


@pytest.fixture(scope="module")
def tables() -> engine.Connection:
    connection = engine.connect(threads=1)
    connection.execute(
        """
        CREATE TABLE readings AS SELECT * FROM (VALUES
            (1, 'EWR', TIMESTAMPTZ '2026-05-01 00:10+00', 1.0::DOUBLE, DATE '2026-05-01'),
            (2, 'EWR', TIMESTAMPTZ '2026-05-01 03:00+00', 2.0, DATE '2026-05-02'),
            (3, 'JFK', TIMESTAMPTZ '2026-05-01 00:00+00', 'infinity', DATE '2026-05-03'),
            (4, 'JFK', TIMESTAMPTZ '2199-01-01 00:00+00', 'NaN', NULL),
            (NULL, 'Zürich', TIMESTAMPTZ 'infinity', NULL, DATE 'infinity'),
            (2, NULL, NULL, -1.0, NULL)
        ) AS t(id, station, "at", wind, day)
        """
    )
    connection.execute("CREATE TABLE stations AS SELECT * FROM (VALUES ('EWR', 1), ('JFK', 2)) AS t(code, number)")
    connection.execute("CREATE TABLE nothing AS FROM readings LIMIT 0")
    connection.execute('CREATE TABLE nulls AS SELECT NULL::DOUBLE AS wind, NULL::TIMESTAMPTZ AS "at" FROM range(3)')
    return connection


def inspect(tables: engine.Connection, relation: str = "readings", **settings: Any) -> Result:
    return inspection.inspect(tables, relation, [check(**settings)], subject="tests", given=GIVEN)[0]


@pytest.mark.parametrize(
    ("settings", "failed", "of", "observed"),
    [
        ({"check": "key", "columns": ["id"]}, 2, 6, "2 of 6 rows (33.3 %)"),
        ({"check": "unique", "columns": ["id"]}, 1, 6, "1 of 6 rows (16.7 %)"),
        ({"check": "pattern", "column": "station", "pattern": "[A-Z]{3}"}, 1, 6, "1 of 6 rows (16.7 %)"),
        ({"check": "pattern", "column": "station", "pattern": "EW|JFK"}, 3, 6, "3 of 6 rows (50 %)"),
        ({"check": "length", "column": "station", "maximum": 3}, 1, 6, "1 of 6 rows (16.7 %), 3 to 6"),
        ({"check": "range", "column": "wind", "minimum": -1}, 2, 6, "2 of 6 rows (33.3 %), -1 to nan"),
        (
            {"check": "range", "column": "at", "maximum": "now"},
            2,
            6,
            "2 of 6 rows (33.3 %), 2026-05-01 00:00:00+00 to infinity",
        ),
        (
            {"check": "range", "column": "day", "minimum": dt.date(2026, 5, 2), "maximum": "$score_date"},
            4,
            6,
            "4 of 6 rows (66.7 %), 2026-05-01 to infinity",
        ),
        ({"check": "range", "column": "id", "minimum": "$least"}, 1, 6, "1 of 6 rows (16.7 %), 1 to 4"),
        (
            {"check": "references", "columns": ["station"], "table": "stations", "to": ["code"]},
            1,
            6,
            "1 of 6 rows (16.7 %)",
        ),
        (
            {"check": "complete", "column": "day", "every": "day"},
            0,
            3,
            "0 days",
        ),
        ({"check": "sql", "name": "late", "condition": "id >= $least"}, 2, 6, "2 of 6 rows (33.3 %)"),
        ({"check": "accepted_values", "column": "station", "values": ["EWR", "JFK", "Zürich"]}, 0, 6, "0 rows"),
    ],
)
def test_a_test_of_rows_counts_those_that_fail(
    tables: engine.Connection, settings: dict[str, Any], failed: int, of: int, observed: str
) -> None:
    result = inspect(tables, **settings)
    assert (result.failed_rows, result.total_rows, result.observed) == (failed, of, observed)


def test_what_is_missing_between_a_groups_first_and_last_is_counted_and_shown(tables: engine.Connection) -> None:
    tables.execute("CREATE OR REPLACE VIEW grid AS FROM readings WHERE \"at\" < TIMESTAMPTZ '2100-01-01'")
    result = inspect(tables, "grid", check="complete", column="at", every="hour", by=["station"])
    assert (result.failed_rows, result.total_rows) == (2, 5)
    assert result.sample == [{"station": "EWR", "missing_from": "2026-05-01 01:00:00", "missing": 2}]


@pytest.mark.parametrize(
    ("settings", "passed", "observed"),
    [
        ({"check": "freshness", "column": "at", "hours": 33}, True, "newest 2026-05-01 03:00:00+00, 33 hours before"),
        ({"check": "freshness", "column": "at", "hours": 32}, False, "newest 2026-05-01 03:00:00+00, 33 hours before"),
        (
            {"check": "freshness", "column": "at", "hours": 1, "as_of": "$score_date"},
            True,
            "newest 2026-05-01 00:00:00+00, 0 hours before",
        ),
        ({"check": "mean", "column": "id", "minimum": 2, "maximum": 3}, True, "2.4"),
        ({"check": "mean", "column": "wind", "minimum": 0}, False, "nan"),
        ({"check": "quantile", "column": "id", "quantile": 0.5, "maximum": 2}, True, "2"),
        ({"check": "quantile", "column": "id", "quantile": 1, "maximum": 3}, False, "4"),
        ({"check": "share", "name": "low", "condition": "id < 3", "minimum": 0.5, "maximum": 0.6}, True, "50 %"),
        ({"check": "share", "name": "low", "condition": "id < 3", "maximum": 0.4}, False, "50 %"),
    ],
)
def test_a_figure_of_the_table_lies_within_its_bounds(
    tables: engine.Connection, settings: dict[str, Any], passed: bool, observed: str
) -> None:
    result = inspect(tables, **settings)
    assert (result.passed, result.observed, result.failed_rows) == (passed, observed, 0)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 1])
def test_a_quantile_is_the_same_however_it_is_found(
    tables: engine.Connection, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"check": "quantile", "column": "id", "quantile": share, "maximum": 9}
    held = inspect(tables, **settings)
    monkeypatch.setattr(measuring, "PER_VALUE", 10**15)
    assert inspect(tables, **settings) == held


@pytest.mark.parametrize(
    ("relation", "settings", "observed"),
    [
        ("nothing", {"check": "mean", "column": "wind", "minimum": 0}, "no value"),
        ("nothing", {"check": "share", "name": "x", "condition": "true", "maximum": 1}, "no rows"),
        ("nothing", {"check": "freshness", "column": "at", "hours": 1}, "none"),
        ("nulls", {"check": "quantile", "column": "wind", "quantile": 0.5, "minimum": 0}, "no value"),
        ("nulls", {"check": "freshness", "column": "at", "hours": 1}, "none"),
    ],
)
def test_a_figure_of_nothing_lies_within_nothing(
    tables: engine.Connection, relation: str, settings: dict[str, Any], observed: str
) -> None:
    result = inspect(tables, relation, **settings)
    assert (result.passed, result.observed) == (False, observed)


@pytest.mark.parametrize("relation", ["nothing", "nulls"])
@pytest.mark.parametrize(
    "settings",
    [
        {"check": "unique", "columns": ["at", "wind"]},
        {"check": "range", "column": "wind", "minimum": 0},
        {"check": "range", "column": "at", "maximum": "now"},
        {"check": "complete", "column": "at", "every": "hour"},
    ],
)
def test_no_row_of_nothing_fails(tables: engine.Connection, relation: str, settings: dict[str, Any]) -> None:
    assert inspect(tables, relation, **settings).passed


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"check": "pattern", "column": "id", "pattern": "x"},
            "tests[0].column: 'id' of readings is INTEGER, but pattern tests text: "
            "test numbers and moments with range, or CAST the column in the SELECT",
        ),
        (
            {"check": "mean", "column": "station", "minimum": 1},
            "tests[0].column: 'station' of readings is VARCHAR, but mean tests numbers: CAST the column in the SELECT",
        ),
        (
            {"check": "freshness", "column": "wind", "hours": 1},
            "tests[0].column: 'wind' of readings is DOUBLE, but freshness tests dates or moments: "
            "CAST the column in the SELECT",
        ),
        (
            {"check": "range", "column": "at", "minimum": 3},
            "tests[0].column: 'at' of readings is TIMESTAMP WITH TIME ZONE, but range tests numbers with these bounds: "
            "give dates or moments such as 2013-01-31, or now",
        ),
        (
            {"check": "range", "column": "wind", "maximum": "now"},
            "tests[0].column: 'wind' of readings is DOUBLE, but range tests dates or moments with these bounds: "
            "give bounds that are numbers or name another column",
        ),
        (
            {"check": "accepted_values", "column": "id", "values": ["one"]},
            "tests[0].column: 'id' of readings is INTEGER, but accepted_values tests texts with the value 'one': "
            "write the values as the column has them",
        ),
        (
            {"check": "complete", "column": "at", "every": "day", "by": ["statoin"]},
            "tests[0].by: 'statoin' is not a column of readings, expected one of id, station, at, wind, day "
            "(closest: 'station'): correct the name",
        ),
        (
            {"check": "range", "column": "id", "minimum": "$lest"},
            "tests[0].minimum: $lest is not a declared parameter, expected one of least, name, score_date: "
            "correct the name or declare it under parameters in line.yaml",
        ),
        (
            {"check": "range", "column": "id", "minimum": "$name"},
            "tests[0].minimum: parameter '$name' is 'x', expected a number or a date: name another",
        ),
        (
            {"check": "references", "columns": ["station"], "table": "places", "to": ["code"]},
            "tests[0]: Catalog Error: Table with name places does not exist: correct it",
        ),
        (
            {"check": "pattern", "column": "station", "pattern": "("},
            "tests[0]: Invalid Input Error: missing ): (: correct it",
        ),
    ],
)
def test_a_test_that_does_not_fit_its_column_is_named(
    tables: engine.Connection, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(LineError) as error:
        inspect(tables, **settings)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("tolerance", "passed", "severity"),
    [
        ({"warning": 0.1, "error": 0.2}, True, "error"),
        ({"warning": 0.01, "error": 0.1}, False, "warning"),
        ({"info": 0, "warning": 0.01, "error": 0.05}, False, "error"),
        ({"info": 0, "error": 0.5}, False, "info"),
    ],
)
def test_the_gravest_threshold_that_fails_is_the_severity(
    tolerance: dict[str, float], passed: bool, severity: str
) -> None:
    connection = engine.connect(threads=1)
    connection.execute("CREATE TABLE readings AS SELECT nullif(range, 0) AS id FROM range(16)")
    result = inspect(connection, check="not_null", column="id", tolerance=tolerance)
    assert (result.passed, result.severity) == (passed, severity)


def test_bounds_have_thresholds_too(tables: engine.Connection) -> None:
    result = inspect(tables, check="range", column="id", minimum=0, maximum={"warning": 3, "error": 9})
    assert (result.severity, result.expected, result.failed_rows) == ("warning", "0 to 3", 1)


def test_odd_names_and_values_are_tested_as_any_other() -> None:
    connection = engine.connect(threads=1)
    relation, column = 'größe "x"', "straße 'y' \"z\""
    connection.execute(f"CREATE TABLE {engine.quoted(relation)} AS SELECT '🛫 <b>' AS {engine.quoted(column)}")
    result = inspect(connection, relation, check="accepted_values", column=column, values=["ü'ü"])
    assert result.sample == [{column: "🛫 <b>"}]


def history(*rows: int) -> History:
    entries = [
        Entry(run=f"run-{i}", at=f"2026-05-0{i + 1}", status="succeeded", rows={"readings": count}, tests={})
        for i, count in enumerate(rows)
    ]
    return History(tuple(entries))


@pytest.mark.parametrize(
    ("rows", "passed", "observed"),
    [
        ((), True, "6 rows, none to compare with"),
        ((6, 6, 6), True, "6 rows, +0 % of 6"),
        ((100, 4, 5, 6), True, "6 rows, +20 % of 5"),
        ((12, 12, 12), False, "6 rows, -50 % of 12"),
    ],
)
def test_a_change_of_the_number_of_rows_is_against_the_median_of_the_last_reports(
    tables: engine.Connection, rows: tuple[int, ...], passed: bool, observed: str
) -> None:
    tests = [check(check="row_count_change", maximum=0.3, runs=3)]
    result = inspection.inspect(tables, "readings", tests, history=history(*rows))[0]
    assert (result.passed, result.observed) == (passed, observed)


SECRET = "canary@example.com"


def test_a_personal_value_is_in_no_result() -> None:
    connection = engine.connect(threads=1)
    connection.execute(
        f"CREATE TABLE people AS SELECT * FROM (VALUES ('{SECRET}', 4711.5), ('{SECRET}', 4711.5)) AS t(mail, income)"
    )
    tests: list[dict[str, Any]] = [
        {"check": "unique", "columns": ["mail"]},
        {"check": "accepted_values", "column": "mail", "values": ["a@b"]},
        {"check": "pattern", "column": "mail", "pattern": "x"},
        {"check": "range", "column": "income", "maximum": 10},
        {"check": "mean", "column": "income", "maximum": 10},
        {"check": "quantile", "column": "income", "quantile": 0.5, "maximum": 10},
        {"check": "sql", "name": "poor", "condition": "income < 10"},
    ]
    results = inspection.inspect(
        connection,
        "people",
        [check(severity="info", **one) for one in tests],
        personal=["Mail", "income"],
    )
    assert not any(result.passed for result in results)
    told = str(inspection.recorded(results))
    assert SECRET not in told
    assert "4711" not in told


def test_a_value_that_a_condition_cannot_read_is_not_told() -> None:
    connection = engine.connect(threads=1)
    connection.execute(f"CREATE TABLE people AS SELECT '{SECRET}' AS mail")
    with pytest.raises(LineError) as error:
        inspection.inspect(connection, "people", [check(check="sql", name="x", condition="mail::INTEGER > 0")])
    assert str(error.value) == (
        "line.yaml: tests.people[0].condition: Conversion Error: a value of people does not fit the condition: "
        "correct it"
    )


NUMBERS = st.one_of(st.none(), st.integers(-2, 2).map(float), st.sampled_from([float("nan"), float("inf"), -0.0]))
TEXTS = st.one_of(st.none(), st.text(alphabet="ab'🛫\n", max_size=2))
ROW = {"id": st.one_of(st.none(), st.integers(0, 3)), "x": NUMBERS, "s": TEXTS}
ROWS = st.lists(st.fixed_dictionaries(ROW), max_size=8)
TESTS = st.one_of(
    st.fixed_dictionaries({"check": st.just("not_null"), "column": st.sampled_from(["id", "x", "s"])}),
    st.fixed_dictionaries(
        {
            "check": st.sampled_from(["unique", "key"]),
            "columns": st.lists(st.sampled_from(["id", "x", "s"]), min_size=1, max_size=3, unique=True),
        }
    ),
    st.just({"check": "accepted_values", "column": "s", "values": ["a", "b'"]}),
    st.fixed_dictionaries({"check": st.just("range"), "column": st.just("x"), "minimum": st.integers(-1, 1)}),
    st.just({"check": "pattern", "column": "s", "pattern": "a?b*"}),
    st.just({"check": "length", "column": "s", "minimum": 1, "maximum": 1}),
    st.just({"check": "references", "columns": ["id", "s"], "table": "others", "to": ["n", "t"]}),
)
THRESHOLDS = st.one_of(
    st.just({"severity": "warning"}),
    st.floats(0, 1).map(lambda share: {"severity": "error", "tolerance": share}),
    st.tuples(st.floats(0, 1), st.floats(0, 1)).map(
        lambda shares: {"tolerance": {"warning": shares[0], "error": shares[1]}}
    ),
)
CONNECTION = engine.connect(threads=1)
OTHERS = [{"n": 1, "t": "a"}, {"n": 2, "t": "b'"}]


def table(rows: list[naive.Row]) -> engine.Connection:
    CONNECTION.execute("CREATE OR REPLACE TABLE rows (id INTEGER, x DOUBLE, s VARCHAR)")
    CONNECTION.execute("CREATE OR REPLACE TABLE others (n INTEGER, t VARCHAR)")
    for name, values in (("rows", rows), ("others", OTHERS)):
        for row in values:
            marks = ", ".join("?" for _ in row)
            CONNECTION.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    return CONNECTION


@settings(max_examples=60, deadline=None)
@given(ROWS, TESTS, THRESHOLDS)
def test_failed_rows_are_those_of_a_plain_reading_whatever_the_thresholds(
    rows: list[naive.Row], test: dict[str, Any], thresholds: dict[str, Any]
) -> None:
    declared = CHECK.validate_python({**test, **thresholds})
    result = inspection.inspect(table(rows), "rows", [declared])[0]
    failed = naive.failed_rows(declared, rows, OTHERS)
    assert (result.failed_rows, result.total_rows) == (failed, len(rows))
    assert isinstance(declared, RowCheck)
    broken = [level for level in declared.severities if failed > declared.at(level).allowed * len(rows)]
    assert (result.passed, result.severity) == (not broken, [*broken, *declared.severities][0])
