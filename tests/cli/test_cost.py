"""``line cost``: what is said of it that cannot be, what it prints, and what it takes from the ledger."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import cost
from cli.main import app
from cli.models import console
from config.errors import LineError
from config.loading import ROOT, load_environment
from config.prices import load_prices
from runtime import events, ledger
from runtime.cost.estimate import Usage, estimate
from tests.moto_server import Aws


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["flights", "-c", "dev"], "-c 'dev' names no environment, expected env=<name> or branch=<ref>: correct it"),
        (["flights", "-c", "env=nowhere"], "environment 'nowhere' is unknown, expected one of "),
        (["flights"], "context: no environment is named, expected -c env=<one of "),
        (["flights", "-c", "env=dev", "-c", "branch=x"], "context: env='dev' and branch='x' exclude each other"),
        (
            ["flights", "--env", "dev", "--minutes", "sleep=4"],
            "--minutes 'sleep=4': 'sleep' is no job, expected ",
        ),
        (["flights", "--env", "dev", "--minutes", "train=x"], "--minutes 'train=x': 'x' is no number, e.g. train=12.5"),
        (["nothing", "--env", "dev"], "line 'nothing' is unknown, expected one of "),
    ],
)
def test_what_cannot_be_is_told_in_one_line(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["cost", *arguments])
    assert done.exit_code != 0
    assert message in done.stderr
    assert "Traceback" not in done.output
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_estimate_is_shown_with_all_that_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    template = {"Resources": {"Key": {"Type": "AWS::KMS::Key"}, "Odd": {"Type": "AWS::Odd::Thing"}}}
    found = estimate(template, prices=load_prices(), region="us-east-1")
    cost._show(console(), "flights", "dev", found, Usage())
    told = capsys.readouterr().out
    for words in ("kms.key", "total", "1.00", "no price: type AWS::Odd::Thing (1: Odd)", "not counted: data transfer"):
        assert words in told


def test_minutes_are_the_median_of_the_last_runs_that_succeeded(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.ledger()

    class Site:
        def outputs(self, _: str) -> dict[str, str]:
            return {"LedgerTable": table}

        def client(self, _: str) -> Any:
            return dynamodb

    def told(kind: str, run: str, station: str, second: int, **end: Any) -> None:
        at = (dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=second)).isoformat()
        detail = {"line": "flights", "run": run, "station": station, "at": at, **end}
        ledger.record(dynamodb, table, {"detail-type": kind, "detail": detail})

    seconds = {"a": 60, "b": 600, "c": 120, "bad": 9}
    for day, (run, took) in enumerate(seconds.items()):
        began = day * 86_400
        told(events.STATION_STARTED, run, "training", began)
        told(events.STATION_FINISHED, run, "training", began + took, status="succeeded")
        told(events.STATION_FINISHED, run, "scoring", began + took, status="skipped", seconds=1.0)
        told(events.RUN_FINISHED, run, events.WHOLE_RUN, began + took, status="failed" if run == "bad" else "succeeded")
    monkeypatch.setattr(cost, "find", lambda _: Site())
    monkeypatch.setattr(cost, "_PAGE", 2)
    assert cost._measured("flights", load_environment("local"), ROOT) == {"training": 2.0}


def test_nothing_is_measured_where_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(LineError) as caught:
        cost._measured("flights", load_environment("local"), tmp_path)
    assert str(caught.value).startswith("--measured: nothing was measured, since no `line up` runs")
