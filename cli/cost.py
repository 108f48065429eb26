"""``line cost``: what an environment and a line in it cost, estimated from their templates, or read from the bill."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from cli.assembly import synthesize
from cli.deployed import deployed
from cli.models import console, table
from cli.running import check_line, find
from config.choice import chosen
from config.environment import Environment
from config.errors import LineError
from config.loading import ROOT, load_bundle
from config.prices import Prices, load_prices
from local.processes import Processes
from runtime import ledger
from runtime.changes.templates import read_templates
from runtime.cost.actual import Spent, spent
from runtime.cost.estimate import NOT_COUNTED, OF_LINE, Estimate, Item, Usage, estimate, together
from runtime.records import RunRecord

_KEYS = ("env", "branch")
_BESIDE = {"Foundation": "environment", "Workbench": "workbench"}
"""Stack -> how what no station works with is listed; all others are lines'."""
_RUNS = 5
"""How many of a line's last runs are looked at for what its stations take."""
_PAGE = 20
"""Runs that are read at a time."""


def place(context: Sequence[str], environment: str | None) -> dict[str, str]:
    """Return the context that the app is asked with; raises LineError for what is no ``key=value``."""
    where = {"env": environment} if environment else {}
    for text in context:
        key, equals, value = text.partition("=")
        if not equals or key not in _KEYS:
            raise LineError(f"-c {text!r} names no environment, expected env=<name> or branch=<ref>: correct it")
        where[key] = value
    return where


def cost_line(
    line: str,
    *,
    where: Mapping[str, str],
    minutes: Sequence[str],
    stored_gb: float,
    measured: bool,
    as_json: bool,
    root: Path = ROOT,
) -> int:
    """Print what a line costs in an environment; returns the exit status."""
    check_line(line, root)
    environment, prices = chosen(where.get, root=root), load_prices(root)
    training = load_bundle(line, root).definition.training
    usage = Usage(
        minutes=_stated(minutes, prices),
        measured=_measured(line, environment, root) if measured else {},
        trainings=len(training.trials) + len(training.baselines),
        stored_gb=stored_gb,
    )
    prices.check(environment.region)
    found = estimated(line, environment, where, prices=prices, usage=usage, root=root)
    if as_json:
        print(json.dumps(document(line, environment.name, found, usage), indent=2, ensure_ascii=False))
    else:
        _show(console(), line, environment.name, found, usage)
    return 0


def actual_line(line: str, *, where: Mapping[str, str], days: int, as_json: bool, root: Path = ROOT) -> int:
    """Print what a line really cost, day by day summed, by station; returns the exit status."""
    check_line(line, root)
    environment = chosen(where.get, root=root)
    told = spent(deployed(environment.name).client("ce"), environment=environment.name, line=line, days=days)
    if as_json:
        print(json.dumps(asdict(told), indent=2))
        return 0
    out = console()
    out.print(_spent(line, environment.name, told))
    return 0


def document(line: str, environment: str, found: Estimate, usage: Usage) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    return {
        "line": line,
        "environment": environment,
        "region": found.region,
        "prices_as_of": found.as_of,
        "idle_usd_per_month": round(found.idle_usd, 4),
        "usd_per_run": round(found.run_usd, 4),
        "stations": {
            name: {"idle_usd_per_month": round(idle, 4), "usd_per_run": round(run, 4)}
            for name, (idle, run) in found.stations().items()
        },
        "trainings_per_run": usage.trainings,
        "stored_gb": usage.stored_gb,
        "idle": [asdict(item) for item in found.idle],
        "run": [asdict(item) for item in found.run],
        "unpriced": [asdict(one) for one in found.unpriced],
        "not_counted": list(NOT_COUNTED),
    }


def estimated(
    line: str, environment: Environment, where: Mapping[str, str] | None, *, prices: Prices, usage: Usage, root: Path
) -> Estimate:
    """Return what the environment's and the line's stacks cost, used like this."""
    with closing(Processes()) as processes:
        folder = synthesize(processes, [line], root, where=where)
    stacks = read_templates(folder)
    return together(
        [
            estimate(
                template,
                prices=prices,
                region=environment.region,
                usage=usage if name == "Foundation" else replace(usage, stored_gb=0),
                rest=_BESIDE.get(name, OF_LINE),
            )
            for name, template in stacks.items()
        ]
    )


