"""``line plan``: which stations a run would execute now, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.order import take_order
from cli.running import RunningSite, find
from config.errors import LineError
from config.parameters import resolve
from config.shipped import code_digest
from runtime import freshness, receipts
from runtime.components import World, agrees, depends
from runtime.events import STATIONS
from runtime.freshness import Known, Verdict
from runtime.paths import RunPaths
from runtime.plan import Plan
from runtime.planning import plan
from runtime.receipts import Receipt


@dataclass(frozen=True)
class Planned:
    """What a run would do with a station: ``run``, ``skip``, or ``depends`` on what an earlier station will give."""

    station: str
    would: str
    why: str


def plan_line(line: str, *, given: Sequence[str], force: Sequence[str], as_json: bool) -> int:
    """Show what a run would do at the running ``line up``; returns the exit status."""
    order = take_order(line, given=given, force=force)
    site = running()
    made = plan(
        order.bundle,
        values=resolve(order.bundle.definition.parameters, order.local),
        code=code_digest(),
    )
    planned = stations(made, world=_world(site, line), given=dict(order.given), force=force)
    if as_json:
        print(json.dumps({"line": line, "stations": [asdict(one) for one in planned]}, indent=2))
    else:
        show(line, planned)
    return 0


def running() -> RunningSite:
    """Return the embedded AWS of a ``line up``; raises LineError when none runs."""
    site = find()
    if site is None:
        raise LineError("no `line up` runs, and only there do earlier runs live on: start one with `line up`")
    return site


def stations(made: Plan, *, world: World, given: dict[str, Any], force: Sequence[str] = ()) -> list[Planned]:
    """Return what a run with these parameters would do with each station."""
    left: dict[str, Receipt] = {}
    planned: list[Planned] = []
    for station in STATIONS:
        known = freshness.known(world.dynamodb, world.ledger_table, made.line, station)
        now = depends(station, plan=made, given=given, world=world, left=left.get)
        verdict = freshness.judge(now.components, known, forced=station in force, unknown=now.unknown)
        receipt = _receipt(world, made.line, station, known)
        if verdict.fresh and (receipt is None or not agrees(station, world=world, line=made.line, receipt=receipt)):
            verdict = Verdict(fresh=False, why=f"what {verdict.run} left is not what is in service")
        waits = [one.station for one in planned if one.would != "skip"]
        planned.append(_planned(station, verdict, known, waits))
        if verdict.fresh and receipt is not None:
            left[station] = receipt
    return planned


def _planned(station: str, verdict: Verdict, known: Known | None, waits: Sequence[str]) -> Planned:
    if verdict.fresh:
        return Planned(station, "skip", verdict.why)
    if waits and known is not None and verdict.why != "it is forced":
        return Planned(station, "depends", f"on what {waits[-1]} will give")
    return Planned(station, "run", verdict.why)


def show(line: str, planned: Sequence[Planned], console: Console | None = None) -> None:
    """Print the stations with what a run would do."""
    out = console or Console(highlight=False)
    table = Table(
        title=f"A run of {line} now", title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for column in ("station", "would", "why"):
        table.add_column(column, overflow="fold")
    for one in planned:
        table.add_row(one.station, Text(one.would, style=_COLOURS[one.would]), Text(one.why))
    out.print(table)


_COLOURS = {"run": "yellow", "skip": "cyan", "depends": ""}


def _world(site: RunningSite, line: str) -> World:
    outputs = site.outputs(line)
    return World(
        s3=site.client("s3"),
        dynamodb=site.client("dynamodb"),
        raw_bucket=outputs["RawBucket"],
        lake_bucket=outputs["LakeBucket"],
        ledger_table=outputs["LedgerTable"],
    )


def _receipt(world: World, line: str, station: str, known: Known | None) -> Receipt | None:
    if known is None:
        return None
    return receipts.read(world.s3, RunPaths(lake=world.lake_bucket, line=line, run=known.run), station)
