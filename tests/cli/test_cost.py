"""``line cost``: what is said of it that cannot be, what it prints, and what it takes from the ledger."""

from __future__ import annotations

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
from runtime import ledger
from runtime.cost.estimate import Usage, estimate
from runtime.ledger import Entry


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


def test_minutes_are_the_median_of_the_last_runs_that_succeeded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Site:
        def outputs(self, _: str) -> dict[str, str]:
            return {"LedgerTable": "ledger"}

        def client(self, _: str) -> Any:
            return None

    seconds = {"a": 60.0, "b": 600.0, "c": 120.0, "bad": 9.0}
    runs = [Entry(run=name, station="run", status="failed" if name == "bad" else "succeeded") for name in seconds]
    monkeypatch.setattr(cost, "find", lambda _: Site())
    monkeypatch.setattr(ledger, "runs", lambda *_: runs)
    monkeypatch.setattr(
        ledger,
        "stations",
        lambda _d, _t, _l, run: [
            Entry(run=run, station="training", status="succeeded", seconds=seconds[run]),
            Entry(run=run, station="scoring", status="skipped", seconds=1.0),
        ],
    )
    assert cost._measured("flights", load_environment("local"), ROOT) == {"training": 2.0}


def test_nothing_is_measured_where_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(LineError) as caught:
        cost._measured("flights", load_environment("local"), tmp_path)
    assert str(caught.value).startswith("--measured: nothing was measured, since no `line up` runs")