def _stated(given: Sequence[str], prices: Prices) -> dict[str, float]:
    """Return ``NAME=MINUTES`` as numbers; raises LineError for a job that is none and for what is no number."""
    known, found = sorted(prices.assumed.minutes), {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in known:
            raise LineError(f"--minutes {text!r}: {name!r} is no job, expected one of {', '.join(known)}: correct it")
        try:
            found[name] = float(value)
        except ValueError:
            raise LineError(f"--minutes {text!r}: {value!r} is no number, e.g. {name}=12.5: correct it") from None
    return found


def _measured(line: str, environment: Environment, root: Path) -> dict[str, float]:
    """Return the minutes that each station took in the last runs that succeeded, the median; from the ledger."""
    site: Any = find(root) if environment.name == "local" else deployed(environment.name)
    if site is None:
        raise LineError("--measured: nothing was measured, since no `line up` runs: start it and run the line in it")
    outputs, dynamodb = site.outputs(line), site.client("dynamodb")
    good = list(islice(_succeeded(dynamodb, outputs["LedgerTable"], line), _RUNS))
    if not good:
        raise LineError(f"--measured: line {line} has no run that succeeded in {environment.name}: run it first")
    took: dict[str, list[float]] = {}
    for run in good:
        for one in run.stations:
            if one.status not in ("running", "skipped"):
                took.setdefault(one.station, []).append(one.seconds / 60)
    return {station: median(values) for station, values in took.items()}


def _succeeded(dynamodb: Any, table: str, line: str) -> Iterator[RunRecord]:
    """Yield a line's runs that succeeded, the newest first; no more is read than is asked for."""
    before: dt.datetime | None = None
    while page := ledger.newest(dynamodb, table, line, _PAGE, before):
        yield from (run for run in page if run.status == "succeeded")
        before = page[-1].started


def _show(out: Console, line: str, environment: str, found: Estimate, usage: Usage) -> None:
    out.print(_stations(line, environment, found))
    out.print(_items("While nothing happens, a month", found.idle))
    out.print(_items(f"One run, with {usage.trainings} trainings", found.run))
    for one in found.unpriced:
        out.print(f"[red]no price[/red]: {one.what} ({len(one.resources)}: {', '.join(one.resources[:3])})")
    out.print(f"not counted: {'; '.join(NOT_COUNTED)}")
    if not usage.stored_gb:
        out.print("not counted: data that is kept (--stored-gb)")
    remembered = sorted({item.price for item in (*found.idle, *found.run) if item.remembered})
    out.print(f"prices of {found.region} as of {found.as_of}, config/prices.yaml; from memory: {', '.join(remembered)}")


def _stations(line: str, environment: str, found: Estimate) -> Any:
    made = table(f"{line} in {environment}", ("station", "USD a month, idle", "USD per run"), right=_MONEY)
    for name, (idle, run) in found.stations().items():
        made.add_row(name, f"{idle:.2f}", f"{run:.4f}")
    made.add_section()
    made.add_row("total", f"{found.idle_usd:.2f}", f"{found.run_usd:.4f}")
    return made


_MONEY = ("USD a month, idle", "USD per run", "USD", "quantity")


def _items(title: str, items: Iterable[Item]) -> Any:
    """Return a table of what is paid for, one row for each price and station."""
    sums: dict[tuple[str, str, str], tuple[int, float, float]] = {}
    for item in items:
        key = (item.station, item.price, item.unit)
        count, quantity, usd = sums.get(key, (0, 0.0, 0.0))
        sums[key] = (count + 1, quantity + item.quantity, usd + item.usd)
    made = table(title, ("station", "what", "resources", "quantity", "unit", "USD"), right=(*_MONEY, "resources"))
    for (station, price, unit), (count, quantity, usd) in sorted(sums.items(), key=lambda one: -one[1][2]):
        made.add_row(station, price, str(count), f"{quantity:,.2f}", unit, f"{usd:.4f}")
    return made


def _spent(line: str, environment: str, told: Spent) -> Any:
    made = table(f"{line} in {environment}, {told.since} to {told.until}", ("station", "service", "USD"), right=_MONEY)
    for row in told.rows:
        made.add_row(row.station, row.service, f"{row.usd:.2f}")
    made.add_section()
    made.add_row("total", "", f"{told.usd:.2f}")
    return made
