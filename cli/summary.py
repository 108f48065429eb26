"""What a person reads at the end of a run, in tables, on stdout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.document import Account, findings
from cli.progress import COLOURS, note_of
from cli.world import QUEUE

_FEATURES_SHOWN = 5
_WIDTH = 160  # where nobody looks at a screen, nothing needs to be cut
_SEVERITY_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


def show(account: Account, *, seconds: float, problems: Iterable[str] = (), console: Console | None = None) -> None:
    """Print the stations, what the tests found, the model, what was delivered, and what was seen afterwards."""
    out = console or Console(highlight=False)
    if not out.is_terminal:
        out.width = max(out.width, _WIDTH)
    status = Text(account.outcome.status, style=COLOURS.get(account.outcome.status, ""))
    out.print()
    out.print(
        Text.assemble(
            (account.execution.line, "bold"),
            f"  {account.execution.run}  ",
            status,
            f" in {account.outcome.seconds:.1f} s",
        )
    )
    tables = [_stations(account), _inspections(account), _proposals(account), _model(account)]
    if account.outcome.status == "succeeded":
        tables += [_delivered(account), _monitoring(account)]
    for table in tables:
        if table is not None and table.row_count:
            out.print(table)
    out.print(_grants(account.grants))
    for problem in problems:
        out.print(Text(f"not delivered: {problem}", style="yellow"))
    out.print(f"{seconds:.1f} s from synth to summary", style="dim")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMBERS else "left", overflow="fold")
    return table


_NUMBERS = ("seconds", "failed", "of", "predictions", "value", "psi")


def _stations(account: Account) -> Table:
    table = _table("Stations", "station", "status", "seconds", "note")
    for entry in account.outcome.stations:
        status = Text(entry.status, style=COLOURS.get(entry.status, ""))
        table.add_row(entry.station, status, f"{entry.seconds:.1f}", Text(note_of(entry)))
    return table


def _inspections(account: Account) -> Table:
    table = _table("Tests that did not pass", "severity", "station", "test", "failed", "of", "observed", "expected")
    for found in findings(account):
        severity = Text(found["severity"], style=_SEVERITY_COLOURS[found["severity"]])
        what = " ".join(str(found[part]) for part in ("table", "check", "column") if found.get(part))
        table.add_row(
            severity,
            found["station"],
            Text(what),
            _shown(found.get("failed_rows")),
            _shown(found.get("total_rows")),
            Text(_shown(found.get("observed"))),
            Text(_shown(found.get("expected"))),
        )
    return table


def _proposals(account: Account) -> Table:
    """What tests with severity info would have line.yaml say, so that it describes the data as they are."""
    table = _table("Proposed for line.yaml", "tests of", "instead")
    for found in findings(account):
        if found.get("proposal"):
            table.add_row(found["table"], Text(found["proposal"]))
    return table


def _model(account: Account) -> Table | None:
    """The metrics of what this run trained, beside its baselines and the champion."""
    receipt = account.receipts.get("training")
    if receipt is None or not receipt.outputs.get("metrics"):
        return None
    contestants: dict[str, Mapping[str, Any]] = {
        f"this run: {receipt.outputs.get('variant')}": receipt.outputs["metrics"]
    }
    champion = account.champion
    if champion is not None:
        own = champion.run == account.execution.run
        contestants[f"in service: version {champion.version}" + (" (this run's)" if own else "")] = champion.metrics
    contestants |= {f"baseline: {name}": metrics for name, metrics in receipt.outputs.get("baselines", {}).items()}
    names = [name for name, value in receipt.outputs["metrics"].items() if isinstance(value, int | float)]
    table = _table("Models on the held-out test rows", "model", *names)
    for who, metrics in contestants.items():
        table.add_row(who, *(_shown(metrics.get(name)) for name in names))
    return table


def _delivered(account: Account) -> Table:
    table = _table("Delivered", "channel", "predictions", "where")
    receipt = account.receipts.get("delivery")
    outputs = receipt.outputs if receipt is not None else {}
    table.add_row(
        "table",
        _shown(outputs.get("table")),
        f"{account.outputs.get('Database', '')}.{account.execution.line}_predictions",
    )
    for name, sent in outputs.get("channels", {}).items():
        table.add_row(_channel(name, sent["kind"]), _shown(sent["count"]), Text(_where(account, sent)))
    for consumer, count in account.world.queues.items():
        table.add_row(f"queue {consumer}", str(count), Text(account.outputs.get(f"{QUEUE}{consumer}", consumer)))
    answer = account.world.answer
    if answer is not None:
        said = answer.body.get("score", answer.body) if isinstance(answer.body, dict) else answer.body
        table.add_row("", "", Text(f"one POST answered {answer.status}: {_shown(said)}"))
    return table


def _channel(name: str, kind: str) -> str:
    return name if name == kind else f"{kind} {name}"


def _where(account: Account, sent: Mapping[str, Any]) -> str:
    """Where to find what a channel delivered."""
    match sent["kind"]:
        case "files":
            return str(sent["s3"])
        case "sql":
            return str(sent["table"])
        case "topic":
            return str(sent["topic"])
    return account.outputs.get("RestUrl", "")


def _monitoring(account: Account) -> Table:
    table = _table("Monitoring", "what", "value", "note")
    receipt = account.receipts.get("monitoring")
    drift: dict[str, float] = receipt.outputs.get("drift", {}) if receipt is not None else {}
    ranked = sorted(drift.items(), key=lambda item: item[1] or 0.0, reverse=True)
    for name, psi in ranked[:_FEATURES_SHOWN]:
        table.add_row(f"drift of {name}", _shown(psi), "population stability index")
    measured = account.world.performance
    if measured is not None:
        told = f"{measured.n} joined, {account.world.told} told"
        table.add_row("ground truth", str(measured.n), told)
        for name, value in measured.metrics.items():
            table.add_row(name, _shown(value), "from ground truth")
    states = list(account.world.alarms.values())
    if states:
        ringing = sorted(name for name, state in account.world.alarms.items() if state == "ALARM")
        table.add_row(
            "alarms",
            str(len(ringing)),
            Text(f"of {len(states)} in ALARM" + (f": {', '.join(ringing)}" if ringing else "")),
        )
    return table


def _grants(grants: Mapping[str, int]) -> Text:
    style = "red" if grants["denied"] else ""
    return Text.assemble(
        ("Grants  ", "bold"),
        f"{grants['allowed']} calls allowed, ",
        (f"{grants['denied']} denied", style),
        f", {grants['unused']} grants that nothing used",
        (f", {grants['unexplained']} of them without a reason: line grants", "red") if grants["unexplained"] else "",
    )


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
