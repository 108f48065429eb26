"""What is told of each line at a glance; every page of them asks for no more than its own lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.due import next_start
from config.errors import LineError
from config.loading import line_names
from console.known_lines import bare, ringing, said_of, told_apart
from console.place import Place
from console.strip import Marks, Step, marks, steps
from runtime import ledger, promotion
from runtime.promotion import Champion
from runtime.records import RunRecord

PER_PAGE = 20
MARKS = 12
"""How many of a line's last runs are shown as marks."""
_POOL = ThreadPoolExecutor(8, thread_name_prefix="lines")
REFUSED = (ClientError, BotoCoreError, LineError)


@dataclass(frozen=True)
class Card:
    """A line at a glance; ``trouble`` says why something of it cannot be told."""

    line: str
    question: str = ""
    newest: RunRecord | None = None
    steps: Sequence[Step] = ()
    marks: Marks = field(default_factory=lambda: Marks([]))
    champion: Champion | None = None
    alarms: Sequence[str] = ()
    starts: str = ""
    gone: str = ""
    """Why the line cannot run any more, e.g. that it is not deployed; nothing for one that can."""
    trouble: str = ""


@dataclass(frozen=True)
class Overview:
    """A page of lines; ``notes`` are about all of them."""

    cards: Sequence[Card]
    found: int
    page: int
    wanted: str = ""
    notes: Sequence[str] = ()

    @property
    def pages(self) -> int:
        return max(1, -(-self.found // PER_PAGE))

    @property
    def is_moving(self) -> bool:
        return any(card.newest is not None and card.newest.status == "running" for card in self.cards)


def overview(place: Place, *, wanted: str = "", page: int = 1) -> Overview:
    """Return a page of the lines whose names hold what is wanted, in the order of their names."""
    deployed, notes = set(place.lines()), []
    try:
        deployed, former = told_apart(place)
    except REFUSED as error:
        former = set()
        notes.append(f"lines that are not deployed any more are not shown: {error}")
    names = sorted(name for name in deployed | former if wanted.lower() in name.lower())
    page = min(max(page, 1), max(1, -(-len(names) // PER_PAGE)))
    shown = names[(page - 1) * PER_PAGE : page * PER_PAGE]
    try:
        alarms = ringing(place)
    except REFUSED as error:
        alarms = {}
        notes.append(f"alarms are not shown: {error}")
    try:
        champions = place.kept(f"champions/{shown}", lambda: _champions(place, shown))
    except REFUSED:
        champions = {}  # each card tells that its ledger cannot be read
    known = set(line_names())

    def card(name: str) -> Card:
        first = champions.get(name)
        is_deployed, is_known = name in deployed, name in known
        return _card(place, name, first, alarms=alarms.get(bare(name), ()), is_deployed=is_deployed, is_known=is_known)

    return Overview(list(_POOL.map(card, shown)), found=len(names), page=page, wanted=wanted, notes=notes)


def card_of(place: Place, line: str) -> Card:
    """Return one line at a glance; raises LineError for a name that no line here has or had."""
    deployed = set(place.lines())
    former: set[str] = set()
    is_known = line in line_names()
    alarms: Sequence[str] = ()
    if line not in deployed:
        deployed, former = told_apart(place)
    if line not in deployed | former:
        raise LineError(
            f"line {line!r} is not deployed in environment {place.environment!r}, expected one of "
            f"{', '.join(sorted(deployed)[:20]) or 'none'}: choose one of the lines, or deploy it"
        )
    try:
        alarms = ringing(place).get(bare(line), ())
    except REFUSED as error:
        alarms = [f"not known: {error}"]
    try:
        champion = place.kept(f"champions/{[line]}", lambda: _champions(place, [line])).get(line)
    except REFUSED:
        champion = None  # its card tells that the ledger cannot be read
    return _card(place, line, champion, alarms=alarms, is_deployed=line in deployed, is_known=is_known)


def _champions(place: Place, lines: Sequence[str]) -> Mapping[str, Champion]:
    return promotion.champions(place.client("dynamodb"), place.foundation()["LedgerTable"], lines)


def _card(
    place: Place, line: str, champion: Champion | None, *, alarms: Sequence[str], is_deployed: bool, is_known: bool
) -> Card:
    said = said_of(line) if is_known else {}
    gone = (
        "it is not deployed here any more: what its runs left is shown"
        if not is_deployed
        else "this repository has no such line: what is deployed of it still runs"
        if not is_known
        else ""
    )
    given: dict[str, Any] = {"question": said.get("question", ""), "alarms": alarms, "gone": gone}
    given["starts"] = _starts(place, said.get("schedule"))
    try:
        table = place.foundation()["LedgerTable"]
        dynamodb = place.client("dynamodb")
        newest = place.kept(f"newest/{line}", lambda: ledger.newest(dynamodb, table, line, MARKS), 0.8, stale=4.0)
    except REFUSED as error:
        return Card(line, **given, trouble=f"its runs are not shown: {error}")
    first = newest[0] if newest else None
    return Card(line, **given, newest=first, steps=steps(first), marks=marks(newest), champion=champion)


def _starts(place: Place, schedule: str | None) -> str:
    """Say when a line starts by itself."""
    if not schedule:
        return "when somebody or an alarm asks"
    if place.is_embedded:
        return f"{schedule}, when the embedded clock is moved on"
    try:
        at = next_start(schedule, dt.datetime.now(dt.UTC))
    except LineError as error:
        return str(error)
    return f"{at:%Y-%m-%d %H:%M} ({schedule})" if at else f"never again ({schedule})"
