import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.errors import LineError
from runtime import engine, examples_file
from runtime.examples_file import ExamplesFile
from runtime.spine import SPINE, Task
from runtime.windows import Window
from tests.runtime.shop import bundle

LINE = bundle().definition
EVER = Window(dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 1, 1, tzinfo=dt.UTC))

Read = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return the table that a CSV of these lines becomes: id, event time, then what else is in it."""

    def rows(*lines: str, task: Task = "none", as_of: dt.datetime | None = None) -> list[tuple[Any, ...]]:
        path = tmp_path / "given.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with engine.connect(threads=1) as connection:
            file = ExamplesFile(path)
            examples_file.load(connection, file)
            examples_file.build(
                connection, file, line=LINE, views=["habits"], request=[], windows=[EVER], task=task, as_of=as_of
            )
            return engine.rows(connection, f"SELECT id, strftime(placed, '%c'), customer FROM {SPINE}")

    return rows


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2013-03-10 02:30:00", "2013-03-10 02:30:00"),  # New York skips it, UTC does not
        ("2013-03-10T02:30:00-05:00", "2013-03-10 07:30:00"),
        ("2013-11-03 01:30:00-04:00", "2013-11-03 05:30:00"),
        ("2013-11-03 01:30:00-05:00", "2013-11-03 06:30:00"),
        ("2013-07-01 12:00:00 America/New_York", "2013-07-01 16:00:00"),
        ("2013-07-01", "2013-07-01 00:00:00"),
        ("0001-01-01", "0001-01-01 00:00:00"),
        ("9998-12-31", "9998-12-31 00:00:00"),
    ],
)
def test_an_event_time_is_a_moment(read: Read, tmp_path: Path, text: str, moment: str) -> None:
    path = tmp_path / "moments.csv"
    path.write_text(f"customer,placed\nann,{text}\n")
    with engine.connect(threads=1) as connection:
        file = ExamplesFile(path)
        examples_file.load(connection, file)
        examples_file.build(connection, file, line=LINE, views=[], request=[], windows=[EVER], task="none", as_of=None)
        found = engine.rows(connection, f"SELECT strftime(placed, '%Y-%m-%d %H:%M:%S') FROM {SPINE}")[0][0]
    assert found == moment


def test_rows_without_an_id_are_numbered_and_come_in_order_of_time(read: Read) -> None:
    found = read("customer,placed", "zoë,2024-01-02", "安,2024-01-01")
    assert [(row[0], row[2]) for row in found] == [("2", "安"), ("1", "zoë")]


def test_entities_alone_are_of_the_moment_that_is_asked_for(read: Read) -> None:
    assert len(read("customer", "ann", "bob", as_of=utc(2024, 1, 1))) == 2


def test_examples_from_after_the_moment_are_left_out(read: Read) -> None:
    found = read("customer,placed", "ann,2024-01-01", "bob,2024-01-01 00:00:00.000001", as_of=utc(2024, 1, 1))
    assert [row[2] for row in found] == ["ann"]


@pytest.mark.parametrize(
    ("lines", "task", "said"),
    [
        (
            ("custommer,placed", "ann,2024-01-01"),
            "none",
            "has no column 'customer', expected it as the entity of feature view 'habits', found custommer, placed "
            "(closest: 'custommer'): add it to the file",
        ),
        (
            ("customer", "ann"),
            "none",
            "has no column 'placed', expected it as the event time, since no --as-of is given, found customer: "
            "add it to the file",
        ),
        (
            ("customer,placed", "ann,2024-01-01"),
            "binary",
            "has no column 'returned', expected it as the label of the task binary, found customer, placed: "
            "add it to the file",
        ),
        (
            ("customer,placed", "ann,2024-01-01", "bob,soon"),
            "none",
            "row 2: placed is 'soon', expected a moment of the years 1 to 9999 such as 2024-01-31 12:00:00+00: "
            "correct it",
        ),
        (
            ("customer,placed", "ann,"),
            "none",
            "row 1: placed is null, expected a moment of the years 1 to 9999 such as 2024-01-31 12:00:00+00: "
            "correct it",
        ),
        (
            ("customer,placed", "ann,infinity"),
            "none",
            "row 1: placed is 'infinity', expected a moment of the years 1 to 9999 such as 2024-01-31 12:00:00+00: "
            "correct it",
        ),
        (
            ("customer,placed", "ann,12000-01-01"),
            "none",
            "row 1: placed is '12000-01-01', expected a moment of the years 1 to 9999 such as "
            "2024-01-31 12:00:00+00: correct it",
        ),
        (
            ("id,customer,placed", "7,ann,2024-01-01", "7,bob,2024-01-02"),
            "none",
            "2 rows have the id '7', expected one row per id: make it distinct",
        ),
        (
            ("customer,placed,returned", "ann,2024-01-01,maybe"),
            "binary",
            "the label is no number (Conversion Error: Could not convert string 'maybe' to DOUBLE when casting from "
            "source column returned), expected 0, 1 or null",
        ),
        (
            ("customer,placed,returned", "ann,2024-01-01,3"),
            "binary",
            "a row has the label 3, expected 0, 1 or null: correct the SELECT",
        ),
    ],
)
def test_a_file_that_does_not_hold_together_is_named(
    read: Read, tmp_path: Path, lines: tuple[str, ...], task: Task, said: str
) -> None:
    with pytest.raises(LineError) as error:
        read(*lines, task=task)
    assert str(error.value) == f"{tmp_path / 'given.csv'}: {said}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere.csv", "no such file, expected examples as .csv or .parquet: correct the path"),
        ("given.xlsx", "'.xlsx' is no kind of examples, expected .csv or .parquet: convert the file"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, name: str, said: str) -> None:
    path = tmp_path / name
    if name == "given.xlsx":
        path.write_text("")
    with pytest.raises(LineError) as error:
        ExamplesFile(path)
    assert str(error.value) == f"{path}: {said}"


def test_a_parquet_file_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "given.parquet"
    path.write_text("no parquet")
    with pytest.raises(LineError) as error:
        examples_file.columns(ExamplesFile(path))
    assert str(error.value).startswith(f"{path}: Invalid Input Error: ")
