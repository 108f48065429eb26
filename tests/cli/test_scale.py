from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.ending import UsageError
from cli.sample import prepare
from cli.scale import Measured, document, factors_of, findings, growth_of
from cli.scale_growth import grown
from cli.scale_show import show
from config.errors import LineError
from config.loading import ROOT
from local.processes import Processes
from tests.clone import PATIENCE_SECONDS, Clone


@pytest.mark.parametrize("text", ["", "1", "1,1", "0,1", "1,x", "-1,2", "1,1001", "1,,2", "1.5,2", "٣,4"])
def test_factors_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        factors_of(text)
    assert str(refused.value).startswith(f"--factors: {text!r}: expected ")


@given(
    fixed=st.floats(0, 100),
    each=st.floats(0.01, 10),
    power=st.floats(0.5, 3),
    factors=st.sampled_from([(1, 10, 100), (1, 2, 4), (1, 4, 16, 64)]),
)
def test_growth_is_what_it_was_made_from_whatever_its_fixed_part(
    fixed: float, each: float, power: float, factors: tuple[int, ...]
) -> None:
    figures = {factor: fixed + each * factor**power for factor in factors}
    steps = [after - before for before, after in zip(figures.values(), list(figures.values())[1:], strict=False)]
    growth = grown(figures)
    if min(step / figure for step, figure in zip(steps, figures.values(), strict=False)) > 0.06:  # above the noise
        assert growth.further is not None
        assert growth.further == pytest.approx(power, abs=0.15)
    if growth.whole is not None and growth.further is not None:
        assert growth.exponent == max(growth.whole, growth.further)
    if power <= 1:
        assert growth.verdict in ("flat", "linear")


@given(st.dictionaries(st.integers(1, 1000), st.floats(0, 1e6), max_size=6))
def test_any_figures_have_a_verdict(figures: dict[int, float]) -> None:
    assert grown(figures).verdict in ("flat", "linear", "worse than linear", "unknown")


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ({1: 2.0, 10: 2.0, 100: 2.1}, "flat"),
        ({1: 2.0, 10: 3.0, 100: 12.0}, "linear"),
        ({1: 2.0, 10: 2.1, 100: 12.0}, "worse than linear"),  # nearly flat by itself
        ({1: 1.0, 10: 40.0}, "worse than linear"),
        ({1: 1.0}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_what_a_start_hides_is_seen(figures: dict[int, float], verdict: str) -> None:
    assert grown(figures, least=0.3).verdict == verdict


def measured(factor: int, seconds: float) -> Measured:
    figures = {"seconds": {"training": seconds, "run": seconds + 5}, "memory_mb": {"training": 200.0, "run": 200.0}}
    return Measured(factor, "succeeded", figures={**figures, "usd": {"training": 0.01, "run": 0.02}})


def test_a_station_that_grows_too_fast_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [measured(1, 1.0), measured(10, 30.0), measured(100, 3000.0)]
    growth = growth_of(runs)
    (finding,) = findings(runs, growth)
    assert (finding.severity, finding.message) == (
        "warning",
        "training: time grows worse than linear, about as n^2.0: "
        "look at its joins and windows, or at what train.py does",
    )
    show("shop", "local", runs, growth)
    out = capsys.readouterr().out
    assert ("worse than linear" in out, "3,000.0" in out) == (True, True)


def test_a_multiple_that_fails_is_told_and_the_others_stay(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [measured(1, 1.0), Measured(10, "failed", told="curation: <b>no memory"), measured(100, 2.0)]
    growth = growth_of(runs)
    assert [(one.severity, one.message) for one in findings(runs, growth)] == [
        ("error", "10x: the run failed: curation: <b>no memory")
    ]
    told = json.loads(json.dumps(document("shop", "local", runs, growth)))
    assert [one["status"] for one in told["runs"]] == ["succeeded", "failed", "succeeded"]
    assert told["growth"]["seconds"]["training"]["verdict"] == "linear"
    show("shop", "local", runs, growth)
    assert "training" in capsys.readouterr().out


def test_a_sample_that_makes_no_more_data_says_what_is_missing() -> None:
    with closing(Processes()) as processes, pytest.raises(LineError) as caught:
        prepare(processes, "flights", {}, ROOT, scale=3)
    assert str(caught.value) == (
        "lines/flights/sample.py: raw(directory, parameters) makes no more data than it has, expected "
        "raw(directory, parameters, scale=1) that writes `scale` times as many rows: add it (docs/scale.md)"
    )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    made = Clone.make(tmp_path_factory.mktemp("scale"))
    made.new("demand", template="forecast")
    yield made
    assert made.gone(), made.processes()


@pytest.mark.thorough
def test_a_line_is_run_at_multiples_of_its_data(clone: Clone) -> None:
    ended = clone.line("scale", "demand", "--factors", "1,3", "--json", patience=3 * PATIENCE_SECONDS)
    assert ended.status == 0, ended.stderr
    one, three = ended.document["runs"]
    assert three["raw_mb"] == pytest.approx(3 * one["raw_mb"], rel=0.02)
    jobs = {"curation", "features", "training", "scoring"}
    assert jobs < set(one["seconds"])
    assert min(run["memory_mb"][job] for run in (one, three) for job in jobs) > 50
    assert min(run["usd"]["training"] for run in (one, three)) > 0
    assert ended.document["growth"]["seconds"]["training"]["whole"] is not None
    assert "3x    " in ended.stderr


@pytest.mark.thorough
def test_ctrl_c_ends_all(clone: Clone) -> None:
    process = clone.start("scale", "demand", "--factors", "1,2")
    assert process.stderr is not None
    next(line for line in process.stderr if "curation succeeded" in line)
    process.send_signal(signal.SIGINT)
    ended = clone.wait(process)
    assert (ended.status, ended.told) == (130, "interrupted: everything that this command started has been ended")
    assert clone.gone(), clone.processes()


@pytest.mark.thorough
def test_a_run_that_fails_leaves_the_others(clone: Clone) -> None:
    path: Path = clone.root / "lines" / "demand" / "sample.py"
    text = path.read_text()
    path.write_text(
        text.replace(
            '    today = parameters["score_date"]\n',
            '    today = parameters["score_date"]\n    if scale > 1:\n        raise ValueError("no more stores")\n',
            1,
        )
    )
    try:
        ended = clone.line("scale", "demand", "--factors", "1,2", "--json", patience=2 * PATIENCE_SECONDS)
    finally:
        path.write_text(text)
    assert (ended.status, [one["status"] for one in ended.document["runs"]]) == (1, ["succeeded", "failed"])
    assert ended.told.startswith("error: 2x: the run failed: lines/demand/sample.py: ValueError: no more stores")
