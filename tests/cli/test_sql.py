from __future__ import annotations

from typer.testing import CliRunner

from cli.main import app

RUNNER = CliRunner(env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})


def test_statements_come_in_the_order_in_which_they_run() -> None:
    result = RUNNER.invoke(app, ["sql", "flights"])
    files = [line for line in result.stdout.splitlines() if line.startswith("-- lines/")]
    assert (result.exit_code, files.index("-- lines/flights/curation/flights.sql (duckdb)")) == (0, 3)
    assert files[-1] == "-- lines/flights/features/plane.sql (duckdb)"


def test_one_table_is_shown_as_spark_gets_it() -> None:
    result = RUNNER.invoke(app, ["sql", "flights", "plane", "--engine", "spark"])
    assert result.stdout == (
        "-- lines/flights/features/plane.sql (spark)\n"
        "SELECT\n"
        "  CAST(result.`tailnum` AS STRING) AS `tailnum`,\n"
        "  CAST(result.`event_time` AS TIMESTAMP) AS `event_time`,\n"
        "  CAST(result.`built` AS INT) AS `built`,\n"
        "  CAST(result.`seats` AS INT) AS `seats`\n"
        "FROM (\n"
        "  SELECT\n"
        "    planes.tailnum AS tailnum,\n"
        "    CAST('2013-01-01 00:00:00+00:00' AS TIMESTAMP) AS event_time,\n"
        "    planes.built AS built,\n"
        "    planes.seats AS seats\n"
        "  FROM planes AS planes\n"
        ") AS result;\n\n"
    )


def test_an_unknown_table_is_a_usage_error() -> None:
    result = RUNNER.invoke(app, ["sql", "flights", "plains"])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: line 'flights' has no table 'plains', expected one of ")
