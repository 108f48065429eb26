import datetime as dt
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.asked import Asked, chosen, moment
from cli.main import app
from cli.order import take_order
from runtime.builder import ALL
from runtime.windows import Window

RUNNER = CliRunner(env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
FLIGHTS = take_order("flights", given=[])
VIEWS = "carrier_history, dest_delays, origin_delays, origin_weather, plane, plane_previous_leg, route_history"


@pytest.mark.parametrize(
    "arguments",
    [["dataset", "--help"], ["features", "--help"]]
    + [
        [group, name, "--help"]
        for group, name in (("dataset", "build"), ("dataset", "explain"), ("features", "verify"))
    ],
)
def test_every_command_explains_itself(arguments: list[str]) -> None:
    result = RUNNER.invoke(app, [*arguments, "--help"])
    assert (result.exit_code, "Usage:" in result.stdout) == (0, True)


def test_without_options_it_is_the_lines_own_dataset() -> None:
    request = Asked().request(FLIGHTS)
    assert list(request.windows) == ["train", "validation", "test"]
    assert (request.task, request.choice.request) == ("binary", ["carrier", "origin", "dest", "distance", "hour"])


def test_a_time_range_is_one_part() -> None:
    request = Asked(first="2013-08-01", last="2013-08-02T12:00:00+02:00").request(FLIGHTS)
    assert request.windows == {
        ALL: Window(dt.datetime(2013, 8, 1, tzinfo=dt.UTC), dt.datetime(2013, 8, 2, 10, tzinfo=dt.UTC))
    }


def test_views_and_single_columns_are_chosen() -> None:
    assert chosen(FLIGHTS.bundle.definition, "plane:seats, plane:built,origin_weather,plane:seats") == {
        "plane": ["seats", "built"],
        "origin_weather": None,
    }


def test_a_whole_view_beside_its_column_is_the_whole_view() -> None:
    assert chosen(FLIGHTS.bundle.definition, "plane:seats,plane") == {"plane": None}


def test_a_file_without_labels_asks_for_none(tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_text("origin,dest,event_time\nJFK,LAX,2013-08-01\n")
    request = Asked(examples=path, features="route_history").request(FLIGHTS)
    assert (request.task, request.choice.request) == ("none", ["origin", "dest"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2013-08-01", dt.datetime(2013, 8, 1, tzinfo=dt.UTC)),
        ("2013-03-10T02:30:00", dt.datetime(2013, 3, 10, 2, 30, tzinfo=dt.UTC)),
        ("2013-03-10T02:30:00-05:00", dt.datetime(2013, 3, 10, 7, 30, tzinfo=dt.UTC)),
        ("2013-03-10T02:30:00Z", dt.datetime(2013, 3, 10, 2, 30, tzinfo=dt.UTC)),
    ],
)
def test_a_moment_without_an_offset_is_utc(text: str, found: dt.datetime) -> None:
    assert moment("--as-of", text) == found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dataset", "build", "flights", "--task", "ranking"],
         "--task: 'ranking' is not a task, expected one of binary, regression, multiclass, none: correct it"),
        (["dataset", "build", "flights", "--features", "planes"],
         f"--features: 'planes' is not a feature view of line 'flights', expected one of {VIEWS} (closest: 'plane'): "
         "correct the name"),
        (["dataset", "build", "flights", "--as-of", "yesterday"],
         "--as-of: 'yesterday' is not a moment, expected a date or a time such as 2013-08-01T12:00:00Z: correct it"),
        (["dataset", "build", "flights", "--as-of", "0001-01-01T00:00:00+14:00"],
         "--as-of: '0001-01-01T00:00:00+14:00' is not a moment, expected a date or a time such as "
         "2013-08-01T12:00:00Z: correct it"),
        (["dataset", "build", "flights", "--from", "2013-08-02", "--to", "2013-08-01"],
         "--from: 2013-08-02 is not before --to 2013-08-01: correct one of them"),
        (["dataset", "build", "flights", "--out", "README.md"],
         "--out: 'README.md' is a file, expected a folder: correct it"),
        (["features", "verify", "flights", "--view", "planes"],
         f"--view: 'planes' is not a feature view of line 'flights', expected one of {VIEWS} (closest: 'plane'): "
         "correct the name"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_told_in_one_line(arguments: list[str], said: str) -> None:
    result = RUNNER.invoke(app, arguments)
    assert (result.exit_code, result.stderr) == (2, f"error: {said}\n")
