"""An inspection report as one HTML page: no script, nothing from elsewhere, light or dark as the reader has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from runtime.findings import percent
from runtime.history import Entry

_ORDER = {"error": 0, "warning": 1, "info": 2}
_STYLE = """
:root{color-scheme:light dark;--line:#8884;--dim:#777;--error:#c62828;--warning:#b26a00;--info:#0277bd;--good:#2e7d32}
@media(prefers-color-scheme:dark){:root{--dim:#aaa;--error:#ff8a80;--warning:#ffcc80;--info:#81d4fa;--good:#a5d6a7}}
body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}.dim{color:var(--dim)}
table{border-collapse:collapse;width:100%}.wide{overflow-x:auto}
td,th{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums}
.error{color:var(--error)}.warning{color:var(--warning)}.info{color:var(--info)}.good{color:var(--good)}
code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}details{margin:.3rem 0}summary{cursor:pointer}
svg{vertical-align:middle}polyline{fill:none;stroke:currentColor;stroke-width:1.5}circle{fill:currentColor}
"""


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
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


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
    return "<h2>Tables</h2>" + _table(("table", "rows", "quarantined", "rows, last reports"), rows)


def _failure(result: Mapping[str, Any], entries: Sequence[Entry]) -> str:
    severity = escape(result["severity"])
    since = f"{result['since']} ({result['since_at']})" if result["since"] else "this run"
    facts = [
        ("expected", escape(result["expected"])),
        ("observed", escape(result["observed"])),
        ("failed", f"{_number(result['failed_rows'])} of {_number(result['total_rows'])}"),
        ("since", escape(since)),
    ]
    facts += [("why it matters", escape(result["why"]))] if result["why"] else []
    facts += [("quarantined", _number(result["quarantined_rows"]))] if result["quarantined_rows"] else []
    facts += [("proposed", f"<code>{escape(result['proposal'])}</code>")] if result["proposal"] else []
    facts += [("share that failed", _share(result, entries))]
    lines = "".join(f"<tr><th>{name}</th><td>{text}</td></tr>" for name, text in facts)
    return (
        f'<h2><span class="{severity}">{severity}</span> {escape(result["test"])}</h2>'
        f'<div class="wide"><table>{lines}</table></div>{_sample(result["sample"])}'
    )


def _sample(sample: Sequence[Mapping[str, Any]]) -> str:
    if not sample:
        return ""
    names = list(sample[0])
    rows = [tuple(f"<code>{escape(str(row.get(name)))}</code>" for name in names) for row in sample]
    return f"<details open><summary>{len(rows)} of them</summary>{_table(tuple(map(escape, names)), rows)}</details>"


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
    return f"<h2>Tests that passed</h2>{_table(heads, rows)}" if rows else ""


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


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _number(value: Any) -> str:
    return f"{value:,}"
