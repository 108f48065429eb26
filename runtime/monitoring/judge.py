"""A monitor: what says, window after window, whether something is wrong, and says it once.

A window says how its figures lie to their bars: **over**, **clear** (far enough on the good side) or **between**. The
monitor alarms once ``at_least`` of the last ``of`` windows are over, and is well again once the last ``of`` are all
clear: what swings about a bar is one incident. A window with fewer values than the minimum sample says nothing, and no
data is not drift: the monitor stays as it is. Windows are judged once and in order: judging anew changes nothing.

In maintenance windows count but nothing is told; what is still over when it ends is told with the next window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NamedTuple

CLEAR = 0.8
"""What is at most this part of its bar is clear."""
_CLEAR_ABOVE = 0.05
"""What has no best value is clear by this part of its bar above it."""

_ORDER = ("over", "between", "clear")
Standing = Literal["over", "between", "clear"]
Status = Literal["waiting", "ok", "alarm"]


class Rule(NamedTuple):
    at_least: int = 2
    of: int = 3
    minimum_sample: int = 200


class Window(NamedTuple):
    """``start`` sorts as time does; ``sample`` is how many values the figures were told from."""

    start: str
    sample: int
    standing: Standing | None
    """None when no figure could be told."""
    held: bool = False
    """Whether the line is in maintenance."""


@dataclass(frozen=True)
class State:
    status: Status = "waiting"
    judged: str = ""
    """Start of the last window that was judged."""
    recent: tuple[Standing, ...] = ()
    """How the last windows with enough values stood, the newest last."""
    since: str = ""
    """Start of the first window of this incident that was over its bar; empty when there is none."""

    def plain(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {**asdict(self), "recent": list(self.recent)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> State:
        return cls(plain["status"], plain["judged"], tuple(plain["recent"]), plain["since"])


class Transition(NamedTuple):
    window: str
    """Start of the window that decided it."""
    status: Literal["alarm", "ok"]
    since: str


def step(state: State, window: Window, rule: Rule) -> tuple[State, Transition | None]:
    """Return the state after a window and what is to be told; a window that was judged before changes nothing."""
    if window.start <= state.judged:
        return state, None
    judged = replace(state, judged=window.start)
    if window.standing is None or window.sample < rule.minimum_sample:
        return judged, None
    before = state.recent[-(rule.of - 1) :] if rule.of > 1 else ()
    recent = (*before, window.standing)
    since = state.since if state.status == "alarm" or "over" in before else ""
    if window.standing == "over" and not since:
        since = window.start
    told = replace(judged, recent=recent, since=since, status="alarm" if state.status == "alarm" else "ok")
    if window.held:
        return told, None
    if state.status != "alarm" and window.standing == "over" and recent.count("over") >= rule.at_least:
        return replace(told, status="alarm"), Transition(window.start, "alarm", since)
    if state.status == "alarm" and recent.count("clear") == rule.of:
        return replace(told, status="ok", since=""), Transition(window.start, "ok", since)
    return told, None


def follow(state: State, windows: Iterable[Window], rule: Rule) -> tuple[State, list[Transition]]:
    """Return the state after windows, which may be given in any order, and what is to be told of them."""
    told = []
    for window in sorted(windows, key=lambda window: window.start):
        state, transition = step(state, window, rule)
        if transition is not None:
            told.append(transition)
    return state, told


def at_most(value: float, bar: float) -> Standing:
    """Return how a value stands that should not pass its bar.

    >>> at_most(0.21, 0.2), at_most(0.2, 0.2), at_most(0.16, 0.2)
    ('over', 'between', 'clear')
    """
    if value > bar:
        return "over"
    return "clear" if value <= bar * CLEAR else "between"


def at_least(value: float, bar: float, *, best: float | None = None) -> Standing:
    """Return how a value stands that should reach its bar.

    What has a best value is clear when it lies at most 0.8 as far from it as the bar.

    >>> at_least(0.69, 0.7, best=1), at_least(0.75, 0.7, best=1), at_least(0.77, 0.7, best=1)
    ('over', 'between', 'clear')
    """
    if value < bar:
        return "over"
    enough = best - CLEAR * (best - bar) if best is not None else bar + _CLEAR_ABOVE * abs(bar)
    return "clear" if value >= enough else "between"


def worst(standings: Iterable[Standing]) -> Standing | None:
    """Return how a window stands whose figures stand so; None when there is no figure."""
    return min(standings, key=_ORDER.index, default=None)
