from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from cli import dqdl, inspections, propose
from cli.ending import UsageError
from config.bundle import Bundle
from config.checks import Check
from config.errors import LineError
from config.loading import load_bundle
from runtime import engine, inspection, reports
from runtime.paths import RunPaths
from tests.moto_server import Aws, aws
from tests.runtime import dqdl_grammar

__all__ = ["aws"]
CHECKS = [
    {"check": "row_count", "minimum": 3, "severity": "info"},
    {"check": "range", "column": "price", "minimum": 0, "maximum": 5, "severity": "info"},
    {"check": "accepted_values", "column": "state", "values": ["new"], "severity": "info"},
    {"check": "not_null", "column": "price", "tolerance": {"info": 0, "error": 0.9}},
    {"check": "range", "column": "price", "minimum": -100, "severity": "info"},
]
RUNS: dict[str, list[tuple[float | None, str]]] = {
    "run-1": [(1.0, "new"), (7.0, "paid")],
    "run-2": [(-2.5, "new"), (3.0, "odd"), (None, "new")],
}


@pytest.fixture
def lake(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> str:
    """The lake of a line of which two runs were inspected."""
    bucket = aws.bucket()
    checks = [TypeAdapter[Check](Check).validate_python(check) for check in CHECKS]
    for run, rows in RUNS.items():
        with engine.connect(threads=1) as connection:
            connection.execute("CREATE TABLE orders (price DOUBLE, state VARCHAR)")
            connection.executemany("INSERT INTO orders VALUES (?, ?)", rows)
            results = inspection.inspect(connection, "orders", checks)
        paths = RunPaths(lake=bucket, line="flights", run=run)
        reports.publish(
            aws.client("s3"), paths, "curation", results, status="succeeded", rows={"orders": len(rows)}, at=f"at {run}"
        )
    for module in (inspections, propose):
        monkeypatch.setattr(module, "lake_of", lambda line, root=None: (aws.client("s3"), bucket))
    return bucket


def bundle() -> Bundle:
    flights = load_bundle("flights")
    definition = flights.definition.model_validate({**flights.definition.model_dump(), "tests": {"orders": CHECKS}})
    return flights.model_copy(update={"definition": definition})


def test_the_newest_reports_are_shown(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspections.show_reports("flights", station=None, run=None, html=None, as_json=False) == 0
    out = capsys.readouterr().out
    assert "run run-2" in out
    assert f"page: s3://{lake}/reports/flights/curation/run-2.html" in out
    assert "run-1 at run-1" in out  # since when


def test_a_runs_reports_are_a_document_and_a_page(
    lake: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    assert inspections.show_reports("flights", station="curation", run="run-1", html=page, as_json=True) == 0
    assert [report["run"] for report in json.loads(capsys.readouterr().out)] == ["run-1"]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"station": "training"},
            UsageError,
            "station 'training' makes no inspection, expected one of curation, features, scoring",
        ),
        ({"run": "run-9"}, LineError, "line 'flights' has no inspection report of run 'run-9': run it first"),
    ],
)
def test_what_has_no_report_is_told(lake: str, settings: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        inspections.show_reports(
            "flights", **{"station": None, "run": None, "html": None, "as_json": False, **settings}
        )
    assert str(raised.value) == message


def test_without_a_line_up_there_are_no_reports(tmp_path: Path) -> None:
    (tmp_path / "lines" / "shop").mkdir(parents=True)
    (tmp_path / "lines" / "shop" / "line.yaml").touch()
    with pytest.raises(LineError) as error:
        inspections.lake_of("shop", tmp_path)
    assert str(error.value) == (
        "no `line up` is running, and reports live in its lake: start `line up` and run the line in it"
    )


def test_proposals_are_what_every_kept_report_passes(aws: Aws, lake: str) -> None:
    found = {one["index"]: one for one in propose.proposed(aws.client("s3"), lake, bundle())}
    assert {index: yaml.safe_load(one["proposal"]) for index, one in found.items()} == {
        0: {"check": "row_count", "minimum": 2, "severity": "info"},
        1: {"check": "range", "column": "price", "minimum": -2.5, "maximum": 7, "severity": "info"},
        2: {"check": "accepted_values", "column": "state", "values": ["new", "odd"], "severity": "info"},
        3: {"check": "not_null", "column": "price", "tolerance": {"info": 0.3334, "error": 0.9}},
    }
    assert {one["reports"] for one in found.values()} == {2}


def test_proposals_can_be_pasted_under_tests(
    lake: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(propose, "load_bundle", lambda line, root: bundle())
    assert propose.show_proposals("flights", as_json=False) == 0
    assert len(yaml.safe_load(capsys.readouterr().out)["tests"]["orders"]) == 4


def test_a_lines_tests_are_exported(capsys: pytest.CaptureFixture[str]) -> None:
    assert dqdl.show_rulesets("flights", table="weather") == 0
    assert "RowCount" in dqdl_grammar.parse(capsys.readouterr().out)


def test_a_table_without_tests_cannot_be_exported() -> None:
    with pytest.raises(UsageError, match=r"^table 'x' of line 'flights' has no tests, expected one of flights, "):
        dqdl.show_rulesets("flights", table="x")
