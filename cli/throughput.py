"""``line throughput``: both journeys in figures, the bottleneck with its evidence, what a faster station would gain."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.asked import moment
from cli.deployed import deployed
from cli.ending import UsageError
from cli.ideas import unmerged
from cli.running import find
from cli.site import ENVIRONMENT, FOUNDATION
from cli.throughput_show import show_innovation, show_line, show_lines
from config.errors import LineError
from config.loading import ROOT, line_names, standing_names
from runtime import ledger, promotion
from runtime.projection import texts
from runtime.throughput.innovation import InnovationJourney, incidents, innovation
from runtime.throughput.lines import lines
from runtime.throughput.service import service
from runtime.throughput.value import ValueJourney, value

_WAY = ("dev", "qa", "prod")
"""Environments that a change goes through, in this order."""


@dataclass(frozen=True)
class Books:
    """The ledger of an environment."""

    dynamodb: Any
    table: str
    environment: str


@dataclass(frozen=True)
class Told:
    """A line's journey, None before its first run in the range; ``removed`` when the repository has it no more."""

    line: str
    removed: bool
    value: ValueJourney | None


def show_throughput(
    line: str | None, *, environment: str, first: str | None, last: str | None, as_json: bool, root: Path = ROOT
) -> int:
    """Print the journeys of a line, or of every line; returns the exit status."""
    since = moment("--from", first) if first else None
    until = moment("--to", last) if last else None
    if since and until and since >= until:
        raise UsageError(f"--from: {first} is not before --to {last}: correct one of them")
    now = dt.datetime.now(dt.UTC)
    books = books_of(environment, root)
    kept = line_names(root)
    names = sorted({*kept, *lines(books.dynamodb, books.table)}) if line is None else [_known(books, line, kept)]
    told = [
        Told(name, name not in kept, value_of(books, name, now=now, since=since, until=until, detail=line is not None))
        for name in names
    ]
    ideas = innovation_of(books, names, root=root, now=now, since=since, until=until)
    if as_json:
        print(json.dumps(document(environment, told, ideas), indent=2, ensure_ascii=False, default=_plain))
    elif line is not None:
        show_line(told[0].line, told[0].value, removed=told[0].removed)
        show_innovation(ideas)
    else:
        show_lines([(one.line, one.value, one.removed) for one in told])
        show_innovation(ideas)
    return 0


def document(environment: str, told: list[Told], ideas: InnovationJourney) -> dict[str, Any]:
    """Return both journeys as JSON has them: moments as ISO 8601 in UTC, durations in seconds, shares from 0 to 1."""
    return {
        "environment": environment,
        "lines": [
            {"line": one.line, "removed": one.removed, "value": asdict(one.value) if one.value else None}
            for one in told
        ],
        "innovation": asdict(ideas),
    }


def value_of(
    books: Books,
    line: str,
    *,
    now: dt.datetime,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    detail: bool = True,
) -> ValueJourney | None:
    """Return a line's value journey; its model in production only with ``detail``, since that takes further reads."""
    dynamodb, table = books.dynamodb, books.table
    fresh = None
    if detail:
        times = promotion.history(dynamodb, table, line)
        fresh = service(times, lambda run: ledger.record_of(dynamodb, table, line, run), now)
    return value(texts(dynamodb, table, line, since, until), now=now, since=since, until=until, service=fresh)


def innovation_of(
    books: Books,
    names: list[str],
    *,
    root: Path = ROOT,
    now: dt.datetime,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> InnovationJourney:
    """Return the journey to an environment, through those before it, as far as their ledgers can be read."""
    deploys = {}
    unreadable: dict[str, str] = {}
    for name in _before(books.environment, root):
        try:
            found = books_of(name, root)
            deploys[name] = list(ledger.deploys(found.dynamodb, found.table, name, None, until))
        except (LineError, ClientError, BotoCoreError) as error:
            unreadable[name] = str(error)
    deploys[books.environment] = list(ledger.deploys(books.dynamodb, books.table, books.environment, None, until))
    rang = [
        alarm
        for name in ["foundation", *names]
        for alarm in ledger.alarms(books.dynamodb, books.table, name, since, until)
    ]
    return innovation(
        deploys,
        incidents(rang),
        now=now,
        since=since,
        until=until,
        branches=unmerged(root),
        unreadable=unreadable,
    )


def books_of(environment: str, root: Path = ROOT) -> Books:
    """Return the ledger of an environment; raises LineError where it cannot be reached."""
    if environment == ENVIRONMENT:
        site = find(root)
        if site is None:
            raise LineError(
                "no `line up` is running, and the ledger lives in it: start it with `line up`, "
                "or name an environment on AWS with --environment"
            )
        outputs: Mapping[str, str] = site.status()["outputs"].get(FOUNDATION, {})
        dynamodb = site.client("dynamodb")
    else:
        place = deployed(environment)
        outputs, dynamodb = place.foundation(), place.client("dynamodb")
    if "LedgerTable" not in outputs:
        raise LineError(f"nothing is deployed in environment {environment!r} yet: deploy it, e.g. with `line up`")
    return Books(dynamodb, outputs["LedgerTable"], environment)


def _before(environment: str, root: Path) -> Iterator[str]:
    """Yield the environments that a change has been through before it comes into one."""
    if environment in _WAY:
        standing = standing_names(root)
        yield from (name for name in _WAY[: _WAY.index(environment)] if name in standing)


def _known(books: Books, line: str, kept: list[str]) -> str:
    """Return a line that the repository or the ledger has; raises UsageError for another."""
    if line in kept:
        return line
    known = lines(books.dynamodb, books.table)
    if line in known:
        return line
    raise UsageError(
        f"line {line!r} is unknown, expected one of {', '.join(sorted({*kept, *known})) or 'none'}: correct the name"
    )


def _plain(one: object) -> str:
    if isinstance(one, dt.datetime | dt.date):
        return one.isoformat()
    raise TypeError(f"{type(one).__name__} has no form in JSON")
