"""A small made-up world for this line, the same each time: what stores sell of a few products day by day.

Replace it with real files when you have them; the functions and what they give stay.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FIRST_DAY = dt.date(2025, 10, 1)
_LAST_DAY = dt.date(2026, 5, 31)
_STORES = 8
_PRODUCTS = {"bread": 60, "milk": 40, "flowers": 12}
"""What an average store sells of each on an average day."""
_WEEK = (0.9, 0.9, 0.95, 1.0, 1.2, 1.5, 0.55)
"""How Monday to Sunday differ."""


@dataclass(frozen=True)
class _Sale:
    store: str
    product: str
    day: dt.date
    units: int
    promoted: bool


def raw(directory: Path, parameters: Mapping[str, Any], scale: int = 1) -> None:
    """Write the raw files as they lie on the morning of the score date: sales until the day before, plans beyond it.

    ``scale`` is how many times as many stores there are, over the same days; it keeps those of scale 1.
    """
    today = parameters["score_date"]
    sales = (
        (one.store, one.product, one.day, one.units) for part in range(scale) for one in _sales(part) if one.day < today
    )
    _write(directory / "sales" / "sales.csv", ("store", "product", "day", "units"), sales)
    promotions = ((one.store, one.product, one.day) for part in range(scale) for one in _sales(part) if one.promoted)
    _write(directory / "promotions" / "promotions.csv", ("store", "product", "day"), promotions)


def ground_truth(parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what was sold on the day that the forecasts of the score date are for, as known when it was over."""
    day = parameters["score_date"] + dt.timedelta(days=parameters["horizon_days"])
    for one in _sales():
        if one.day == day:
            known_at = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)
            yield {
                "id": f"{one.store}:{one.product}@{parameters['score_date']}",
                "label": one.units,
                "event_time": known_at.isoformat(),
            }


def request(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return one forecast, as the store would ask for it."""
    day = parameters["score_date"] + dt.timedelta(days=parameters["horizon_days"])
    one = next(one for one in _sales() if one.day == day)
    morning = dt.datetime.combine(parameters["score_date"], dt.time(6), dt.UTC)
    return {
        "id": f"{one.store}:{one.product}@{parameters['score_date']}",
        "event_time": morning.isoformat(),
        "series": f"{one.store}:{one.product}",
        "store": one.store,
        "product": one.product,
        "weekday": day.isoweekday() % 7,
        "promotion": int(one.promoted),
    }


def _sales(part: int = 0) -> Iterator[_Sale]:
    """Yield a part's sales, series by series; another part is another region of the same size."""
    generator = random.Random(5 + part)  # noqa: S311 (a sample, not a secret)
    for number in range(part * _STORES, (part + 1) * _STORES):
        size = generator.uniform(0.6, 1.6)
        for product, usual in _PRODUCTS.items():
            level = usual * size
            for i in range((_LAST_DAY - _FIRST_DAY).days + 1):
                day = _FIRST_DAY + dt.timedelta(days=i)
                level *= math.exp(generator.gauss(0, 0.02) + 0.02 * math.log(usual * size / level))
                promoted = generator.random() < 0.08
                mean = level * _WEEK[day.weekday()] * (1.6 if promoted else 1.0)
                units = max(0, round(generator.gauss(mean, math.sqrt(mean))))
                yield _Sale(f"s{number:03}", product, day, units, promoted)


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
