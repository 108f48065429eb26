"""What monitoring promises, on simulated days of 25 columns and 200 to 2,000 rows; `-s` shows the figures."""

from typing import Any

import numpy as np
import pytest

from runtime.monitoring import judge
from runtime.monitoring.judge import Rule, State
from tests.runtime.monitoring.simulated import CATEGORIES, NUMBERS, RULE, Line, categories, moved

SHIFT_SD, SHARE = 0.5, 0.25
"""The stated shift: one number's mean by half a standard deviation, or one category from a tenth to a quarter."""
LEAST, MOST = 200, 2000
"""Rows of a day. Two samples that small differ by chance as much as by the shift: against last week it takes 500."""
WITHIN, STEADY, LASTING = 3, 7, 6
ANY = Rule(at_least=1, of=1, minimum_sample=RULE.minimum_sample)
BOTH = ("training", "last_week")
METHODS = ("auto", "psi", "ks", "js")


def alarms(windows: list[judge.Window], rule: Rule = RULE) -> list[judge.Transition]:
    return judge.follow(State(), windows, rule)[1]


def stable(days: int, *, seed: int, season: float, **settings: Any) -> tuple[int, int]:
    """Return false alarms of stable days, and how many days had a column over its bar."""
    generator = np.random.default_rng(seed)
    line = Line(generator, season=season)
    windows, over = line.judged(line.days(generator.integers(LEAST, MOST + 1, days)), **settings)
    found = sum(one.status == "alarm" for one in alarms(windows))
    print(f"{days:,} stable days, season {season}, {settings}: {found} false alarms, {sum(map(bool, over))} days over")
    return found, sum(map(bool, over))


def found_shifts(cases: int, *, seed: int, season: float, rows: int = LEAST, **settings: Any) -> float:
    """Return the share of shifts that raise the alarm within three windows, name their column, and do it once."""
    generator = np.random.default_rng(seed)
    line = Line(generator, season=season)
    days, first, good = STEADY + LASTING, STEADY, 0
    for case in range(cases):
        name, shares = shifted(line, case, generator)
        weekday = np.arange(days) % 7
        changed = np.where(np.arange(days)[:, None] < first, line.shares[name][weekday], shares[weekday])
        windows, over = line.judged(line.days(generator.integers(rows, MOST + 1, days), {name: changed}), **settings)
        told = alarms(windows)
        raised = [one for one in told if one.status == "alarm"]
        assert len(raised) <= 1, "an incident is told once"
        if raised and int(raised[0].window) < first + WITHIN and name in over[int(raised[0].window)]:
            assert int(raised[0].since) <= int(raised[0].window)
            good += 1
    print(f"{cases:,} shifts, {rows} rows and more, season {season}, {settings}: {good / cases:.2%} within {WITHIN}")
    return good / cases


def shifted(line: Line, case: int, generator: np.random.Generator) -> tuple[str, Any]:
    """Return the column that shifts and its new shares, days of the week x bins."""
    if case % 2:
        name = f"category{generator.integers(CATEGORIES)}"
        return name, np.array([categories(SHARE, missing=one[-1]) for one in line.shares[name]])
    i = generator.integers(NUMBERS)
    sign = generator.choice([-1, 1])
    return f"number{i}", np.array(
        [
            moved(mean + sign * SHIFT_SD, missing=one[-1])
            for mean, one in zip(line.means[i], line.shares[f"number{i}"], strict=True)
        ]
    )


@pytest.mark.parametrize("days", [2_000, pytest.param(10_000, marks=pytest.mark.thorough)])
def test_of_a_thousand_stable_days_no_more_than_one_raises_a_false_alarm(days: int) -> None:
    found, over = stable(days, seed=1, season=0.0)

    assert found <= days / 1000
    assert over <= days / 100  # each window alone keeps the chance that the noise was given, within its own noise


def test_a_stated_shift_is_found_within_three_windows() -> None:
    assert found_shifts(200, seed=2, season=0.0) >= 0.99


def test_a_season_of_the_week_is_no_drift_against_last_week() -> None:
    """Against the training rows the same days are far over their bars."""
    assert stable(1000, seed=3, season=0.5, against=["last_week"])[0] <= 1
    assert stable(100, seed=3, season=0.5, against=["training"])[1] > 20


def test_what_swings_about_its_bar_is_one_incident() -> None:
    """A shift that grows from nothing to the bar, swings about it for weeks, and ends."""
    generator = np.random.default_rng(4)
    line = Line(generator)
    calm, swinging = 10, 60
    for _ in range(10):
        sizes = np.concatenate([np.zeros(calm), generator.uniform(0.2, 0.32, swinging), np.zeros(calm)])
        changed = np.array([moved(size) for size in sizes])
        windows, _ = line.judged(line.days(np.full(len(sizes), 2000), {"number1": changed}))
        standings = [one.standing for one in windows[calm:-calm]]

        assert min(standings.count("over"), standings.count("between")) > 10
        assert [one.status for one in alarms(windows)] == ["alarm", "ok"]
        assert len(alarms(windows, ANY)) >= 2  # a rule without patience tells no less


@pytest.mark.thorough
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("season", "against"), [(0.0, ["training"]), (0.0, BOTH), (0.5, ["last_week"])], ids=["training", "both", "week"]
)
def test_ten_thousand_stable_days_by_every_method(method: str, season: float, against: list[str]) -> None:
    found, _ = stable(10_000, seed=5, season=season, method=method, against=against)

    assert found <= 10


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("season", "against", "rows"),
    [(0.0, ["training"], LEAST), (0.0, BOTH, LEAST), (0.5, ["last_week"], 500)],
    ids=["training", "both", "week"],
)
def test_a_thousand_stated_shifts_and_more(season: float, against: list[str], rows: int) -> None:
    assert found_shifts(2000, seed=6, season=season, against=against, rows=rows) >= 0.99
