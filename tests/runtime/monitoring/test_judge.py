import json
import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.monitoring import judge
from runtime.monitoring.judge import Rule, Standing, State, Transition, Window

RULE = Rule(at_least=2, of=3, minimum_sample=200)
OVER: Standing = "over"
BETWEEN: Standing = "between"
CLEAR: Standing = "clear"


def window(day: int, standing: Standing | None, *, sample: int = 500, held: bool = False) -> Window:
    return Window(f"2013-{day // 28 + 1:02}-{day % 28 + 1:02}T00:00Z", sample, standing, held)


def days(*standings: Standing | None, held: Sequence[int] = ()) -> list[Window]:
    return [window(day, standing, held=day in held) for day, standing in enumerate(standings)]


def told(windows: Sequence[Window], rule: Rule = RULE) -> list[tuple[int, str, int]]:
    """Return transitions with the places of their windows."""
    starts = [window.start for window in windows]
    _, found = judge.follow(State(), windows, rule)
    return [(starts.index(one.window), one.status, starts.index(one.since)) for one in found]


_STANDINGS = st.sampled_from([OVER, BETWEEN, CLEAR, None])
_RULES = st.integers(1, 6).flatmap(
    lambda of: st.builds(Rule, at_least=st.integers(1, of), of=st.just(of), minimum_sample=st.integers(1, 500))
)
_DAYS = st.lists(st.tuples(_STANDINGS, st.integers(0, 1000), st.booleans()), max_size=40).map(
    lambda found: [
        window(day, standing, sample=sample, held=held) for day, (standing, sample, held) in enumerate(found)
    ]
)


def test_one_bad_window_is_no_alarm() -> None:
    assert told(days(CLEAR, OVER, CLEAR, CLEAR)) == []


def test_two_of_three_windows_raise_the_alarm_and_it_says_since_when() -> None:
    assert told(days(CLEAR, OVER, CLEAR, OVER)) == [(3, "alarm", 1)]


def test_it_is_well_again_after_as_many_clear_windows() -> None:
    assert told(days(OVER, OVER, CLEAR, CLEAR, BETWEEN, CLEAR, CLEAR, CLEAR)) == [(1, "alarm", 0), (7, "ok", 0)]


def test_an_incident_that_swings_about_the_bar_is_told_once() -> None:
    assert told(days(*[OVER, BETWEEN] * 40)) == [(2, "alarm", 0)]


def test_a_bad_window_that_is_long_past_is_not_of_this_incident() -> None:
    assert told(days(OVER, CLEAR, CLEAR, OVER, OVER)) == [(4, "alarm", 3)]


def test_a_monitor_waits_until_a_window_has_enough() -> None:
    few = window(0, OVER, sample=199)

    state, _ = judge.follow(State(), [few, window(1, None)], RULE)
    then, _ = judge.follow(state, [window(2, OVER)], RULE)

    assert (state.status, then.status) == ("waiting", "ok")


def test_no_data_is_neither_drift_nor_its_end() -> None:
    gap: list[Standing | None] = [None] * 10

    assert told(days(OVER, OVER, *gap, CLEAR)) == [(1, "alarm", 0)]
    assert told(days(CLEAR, OVER, *gap, OVER)) == [(12, "alarm", 1)]


def test_maintenance_holds_an_alarm_back_until_the_first_window_behind_it() -> None:
    assert told(days(CLEAR, OVER, OVER, OVER, OVER, OVER, OVER, held=range(1, 6))) == [(6, "alarm", 1)]


def test_what_was_over_in_maintenance_only_is_never_told() -> None:
    assert told(days(CLEAR, OVER, OVER, OVER, CLEAR, BETWEEN, CLEAR, CLEAR, held=range(1, 4))) == []


def test_maintenance_holds_the_end_back_too() -> None:
    assert told(days(OVER, OVER, CLEAR, CLEAR, CLEAR, CLEAR, held=range(2, 5))) == [(1, "alarm", 0), (5, "ok", 0)]


@settings(max_examples=50)
@given(_DAYS, _RULES, st.randoms(use_true_random=False))
def test_the_order_in_which_windows_are_given_does_not_matter(
    windows: list[Window], rule: Rule, chance: random.Random
) -> None:
    shuffled = chance.sample(windows, len(windows))

    assert judge.follow(State(), shuffled, rule) == judge.follow(State(), windows, rule)


@settings(max_examples=50)
@given(_DAYS, _RULES, st.data())
def test_windows_that_are_judged_again_change_nothing(windows: list[Window], rule: Rule, data: st.DataObject) -> None:
    state, once = State(), []
    for i, each in enumerate(windows):
        state, transition = judge.step(state, each, rule)
        once += [transition] if transition else []
        again = data.draw(st.lists(st.sampled_from(windows[: i + 1]), max_size=3))
        changed = [one._replace(standing=OVER, sample=10_000) for one in again]  # late parts changed its figures

        assert judge.follow(state, [*again, *changed], rule) == (state, [])
    assert (state, once) == judge.follow(State(), windows, rule)


@settings(max_examples=50)
@given(_DAYS, _RULES)
def test_alarms_and_ends_take_turns_and_each_alarm_has_its_reasons(windows: list[Window], rule: Rule) -> None:
    _, found = judge.follow(State(), windows, rule)
    enough = [one for one in windows if one.standing is not None and one.sample >= rule.minimum_sample]
    starts = [one.start for one in enough]

    assert [one.status for one in found] == [*["alarm", "ok"] * len(found)][: len(found)]
    for transition in found:
        at = starts.index(transition.window)
        last = [one.standing for one in enough[max(0, at - rule.of + 1) : at + 1]]
        assert not enough[at].held
        if transition.status == "alarm":
            assert last[-1] == OVER
            assert last.count(OVER) >= rule.at_least
            assert transition.since <= transition.window
        else:
            assert last == [CLEAR] * rule.of
    for alarm, ok in zip(found[::2], found[1::2], strict=False):
        assert alarm.since == ok.since


@settings(max_examples=50)
@given(_DAYS, st.integers(1, 5))
def test_below_the_minimum_sample_there_is_never_an_alarm(windows: list[Window], of: int) -> None:
    state, found = judge.follow(State(), windows, Rule(at_least=1, of=of, minimum_sample=1001))

    assert (state.status, found) == ("waiting", [])


@settings(max_examples=50)
@given(_DAYS, _RULES)
def test_a_state_survives_json(windows: list[Window], rule: Rule) -> None:
    state, _ = judge.follow(State(), windows, rule)

    assert State.of(json.loads(json.dumps(state.plain()))) == state


def test_a_transition_names_its_window() -> None:
    _, found = judge.follow(State(), days(OVER, OVER), RULE)

    assert found == [Transition("2013-01-02T00:00Z", "alarm", "2013-01-01T00:00Z")]


def test_what_has_no_best_value_is_clear_a_twentieth_above_its_bar() -> None:
    assert [judge.at_least(value, -100) for value in (-101, -99, -95)] == [OVER, BETWEEN, CLEAR]


def test_a_window_stands_as_its_worst_figure() -> None:
    assert judge.worst([CLEAR, OVER, BETWEEN]) == OVER
    assert judge.worst([CLEAR, BETWEEN]) == BETWEEN
    assert judge.worst([]) is None
