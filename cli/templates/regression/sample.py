"""A small made-up world for this line, the same each time: deliveries of a courier, and how long they took.

Replace it with real files when you have them; the functions and what they give stay.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FIRST_DAY = dt.date(2026, 1, 1)
_DAYS = 100
_DELIVERIES_A_DAY = 120
_COURIERS = 40
_MINUTES_PER_KM = {"bike": 4.0, "car": 2.6, "van": 3.2}
_RUSH_HOURS = (8, 9, 16, 17, 18)


@dataclass(frozen=True)
class _Delivery:
    id: str
    courier: str
    vehicle: str
    distance_km: float
    parcels: int
    at: dt.datetime
    minutes: float


def raw(directory: Path, parameters: Mapping[str, Any], scale: int = 1) -> None:
    """Write the raw files as they lie on the morning of the score date: its deliveries are planned, none has ended.

    ``scale`` is how many times as many deliveries and couriers there are, on the same days; it keeps those of scale 1.
    """
    deliveries = (
        (one.id, one.courier, one.vehicle, one.distance_km, one.parcels, one.at.isoformat(), _known(one, parameters))
        for part in range(scale)
        for one in _deliveries(part)
        if (one.at.date() - parameters["score_date"]).days <= 0
    )
    header = ("delivery_id", "courier", "vehicle", "distance_km", "parcels", "left_at", "minutes")
    _write(directory / "deliveries" / "deliveries.csv", header, deliveries)
    generator = random.Random(1)  # noqa: S311 (a sample, not a secret)
    couriers = (
        (name, generator.choice(["north", "south"]), _FIRST_DAY - dt.timedelta(days=generator.randrange(900)))
        for part in range(scale)
        for name in _couriers(part)
    )
    _write(directory / "couriers" / "couriers.csv", ("courier", "depot", "since"), couriers)


def ground_truth(parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield how long the deliveries of the score date took, as it is known once they are at the door."""
    for one in _deliveries():
        if one.at.date() == parameters["score_date"]:
            known_at = one.at + dt.timedelta(minutes=one.minutes)
            yield {"id": one.id, "label": one.minutes, "event_time": known_at.isoformat()}


def request(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return one delivery, as the dispatcher would ask about it."""
    one = next(one for one in _deliveries() if one.at.date() >= parameters["score_date"])
    return {
        "id": one.id,
        "event_time": one.at.isoformat(),
        "courier": one.courier,
        "vehicle": one.vehicle,
        "distance_km": one.distance_km,
        "parcels": one.parcels,
        "hour": one.at.hour,
    }


def _known(one: _Delivery, parameters: Mapping[str, Any]) -> float | str:
    return one.minutes if one.at.date() < parameters["score_date"] else "NA"


def _deliveries(part: int = 0) -> Iterator[_Delivery]:
    """Yield a part's deliveries, by day; another part is another city of the same size, with couriers of its own."""
    generator = random.Random(3 + part)  # noqa: S311 (a sample, not a secret)
    pace = {name: generator.choice([0.8, 1.0, 1.3]) for name in _couriers(part)}
    first = part * _DAYS * _DELIVERIES_A_DAY
    for number in range(_DAYS * _DELIVERIES_A_DAY):
        at = dt.datetime.combine(_FIRST_DAY, dt.time(7), dt.UTC) + dt.timedelta(
            days=number // _DELIVERIES_A_DAY, seconds=generator.randrange(12 * 3600)
        )
        courier, vehicle = generator.choice(list(pace)), generator.choice(list(_MINUTES_PER_KM))
        distance, parcels = round(generator.lognormvariate(1.4, 0.6), 1) + 0.5, generator.randrange(1, 9)
        driving = distance * _MINUTES_PER_KM[vehicle] * pace[courier]
        driving *= 1.4 if at.hour in _RUSH_HOURS and vehicle != "bike" else 1.0
        minutes = round((driving + 1.5 * parcels) * generator.lognormvariate(0, 0.15) + 2, 1)
        yield _Delivery(f"d{first + number:05}", courier, vehicle, round(distance, 1), parcels, at, minutes)


def _couriers(part: int = 0) -> list[str]:
    return [f"k{number:03}" for number in range(part * _COURIERS, (part + 1) * _COURIERS)]


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
