"""``line ledger``: the story of a line, in order, as its ledger tells it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.deployed import Deployed, deployed
from cli.running import RunningSite, check_line, find
from cli.site import ENVIRONMENT
from config.errors import LineError
from config.loading import ROOT
from runtime import backfill
from runtime.story import DEPLOY, Moment, story

_COLOURS = {
    "failed": "red",
    "halted": "red",
    "rolled": "red",
    "alarm": "red",
    "flagged": "yellow",
    "succeeded": "green",
    "production": "bold green",
}
_WIDTH = 160


def show_ledger(line: str, *, last: int, as_json: bool, environment: str = ENVIRONMENT, root: Path = ROOT) -> int:
    """Print the newest moments of a line, the oldest of them first; returns the exit status.

    A line that was removed has its story still.
    """
    site = _site(environment, root)
    moments = story(site.client("dynamodb"), site.foundation()["LedgerTable"], line, environment)[-last:]
    if all(moment.what.startswith(DEPLOY) for moment in moments):  # nothing of the line itself
        check_line(line, root)
    if as_json:
        print(json.dumps([asdict(moment) for moment in moments], indent=2, ensure_ascii=False))
        return 0
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = max(out.width, _WIDTH)
    if not moments:
        out.print(f"nothing has happened to line {line} yet: `line run {line}` begins its story")
        return 0
    out.print(_table(moments))
    return 0


def fill_ledger(line: str, *, as_json: bool, environment: str = ENVIRONMENT, root: Path = ROOT) -> int:
    """Put into the ledger what Step Functions remembers and it lacks; returns the exit status."""
    site = _site(environment, root)
    outputs = site.outputs(line)
    try:
        done = backfill.fill(
            dynamodb=site.client("dynamodb"),
            s3=site.client("s3"),
            states=site.client("stepfunctions"),
            table=outputs["LedgerTable"],
            machine=outputs["StateMachineArn"],
            lake=outputs["LakeBucket"],
            line=line,
        )
    except (ClientError, BotoCoreError) as error:
        raise LineError(
            f"the ledger of line {line!r} cannot be filled ({error}): it takes the rights to read executions and "
            "receipts and to write items of the ledger; what was put stays, so call it again"
        ) from None
    if as_json:
        print(json.dumps(asdict(done), indent=2))
        return 0
    print(
        f"{line}: {done.events} events were missing of {done.executions} executions that Step Functions remembers; "
        f"{done.records} runs have their records"
    )
    return 0


def _site(environment: str, root: Path) -> RunningSite | Deployed:
    if environment != ENVIRONMENT:
        return deployed(environment)
    site = find(root)
    if site is None:
        raise LineError(
            "no `line up` is running, and the ledger lives in it: start `line up` and run the line in it, or name "
            "the --environment that is deployed on AWS"
        )
    return site


def _table(moments: Sequence[Moment]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("at", "run", "what", "why"):
        table.add_column(column, overflow="fold")
    run = ""
    for moment in moments:
        style = next((colour for word, colour in _COLOURS.items() if word in moment.what.split()), "")
        cells = [moment.at[:19].replace("T", " "), moment.run if moment.run != run else "", moment.what, moment.detail]
        at, name, what, why = map(_printable, cells)
        table.add_row(Text(at), Text(name), Text(what, style=style), Text(why))
        run = moment.run
    return table


def _printable(text: str) -> str:
    """Return a text that commands a terminal nothing, whoever wrote it."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
