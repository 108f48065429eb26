"""What a template costs a month while nothing happens, and what a run of its line costs: items, each with its price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.prices import Prices
from config.tags import STATION

Template = Mapping[str, Any]

OF_LINE = "line"
"""Where what no station alone works with is listed, unless the caller has another word for it."""

NOT_COUNTED = (
    "data transfer, and what endpoints of a VPC carry",
    "requests: of S3, DynamoDB, KMS and of clients of the REST API and the endpoint",
    "log lines and custom metrics",
    "the image of jobs in the account's registry, about 1 GB for all environments",
    "free tiers and discounts",
)


@dataclass(frozen=True)
class Usage:
    """How a line is used: what its jobs take, and what it keeps.

    ``minutes`` are stated, by a job's command; ``measured`` are those of whole stations, from the ledger. What neither
    says is assumed.
    """

    minutes: Mapping[str, float] = field(default_factory=dict)
    measured: Mapping[str, float] = field(default_factory=dict)
    trainings: int = 1
    """Candidates and baselines that a run trains."""
    stored_gb: float = 0.0


@dataclass(frozen=True)
class Item:
    """One thing that is paid for: ``quantity`` units at ``price`` (its name in the table), in US dollars."""

    resource: str
    type: str
    station: str
    quantity: float
    price: str
    unit: str
    usd: float
    remembered: bool


@dataclass(frozen=True)
class Unpriced:
    """Something that costs, or may cost, and of which the table knows no price."""

    what: str
    resources: tuple[str, ...]


@dataclass(frozen=True)
class Estimate:
    """``idle`` items are for a month in which nothing happens, ``run`` items for one run."""

    region: str
    as_of: str
    idle: tuple[Item, ...]
    run: tuple[Item, ...]
    unpriced: tuple[Unpriced, ...]

    @property
    def idle_usd(self) -> float:
        return sum(item.usd for item in self.idle)

    @property
    def run_usd(self) -> float:
        return sum(item.usd for item in self.run)

    def stations(self) -> dict[str, tuple[float, float]]:
        """Return what each station costs, idle a month and per run; the dearest first."""
        names = {item.station for item in (*self.idle, *self.run)}
        sums = {
            name: tuple(sum(item.usd for item in items if item.station == name) for items in (self.idle, self.run))
            for name in names
        }
        return {name: (idle, run) for name, (idle, run) in sorted(sums.items(), key=lambda one: (-sum(one[1]), one[0]))}


@dataclass
class Bill:
    """Items as they are found; what has no price is kept apart and never taken for nothing."""

    prices: Prices
    region: str
    rest: str = OF_LINE
    items: list[Item] = field(default_factory=list)
    unpriced: dict[str, list[str]] = field(default_factory=dict)

    def add(self, resource: str, type_: str, station: str, quantity: float, price: str) -> None:
        """Add so many units of something; an empty station is the rest."""
        usd = self.prices.of(price, self.region)
        if usd is None:
            self.unknown(f"price {price}", resource)
            return
        known = self.prices.prices[price]
        self.items.append(
            Item(resource, type_, station or self.rest, quantity, price, known.unit, quantity * usd, known.remembered)
        )

    def unknown(self, what: str, resource: str) -> None:
        """Say that something has no price."""
        self.unpriced.setdefault(what, []).append(resource)

    def sorted(self) -> tuple[Item, ...]:
        """Return the items, the dearest first."""
        return tuple(sorted(self.items, key=lambda item: (-item.usd, item.resource, item.price)))


def estimate(
    template: Template, *, prices: Prices, region: str, usage: Usage | None = None, rest: str = OF_LINE
) -> Estimate:
    """Return what a synthesized template costs; raises LineError for a region without prices.

    ``rest`` is how what carries no station's tag is listed.
    """
    from runtime.cost.idle import idle
    from runtime.cost.run import per_run

    prices.check(region)
    usage = usage or Usage()
    resting, running = Bill(prices, region, rest), Bill(prices, region, rest)
    idle(template, resting, usage)
    per_run(template, running, usage)
    return Estimate(
        region=region,
        as_of=prices.as_of,
        idle=resting.sorted(),
        run=running.sorted(),
        unpriced=_unpriced([resting, running]),
    )


def together(estimates: Sequence[Estimate]) -> Estimate:
    """Return several stacks' estimates as one."""
    first = estimates[0]
    found: dict[str, list[str]] = {}
    for one in estimates:
        for each in one.unpriced:
            found.setdefault(each.what, []).extend(each.resources)
    return Estimate(
        region=first.region,
        as_of=first.as_of,
        idle=_dearest(item for one in estimates for item in one.idle),
        run=_dearest(item for one in estimates for item in one.run),
        unpriced=tuple(Unpriced(what, tuple(sorted(names))) for what, names in sorted(found.items())),
    )


def station_of(resource: Mapping[str, Any]) -> str:
    """Return the station that a resource is tagged with, or nothing.

    >>> station_of({"Type": "T", "Properties": {"Tags": [{"Key": "station", "Value": "training"}]}})
    'training'
    """
    properties = resource.get("Properties", {})
    tags = properties.get("Tags") or {}
    if isinstance(tags, list):
        tags = {tag["Key"]: tag["Value"] for tag in tags}
    return str(tags.get(STATION, ""))


def _dearest(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda item: (-item.usd, item.resource, item.price)))


def _unpriced(bills: Sequence[Bill]) -> tuple[Unpriced, ...]:
    found: dict[str, set[str]] = {}
    for bill in bills:
        for what, names in bill.unpriced.items():
            found.setdefault(what, set()).update(names)
    return tuple(Unpriced(what, tuple(sorted(names))) for what, names in sorted(found.items()))
