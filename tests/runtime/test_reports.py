from __future__ import annotations

import json
import re
import threading
from html.parser import HTMLParser
from typing import Any

import pytest
from pydantic import TypeAdapter

from config.checks import Check
from runtime import engine, inspection, report_page, reports
from runtime.history import Entry
from runtime.inspection import Result
from runtime.paths import RunPaths
from tests.moto_server import Aws

CHECK: TypeAdapter[Check] = TypeAdapter(Check)
ATTACK = "</td><script>alert('x')</script>\"&{}"


@pytest.fixture
def paths(aws: Aws) -> RunPaths:
    return RunPaths(lake=aws.bucket(), line="shop", run="run-1")


def result(*, passed: bool = False, name: str = "orders range price", **changes: Any) -> Result:
    found: dict[str, Any] = {
        "table": "orders",
        "check": "range",
        "column": "price",
        "severity": "error",
        "passed": passed,
        "failed_rows": 0 if passed else 2,
        "total_rows": 10,
        "expected": "0 to 5",
        "observed": "2 of 10 rows",
        "test": name,
        "low": 0,
        "high": 7,
    }
    return Result(**{**found, **changes})


def publish(aws: Aws, paths: RunPaths, run: str, *results: Result, at: str = "", rows: int = 10) -> list[Result]:
    s3 = aws.client("s3")
    own = RunPaths(lake=paths.lake, line=paths.line, run=run)
    at = at or f"2026-05-01T00:00:0{run[-1]}"
    return reports.publish(s3, own, "curation", results, status="flagged", rows={"orders": rows}, at=at)


def test_a_report_is_a_document_and_a_page(aws: Aws, paths: RunPaths) -> None:
    publish(aws, paths, "run-1", result())
    found = reports.read(aws.client("s3"), paths, "curation")
    assert found is not None
    assert (found.run, found.rows, found.results[0]["observed"]) == ("run-1", {"orders": 10}, "2 of 10 rows")
    page = aws.client("s3").get_object(Bucket=paths.lake, Key="reports/shop/curation/run-1.html")
    assert page["ContentType"] == "text/html; charset=utf-8"


def test_there_is_no_report_before_the_first(aws: Aws, paths: RunPaths) -> None:
    assert reports.read(aws.client("s3"), paths, "curation") is None
    assert reports.history(aws.client("s3"), paths, "curation").entries == ()


def test_a_test_fails_since_the_first_run_of_the_unbroken_row(aws: Aws, paths: RunPaths) -> None:
    publish(aws, paths, "run-1", result())
    publish(aws, paths, "run-2", result(passed=True))
    publish(aws, paths, "run-3", result())
    assert publish(aws, paths, "run-4", result())[0].since == "run-3"
    assert publish(aws, paths, "run-4", result())[0].since_at == "2026-05-01T00:00:03"


def test_a_rerun_replaces_its_own_entry_and_sees_what_the_first_saw(aws: Aws, paths: RunPaths) -> None:
    publish(aws, paths, "run-1", result(), rows=10)
    publish(aws, paths, "run-2", result(), rows=20)
    publish(aws, paths, "run-1", result(), rows=11)
    s3 = aws.client("s3")
    assert [(entry.run, entry.rows["orders"]) for entry in reports.entries(s3, paths, "curation")] == [
        ("run-1", 11),
        ("run-2", 20),
    ]
    assert reports.history(s3, paths, "curation").entries == ()


def test_two_runs_at_once_lose_nothing(aws: Aws, paths: RunPaths) -> None:
    runs = [f"run-{i}" for i in range(6)]
    threads = [threading.Thread(target=publish, args=(aws, paths, run, result())) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(entry.run for entry in reports.entries(aws.client("s3"), paths, "curation")) == runs


def test_a_history_keeps_its_newest_entries(aws: Aws, paths: RunPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "KEPT", 2)
    for run in ("run-1", "run-2", "run-3"):
        publish(aws, paths, run, result())
    assert [entry.run for entry in reports.entries(aws.client("s3"), paths, "curation")] == ["run-2", "run-3"]


def page(*results: Result, table: str = "orders") -> str:
    report = {
        "line": "shop",
        "station": "curation",
        "run": "run-1",
        "at": "2026-05-01",
        "status": "halted",
        "rows": {table: 10},
        "results": inspection.recorded(results),
        "quarantined": {table: 3},
    }
    entries = [
        Entry(run=f"run-{i}", at="", status="", rows={table: i}, tests={"orders range price": {"failed": i, "of": 10}})
        for i in range(40)
    ]
    return report_page.rendered(report, entries)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.names.append(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_every_value_on_the_page_is_escaped() -> None:
    attacked = result(
        name=ATTACK, expected=ATTACK, observed=ATTACK, why=ATTACK, proposal=ATTACK, sample=[{ATTACK: ATTACK}]
    )
    parser = Tags()
    parser.feed(page(attacked, table=ATTACK))
    assert "script" not in parser.names
    assert ATTACK in parser.texts


def test_the_page_needs_nothing_from_elsewhere() -> None:
    assert re.findall(r"(?:https?:)?//[^\s\"']+|url\(|@import", page(result())) == []


def test_the_page_shows_how_the_share_went() -> None:
    assert page(result()).count("<polyline") == 2


def test_what_a_value_says_does_not_break_the_document(aws: Aws, paths: RunPaths) -> None:
    connection = engine.connect(threads=1)
    connection.execute("CREATE TABLE orders AS SELECT ? AS state", [ATTACK])
    tests = [
        CHECK.validate_python({"check": "accepted_values", "column": "state", "values": ["a"], "severity": "info"})
    ]
    publish(aws, paths, "run-1", *inspection.inspect(connection, "orders", tests))
    body = aws.client("s3").get_object(Bucket=paths.lake, Key=paths.report("curation"))["Body"].read()
    assert json.loads(body)["results"][0]["sample"] == [{"state": ATTACK}]
