"""What each station's outcome depends on, named: SQL, settings, parameters, and what the stations before it left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime import promotion, publication, raw_objects
from runtime.freshness import CODE
from runtime.pins import Pins
from runtime.plan import Plan, Statement
from runtime.promotion import Champion
from runtime.receipts import Receipt

HOUR = "the hour, at which tests look"

Left = Callable[[str], Receipt | None]
"""Gives the receipt that a station before this one left."""


@dataclass(frozen=True)
class Depends:
    """A station's components; ``unknown`` names an input of which only a job can tell whether it changed."""

    components: Mapping[str, str]
    unknown: str = ""


@dataclass(frozen=True)
class World:
    """Where a line's inputs lie."""

    s3: Any
    dynamodb: Any
    raw_bucket: str
    lake_bucket: str
    ledger_table: str
    pins: Pins | None = None
    """What the line reads of another environment, where this one is a branch's."""


@dataclass
class _Gathered:
    """Components as they are found."""

    plan: Plan
    values: Mapping[str, str]
    world: World
    left: Left
    found: dict[str, str] = field(default_factory=dict)
    unknown: str = ""

    def settings(self, station: str) -> None:
        self.found |= {CODE: self.plan.code, **self.plan.settings[station]}
        if station in self.plan.timely:
            self.found[HOUR] = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H")

    def statements(self, statements: Iterable[Statement]) -> None:
        for statement in statements:
            self.found[statement.file] = statement.digest
            self.parameters(statement.parameters)

    def parameters(self, names: Iterable[str]) -> None:
        self.found |= {f"parameter {name}": self.values[name] for name in names if name in self.values}

    def curated(self, tables: Iterable[str]) -> None:
        self._snapshots("curation", "tables", tables)

    def views(self, views: Iterable[str]) -> None:
        self._snapshots("features", "views", views)

    def examples(self) -> None:
        """What every example is made of."""
        self.statements([self.plan.spine])
        self.curated(self.plan.spine.tables)
        self.views(self.plan.views)

    def output(self, station: str, name: str) -> Any:
        receipt = self.left(station)
        value = receipt.outputs.get(name) if receipt else None
        self.found[f"{name.replace('_', ' ')} of {station}"] = str(value)
        return value

    def _snapshots(self, station: str, kind: str, names: Iterable[str]) -> None:
        receipt = self.left(station)
        snapshots = receipt.outputs.get(kind, {}) if receipt else {}
        self.found |= {f"table {name}": str(snapshots.get(name, {}).get("snapshot")) for name in names}


def depends(station: str, *, plan: Plan, given: Mapping[str, object], world: World, left: Left) -> Depends:
    """Return what the outcome of a station depends on, as things are now."""
    gathered = _Gathered(plan=plan, values=plan.values(given), world=world, left=left)
    gathered.settings(station)
    _GATHER[station](gathered)
    return Depends(components=gathered.found, unknown=gathered.unknown)


def agrees(station: str, *, world: World, line: str, receipt: Receipt) -> bool:
    """Whether the model in service is still the one with which a station's earlier outcome goes.

    Training compared its candidate with a champion, which may since be that candidate itself; release left one.
    """
    if station not in ("training", "release"):
        return True
    now = promotion.champion(world.dynamodb, world.ledger_table, line)
    if station == "release":
        return (now.version if now else None) == receipt.outputs.get("version")
    then = receipt.outputs.get("champion")
    return (now.version if now else None) == (then["version"] if then else None) or _is(now, receipt.outputs)


def _is(champion: Champion | None, trained: Mapping[str, Any]) -> bool:
    return champion is not None and champion.artefact == trained.get("artefact")


def _curation(gathered: _Gathered) -> None:
    plan, world = gathered.plan, gathered.world
    gathered.statements(plan.curation.values())
    for name, source in plan.sources.items():
        match source.get("kind", "s3"):
            case "s3" if world.pins is not None and name in world.pins.files:
                gathered.found[f"source {name}"] = raw_objects.fingerprint(world.pins.objects(name))
            case "s3":
                objects = raw_objects.listed(world.s3, bucket=world.raw_bucket, line=plan.line, source=name)
                gathered.found[f"source {name}"] = raw_objects.fingerprint(objects)
            case "line" if world.pins is not None and name in world.pins.tables:
                gathered.found[f"source {name}"] = str(world.pins.tables[name])
            case "line":
                gathered.found[f"source {name}"] = str(_of_line(world, source))
            case _:
                gathered.unknown = f"source {name}"


def _of_line(world: World, source: Mapping[str, Any]) -> int | None:
    """Return the snapshot of another line's table."""
    for station in ("curation", "features"):
        tables = publication.snapshots(world.s3, world.lake_bucket, source["line"], station)
        if source["table"] in tables:
            return tables[source["table"]]
    return None


def _features(gathered: _Gathered) -> None:
    plan = gathered.plan
    gathered.statements(plan.features.values())
    gathered.parameters([plan.scored])  # what is online is what was known when the scored window ends
    gathered.curated({table for view in plan.features.values() for table in view.tables})


def _training(gathered: _Gathered) -> None:
    """``train`` is given every parameter; that of the scored day counts only where it bounds the examples."""
    plan = gathered.plan
    gathered.examples()
    gathered.parameters(name for name in plan.parameters if name != plan.scored or name in plan.split)


def _release(gathered: _Gathered) -> None:
    gathered.output("training", "manifest_sha256")


def _scoring(gathered: _Gathered) -> None:
    gathered.examples()
    gathered.parameters([gathered.plan.scored])
    now = promotion.champion(gathered.world.dynamodb, gathered.world.ledger_table, gathered.plan.line)
    gathered.found["champion"] = str(now.version if now else None)


def _after_scoring(gathered: _Gathered) -> None:
    gathered.output("scoring", "snapshot")
    gathered.output("scoring", "score_date")


_GATHER: Mapping[str, Callable[[_Gathered], None]] = {
    "curation": _curation,
    "features": _features,
    "training": _training,
    "release": _release,
    "scoring": _scoring,
    "delivery": _after_scoring,
    "monitoring": _after_scoring,
}
