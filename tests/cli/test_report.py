"""``line report``: what it gathers of verdicts, alarms, trainings and versions, and the page in a real browser."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli import report
from cli.deployed import Deployed
from cli.ending import UsageError
from config.errors import LineError
from config.loading import load_bundle
from console.screenshots import CHROMIUM
from runtime import promotion
from runtime.monitoring import verdicts
from runtime.monitoring.report import rendered
from runtime.monitoring.store import Store
from runtime.monitoring.verdicts import Verdict
from runtime.promotion import Champion
from tests.moto_server import Aws
from tests.runtime.test_monitoring_report import page, verdict

START = dt.datetime(2013, 8, 1, tzinfo=dt.UTC)
FLIGHTS = load_bundle("flights").definition


class Place:
    """Two tables, as a site has them: forty judged windows, one alarm and the training that it asked for."""

    def __init__(self, aws: Aws) -> None:
        self.client = aws.client
        self.dynamodb = aws.client("dynamodb")
        self.windows, self.ledger = aws.table("window", "part"), aws.table("pk", "sk")
        store = Store(self.dynamodb, predictions="", windows=self.windows, line="flights")
        for day in range(40):
            told = verdict(day)
            verdicts.write(store, Verdict(**told), START)
            self._put(self.windows, window="flights", part=told["start"])
        self._item("ALARM#drift#2013-09-02T00:00Z#alarm", what='[{"column": "carrier", "index": 0.45, "bar": 0.25}]')
        at = "2013-09-03T00:00:00+00:00"
        self._item("RETRAINING#drift-1", run="drift-1", at=at, details="drift of carrier", reasons="drift")
        self._item("RETRAINING", state="{}")
        promotion.promote(self.dynamodb, self.ledger, "flights", _champion(1, "run-1"), expected=None)
        promotion.promote(self.dynamodb, self.ledger, "flights", _champion(2, "drift-1"), expected=1)

    def outputs(self, line: str) -> dict[str, str]:
        return {"WindowsTable": self.windows, "LedgerTable": self.ledger}

    def _item(self, sort: str, **texts: str) -> None:
        self._put(self.ledger, pk="LINE#flights", sk=sort, **texts)

    def _put(self, table: str, **texts: str) -> None:
        self.dynamodb.put_item(TableName=table, Item={name: {"S": text} for name, text in texts.items()})


def _champion(version: int, run: str) -> Champion:
    texts = dict.fromkeys((name for name in Champion.__dataclass_fields__), "x")
    given: dict[str, Any] = {**texts, "version": version, "run": run, "metrics": {}, "production": 0}
    return Champion(**given)


@pytest.fixture(scope="module")
def place(aws: Aws) -> Place:
    return Place(aws)


def test_a_report_is_of_the_windows_that_are_asked_for(place: Place) -> None:
    first, last = START + dt.timedelta(days=28), START + dt.timedelta(days=36)
    found = report.gathered(FLIGHTS, place, first=first, last=last)
    assert [one["start"] for one in found.verdicts] == [f"2013-{d}T00:00Z" for d in ("08-29", "08-30", "08-31")] + [
        f"2013-09-0{day}T00:00Z" for day in range(1, 6)
    ]
    assert [incident.moved for incident in found.incidents] == ["carrier 0.45 (bar 0.25)"]
    assert found.performance_bars == {"roc_auc": (0.6, None)}
    assert "carrier 0.45 (bar 0.25)" in rendered(found)


def test_without_moments_it_is_of_the_newest_thirty_days(place: Place) -> None:
    found = report.gathered(FLIGHTS, place)
    assert (found.start, found.end) == (START + dt.timedelta(days=10), START + dt.timedelta(days=40))
    assert len(found.verdicts) == 30


def test_a_version_is_as_old_as_what_asked_for_its_training(place: Place) -> None:
    events = report.gathered(FLIGHTS, place, first=START, last=START + dt.timedelta(days=40)).events
    told = [(event.kind, event.name, event.at.date().isoformat(), event.result) for event in events]
    assert told == [
        ("retraining", "drift-1", "2013-09-03", "version 2 in production"),
        ("version", "2", "2013-09-03", ""),
    ]


def test_the_page_and_the_document_are_written(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "site_of", lambda *_, **__: place)
    path = tmp_path / "flights.html"
    options: dict[str, Any] = {"first": "2013-08-20", "last": "2013-09-05", "environment": "local"}
    assert report.report_line("flights", **options, output=path, as_json=False) == 0
    assert capsys.readouterr().out.strip() == str(path)
    assert "<!doctype html>" in path.read_text()
    assert report.report_line("flights", **options, output=None, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (len(told["windows"]), len(told["alarms"]), told["from"]) == (16, 1, "2013-08-20T00:00:00+00:00")
    with pytest.raises(UsageError, match="is not before"):
        report.report_line("flights", **{**options, "last": "2013-08-01"}, output=None, as_json=False)


def test_a_line_of_which_nothing_is_known_has_a_report_that_says_so(aws: Aws) -> None:
    empty = Place.__new__(Place)
    empty.client, empty.windows, empty.ledger = aws.client, aws.table("window", "part"), aws.table("pk", "sk")
    found = report.gathered(FLIGHTS, empty)
    assert "No window was judged" in rendered(found)


def test_an_environment_that_is_not_deployed_is_named() -> None:
    class Nobody:
        region_name = "eu-central-1"

        def client(self, service: str) -> Any:
            return self

        def describe_stacks(self, **asked: str) -> Any:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "no such stack"}}, "DescribeStacks")

    with pytest.raises(LineError, match=r"stack AssemblyLine-prod-Foundation cannot be read in region eu-central-1"):
        Deployed(Nobody(), "prod").outputs("flights")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the page is not opened in a real browser")
def test_a_real_browser_shows_the_page_at_the_width_of_a_phone(tmp_path: Path) -> None:
    assert CHROMIUM is not None
    path, picture = tmp_path / "report.html", tmp_path / "report.png"
    path.write_text(page(), encoding="utf-8")
    options = ["--headless", "--disable-gpu", "--no-sandbox", f"--user-data-dir={tmp_path / 'profile'}"]
    shown = subprocess.run(
        [CHROMIUM, *options, "--window-size=390,1200", f"--screenshot={picture}", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert shown.stdout.count("<svg") == page().count("<svg")
    assert "Refused to" not in shown.stderr
    assert picture.stat().st_size > 10_000


def test_what_a_verdict_holds_is_what_the_report_reads() -> None:
    assert set(verdict(0)) == set(asdict(Verdict("flights", "", "")))
