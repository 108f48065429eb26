"""An inspection report as one HTML page: no script, nothing from elsewhere, light or dark as the reader has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from runtime.findings import percent
from runtime.history import Entry
from runtime.page import facts, page, table

_ORDER = {"error": 0, "warning": 1, "info": 2}


def rendered(report: Mapping[str, Any], entries: Sequence[Entry]) -> str:
    """Return the page; ``entries`` are the history, this report's own the last. Every value is escaped."""
    results = sorted(report["results"], key=lambda result: (result["passed"], _ORDER.get(result["severity"], 3)))
    failed = sum(not result["passed"] for result in results)
    title = f"{report['line']} · {report['station']}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="dim">run {escape(report["run"])} · {escape(report["at"])} · <b>{escape(report["status"])}</b> · '
        f"{len(results)} tests, {failed} failed · {len(entries)} reports kept</p>",
        _tables(report, entries),
        *(_failure(result, entries) for result in results if not result["passed"]),
        _passed([result for result in results if result["passed"]], entries),
    ]
    return page(title, body)


def _tables(report: Mapping[str, Any], entries: Sequence[Entry]) -> str:
    rows = [
        (
            escape(table),
            _number(count),
            _number(report["quarantined"].get(table, 0)),
            _spark([entry.rows.get(table) for entry in entries], f"rows of {table}"),
        )
        for table, count in report["rows"].items()
    ]
    return "<h2>Tables</h2>" + table(("table", "rows", "quarantined", "rows, last reports"), rows)


def _failure(result: Mapping[str, Any], entries: Sequence[Entry]) -> str:
    severity = escape(result["severity"])
    since = f"{result['since']} ({result['since_at']})" if result["since"] else "this run"
    told = [
        ("expected", escape(result["expected"])),
        ("observed", escape(result["observed"])),
        ("failed", f"{_number(result['failed_rows'])} of {_number(result['total_rows'])}"),
        ("since", escape(since)),
    ]
    told += [("why it matters", escape(result["why"]))] if result["why"] else []
    told += [("quarantined", _number(result["quarantined_rows"]))] if result["quarantined_rows"] else []
    told += [("proposed", f"<code>{escape(result['proposal'])}</code>")] if result["proposal"] else []
    told += [("share that failed", _share(result, entries))]
    return (
        f'<h2><span class="{severity}">{severity}</span> {escape(result["test"])}</h2>'
        f"{facts(told)}{_sample(result['sample'])}"
    )


def _sample(sample: Sequence[Mapping[str, Any]]) -> str:
    if not sample:
        return ""
    names = list(sample[0])
    rows = [tuple(f"<code>{escape(str(row.get(name)))}</code>" for name in names) for row in sample]
    return f"<details open><summary>{len(rows)} of them</summary>{table(tuple(map(escape, names)), rows)}</details>"


def _passed(results: Sequence[Mapping[str, Any]], entries: Sequence[Entry]) -> str:
    rows = [
        (
            f'<span class="good">passed</span> <span class="dim">{escape(result["severity"])}</span>',
            escape(result["test"]),
            escape(result["expected"]),
            escape(result["observed"]),
            _share(result, entries),
        )
        for result in results
    ]
    heads = ("", "test", "expected", "observed", "share that failed")
    return f"<h2>Tests that passed</h2>{table(heads, rows)}" if rows else ""


def _share(result: Mapping[str, Any], entries: Sequence[Entry]) -> str:
    found = [entry.tests.get(result["test"]) for entry in entries]
    shares = [one["failed"] / one["of"] if one and one["of"] else None for one in found]
    last = f" {percent(shares[-1])}" if shares and shares[-1] is not None else ""
    return _spark(shares, "share of failed rows") + last


def _spark(values: Sequence[float | None], label: str) -> str:
    """Return a small line of the last thirty values; a report without one leaves a gap in time, not in the line."""
    known = [(i, float(value)) for i, value in enumerate(values[-30:]) if value is not None]
    if not known:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    last, span = max(known[-1][0], 1), (high - low) or 1.0
    points = [(2 + 116 * i / last, 22 - 20 * (value - low) / span) for i, value in known]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg width="120" height="24" role="img" aria-label="{escape(label)}"><polyline points="{line}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/></svg>'
    )


def _number(value: Any) -> str:
    return f"{value:,}"
