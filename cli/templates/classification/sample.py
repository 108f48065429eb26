"""A small made-up world for this line, the same each time: orders of a shop, and which of them come back.

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
_DAYS = 120
_ORDERS_A_DAY = 40
_CATEGORIES = {"books": 0.04, "tools": 0.12, "clothes": 0.32, "shoes": 0.42}
"""The share of each category's orders that comes back from an average customer."""


@dataclass(frozen=True)
class _Order:
    id: str
    customer: str
    category: str
    price: float
    at: dt.datetime
    returned: int


def raw(directory: Path, parameters: Mapping[str, Any], scale: int = 1) -> None:
    """Write the raw files as they lie on the morning of the score date: its orders have come in, none has come back.

    ``scale`` is how many times as many orders and customers there are, over the same days; it keeps those of scale 1.
    """
    orders = (
        (order.id, order.customer, order.category, order.price, order.at.isoformat(), _known(order, parameters))
        for part in range(scale)
        for order in _orders(part)
    )
    header = ("order_id", "customer", "category", "price", "ordered_at", "returned")
    _write(directory / "orders" / "orders.csv", header, orders)
    generator = random.Random(1)  # noqa: S311 (a sample, not a secret)
    customers = (
        (name, generator.choice(["Basel", "Bern", "Zug"]), _FIRST_DAY - dt.timedelta(days=generator.randrange(900)))
        for part in range(scale)
        for name in _customers(part)
    )
    _write(directory / "customers" / "customers.csv", ("customer", "city", "joined_on"), customers)


def ground_truth(parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what became of the scored orders, as it is known a while later."""
    for order in _orders():
        if 0 <= (order.at.date() - parameters["score_date"]).days < 7:
            known_at = order.at + dt.timedelta(days=3)
            yield {"id": order.id, "label": order.returned, "event_time": known_at.isoformat()}


def request(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return one order, as a shop would ask about it."""
    order = next(order for order in _orders() if order.at.date() >= parameters["score_date"])
    return {
        "id": order.id,
        "event_time": order.at.isoformat(),
        "customer": order.customer,
        "category": order.category,
        "price": order.price,
        "hour": order.at.hour,
    }


def _known(order: _Order, parameters: Mapping[str, Any]) -> int | str:
    return order.returned if order.at.date() + dt.timedelta(days=3) <= parameters["score_date"] else "NA"


def _orders(part: int = 0) -> Iterator[_Order]:
    """Yield a part's orders, by day; another part is another shop of the same size, with customers of its own."""
    generator = random.Random(2 + part)  # noqa: S311 (a sample, not a secret)
    habits = {name: generator.choice([0.3, 1.0, 1.8]) for name in _customers(part)}
    first = part * _DAYS * _ORDERS_A_DAY
    for number in range(_DAYS * _ORDERS_A_DAY):
        at = dt.datetime.combine(_FIRST_DAY, dt.time(), dt.UTC) + dt.timedelta(
            days=number // _ORDERS_A_DAY, seconds=generator.randrange(86400)
        )
        category, customer = generator.choice(list(_CATEGORIES)), generator.choice(list(habits))
        price = round(generator.lognormvariate(3.5, 0.6), 2)
        chance = min(0.95, _CATEGORIES[category] * habits[customer] * (1.3 if price > 50 else 0.8))
        yield _Order(f"o{first + number:05}", customer, category, price, at, int(generator.random() < chance))


def _customers(part: int = 0) -> list[str]:
    return [f"c{number:03}" for number in range(part * 150, (part + 1) * 150)]


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
