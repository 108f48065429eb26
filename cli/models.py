"""``line models``: the versions in a line's registry, and with ``--attempts`` every training that was tried."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.running import site_of
from config.loading import ROOT, load_bundle
from runtime import ledger
from runtime.attempts import Attempt, attempts
from runtime.versions import Version, versions

_COLOURS = {
    "production": "bold green",
    "approved": "cyan",
    "pending": "yellow",
    "rejected": "red",
    "rolled back": "red",
    "succeeded": "green",
    "running": "cyan",
    "failed": "red",
    "lost": "red",
}
_WIDTH = 160


@dataclass(frozen=True)
class Known:
    """What the running ``line up`` knows of a line's models."""

    versions: list[Version]
    attempts: list[Attempt]


def show_models(line: str, *, tried: bool, as_json: bool, root: Path = ROOT) -> int:
    """Print the versions, or the versions and attempts, of a line; returns the exit status."""
    found = known(line, root)
    if as_json:
        told: dict[str, Any] = {"line": line, "versions": [asdict(version) for version in found.versions]}
        if tried:
            told["attempts"] = [asdict(attempt) for attempt in found.attempts]
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    metric = load_bundle(line, root).definition.metric
    out = console()
    if not found.versions:
        out.print(f"line {line} has no version yet: `line run {line}` trains and releases one")
    else:
        out.print(_versions(found.versions, metric))
    if tried:
        out.print(_attempts(found.attempts, metric))
        for attempt in found.attempts:
            if attempt.message:
                out.print(Text(f"{attempt.run}/{attempt.variant}: {attempt.message}", style="red"))
    return 0


def known(line: str, root: Path = ROOT) -> Known:
    """Return what a running ``line up`` knows of a line's models; raises LineError when none runs."""
    site = site_of(line, "models live in it", root)
    outputs, dynamodb = site.outputs(line), site.client("dynamodb")
    return read(site.client("sagemaker"), dynamodb, outputs, line)


def read(sagemaker: Any, dynamodb: Any, outputs: Mapping[str, str], line: str) -> Known:
    """Return the versions and the attempts; one that runs in a run that has ended was lost."""
    table = outputs["LedgerTable"]
    tried = list(attempts(dynamodb, table, line))
    records = {run: ledger.record_of(dynamodb, table, line, run) for run in {one.run for one in tried if is_open(one)}}
    ended = {run for run, record in records.items() if record is not None and record.status != "running"}
    return Known(
        versions=versions(sagemaker, dynamodb, group=outputs["ModelPackageGroup"], table=table, line=line),
        attempts=[replace(one, status="lost") if is_open(one) and one.run in ended else one for one in tried],
    )


def is_open(attempt: Attempt) -> bool:
    """Whether an attempt has not told of its end."""
    return attempt.status == "running"


def console() -> Console:
    """Return where tables are printed: as wide as they need to be where no terminal says how wide it is."""
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = max(out.width, _WIDTH)
    return out


def table(title: str, columns: Sequence[str], *, right: Sequence[str] = ()) -> Table:
    """Return an empty table as commands show them."""
    made = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def figure(value: float | None) -> str:
    """Return a metric as people read it.

    >>> figure(0.123456), figure(None)
    ('0.1235', '')
    """
    return "" if value is None else f"{value:.4g}"


def _versions(found: Sequence[Version], metric: str) -> Table:
    columns = ("version", "status", "run", "variant", f"{metric} (validation)", f"{metric} (test)", "registered")
    made = table("Versions", columns, right=("version", *columns[4:6]))
    for one in found:
        made.add_row(
            str(one.version),
            Text(one.status, style=_COLOURS.get(one.status, "")),
            one.run,
            one.variant,
            figure(one.metrics.get(metric)),
            figure(one.test.get(metric)),
            one.created[:19],
        )
    return made


def _attempts(found: Sequence[Attempt], metric: str) -> Table:
    columns = ("run", "variant", "status", "try", f"{metric} (validation)", f"{metric} (test)", "seconds", "started")
    made = table("Attempts", columns, right=("try", *columns[4:7]))
    for one in found:
        made.add_row(
            one.run,
            one.variant if one.kind == "variant" else f"{one.variant} ({one.kind})",
            Text(one.status, style=_COLOURS.get(one.status, "")),
            str(one.attempt),
            figure(one.metrics.get(metric)),
            figure(one.test.get(metric)),
            f"{one.seconds:.1f}" if one.finished else "",
            one.started[:19],
        )
    return made
