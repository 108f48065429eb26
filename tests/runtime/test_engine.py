from typing import Any

import pytest

from config.errors import LineError
from runtime import engine

FILE = "lines/shop/curation/orders.sql"


@pytest.fixture
def connection() -> engine.Connection:
    connection = engine.connect(threads=1)
    connection.execute("CREATE TABLE goods AS SELECT 1 AS id, 'pen' AS name")
    return connection


def made(connection: engine.Connection, sql: str, **parameters: object) -> list[dict[str, Any]]:
    engine.create(connection, name="made", sql=sql, parameters=parameters, file=FILE)
    rows: list[dict[str, Any]] = engine.arrow(connection, "made").to_pylist()
    return rows


def test_a_parameter_is_bound_as_a_value(connection: engine.Connection) -> None:
    assert made(connection, "SELECT $text AS x -- done", text="'; DROP TABLE goods", other=1) == [
        {"x": "'; DROP TABLE goods"}
    ]


def test_a_moment_is_utc(connection: engine.Connection) -> None:
    assert str(made(connection, "SELECT TIMESTAMP '2013-01-01' :: TIMESTAMPTZ AS x")[0]["x"]) == (
        "2013-01-01 00:00:00+00:00"
    )


def test_a_sealed_database_reads_no_file(connection: engine.Connection) -> None:
    engine.seal(connection)
    with pytest.raises(LineError, match=r"^lines/shop/curation/orders.sql(:1)?: Permission Error: "):
        made(connection, "SELECT * FROM read_csv('/etc/passwd')")


def test_a_name_never_finds_a_variable_of_python(connection: engine.Connection) -> None:
    frame = engine.arrow(connection, "goods")
    with pytest.raises(LineError, match="Table with name frame does not exist"):
        made(connection, "SELECT * FROM frame")
    assert frame.num_rows == 1


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "SELECT\n  nam\nFROM goods",
            f'{FILE}:2: Binder Error: Referenced column "nam" not found in FROM clause '
            '(Candidate bindings: "name"): correct the SELECT',
        ),
        ("SELEC 1", f'{FILE}:1: Parser Error: syntax error at or near "SELEC": correct the SELECT'),
        ("SELECT 1; SELECT 2", f"{FILE}: holds SELECT, SELECT, expected one SELECT: remove the rest"),
        ("DROP TABLE goods", f"{FILE}: holds DROP, expected one SELECT: remove the rest"),
        ("-- later", f"{FILE}: holds nothing, expected one SELECT: remove the rest"),
        (
            "SELECT $leest AS x",
            f"{FILE}: $leest is not a declared parameter, expected one of least: "
            "correct the name or declare it under parameters in line.yaml",
        ),
        (
            "SELECT CAST(name AS INTEGER) FROM goods",
            f"{FILE}:1: Conversion Error: Could not convert string 'pen' to INT32 when casting "
            "from source column name: correct the SELECT",
        ),
    ],
)
def test_a_mistake_in_sql_names_file_and_line(connection: engine.Connection, sql: str, message: str) -> None:
    with pytest.raises(LineError) as error:
        made(connection, sql, least=1)
    assert str(error.value) == message


def test_a_month_is_not_thirty_days() -> None:
    with engine.connect(threads=1) as connection:
        both = "SELECT d + INTERVAL '1' MONTH, d + INTERVAL '30' DAY FROM (VALUES (DATE '2013-01-31')) AS t(d)"
        assert [str(value)[:10] for value in engine.rows(connection, both)[0]] == ["2013-02-28", "2013-03-02"]
