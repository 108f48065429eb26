"""The monitoring report: one HTML page, offline, that shows how a line's predictions fared, window after window.

Every value in it is escaped: names of columns, values of slices and texts come from a line's data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from runtime.incidents import Incident
from runtime.monitoring import pictures
from runtime.monitoring.history import Event
from runtime.monitoring.pictures import Verdict, moment
from runtime.page import facts, page, table
from runtime.timeline import Axis, Mark


@dataclass(frozen=True)
class Report:
    """What the page tells; ``performance_bars`` are the metric's (lowest, highest), None where there is none."""

    line: str
    environment: str
    question: str
    start: dt.datetime
    end: dt.datetime
    verdicts: Sequence[Verdict]
    incidents: Sequence[Incident]
    events: Sequence[Event]
    performance_bars: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)


def rendered(report: Report) -> str:
    """Return the page."""
    title = f"{report.line} · monitoring"
    stretch = f"{report.start:%Y-%m-%d %H:%M} to {report.end:%Y-%m-%d %H:%M} UTC"
    head = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="dim">{escape(report.environment)} · {stretch}</p>',
        f"<p><b>{escape(report.question)}</b></p>",
    ]
    if not report.verdicts:
        return page(title, [*head, _nothing(report), _alarms(report), _events(report)])
    verdicts = sorted(report.verdicts, key=lambda verdict: str(verdict["start"]))
    axis = Axis(report.start, report.end, marks(report))
    drawn = pictures.Drawn(axis=axis, verdicts=verdicts, intervals=intervals(report.incidents, report.end))
    return page(
        title,
        [
            *head,
            _summary(report, verdicts),
            _alarms(report),
            f"<h2>Drift</h2>{pictures.drift(drawn)}",
            f"<h2>Performance</h2>{pictures.performance(drawn, report.performance_bars)}",
            f"<h2>Calibration</h2>{pictures.calibration(verdicts)}",
            f"<h2>Data quality</h2>{pictures.quality(drawn)}",
            f"<h2>Volume and labels</h2>{pictures.volumes(drawn)}",
            f"<h2>Latency</h2>{pictures.latency(drawn)}",
            f"<h2>Slices</h2>{pictures.slices(verdicts)}",
            _events(report),
        ],
    )


def intervals(
    incidents: Sequence[Incident], until: dt.datetime
) -> dict[str, list[tuple[dt.datetime, dt.datetime, Incident]]]:
    """Return each monitor's alarms from the window that first moved to the one that ended it, or on until now."""
    found: dict[str, list[tuple[dt.datetime, dt.datetime, Incident]]] = {}
    for alarm, ended in paired(incidents):
        end = moment(ended.window) if ended else until
        found.setdefault(alarm.monitor, []).append((moment(alarm.since or alarm.window), end, alarm))
    return found


def paired(incidents: Sequence[Incident]) -> list[tuple[Incident, Incident | None]]:
    """Return each alarm with what ended it, in the order of windows."""
    found: list[tuple[Incident, Incident | None]] = []
    going: dict[str, int] = {}
    for incident in sorted(incidents, key=lambda one: (one.window, one.state)):
        if incident.state == "alarm":
            going[incident.monitor] = len(found)
            found.append((incident, None))
        elif incident.monitor in going:
            place = going.pop(incident.monitor)
            found[place] = (found[place][0], incident)
    return found


def _nothing(report: Report) -> str:
    name = escape(report.line)
    return (
        '<h2>No window was judged</h2><p class="warning">Nothing is known of this stretch of time.</p>'
        "<p>A window is judged once predictions of it were captured and its time is over: ask for predictions over "
        f"REST, or let <code>line replay {name} --from … --to …</code> stream past days through the line. "
        "A run's own batch of predictions is judged in its monitoring station.</p>"
    )


def _summary(report: Report, verdicts: Sequence[Verdict]) -> str:
    alarms = [incident for incident in report.incidents if incident.state == "alarm"]
    rows, labels = (sum(int(verdict.get(name) or 0) for verdict in verdicts) for name in ("rows", "labels"))
    states = verdicts[-1].get("monitors") or {}
    now = " · ".join(
        f'{escape(str(name))} <span class="{"error" if state == "alarm" else "good"}">{escape(str(state))}</span>'
        for name, state in states.items()
    )
    share = f"{labels / rows:.0%}" if rows else "none"
    return facts(
        [
            ("windows", f"{len(verdicts):,}"),
            ("predictions", f"{rows:,}"),
            ("labels", f"{labels:,} ({share})"),
            ("alarms", f"{len(alarms):,}"),
            ("retrainings", f"{sum(event.kind == 'retraining' for event in report.events):,}"),
            ("at the end", now or "nothing judged"),
        ]
    )


def _alarms(report: Report) -> str:
    rows = []
    for alarm, ended in paired(report.incidents):
        until = escape(ended.window) if ended else '<span class="error">goes on</span>'
        rows.append(
            (
                f'<span class="error">{escape(alarm.monitor)}</span>',
                escape(alarm.window),
                f"<b>{escape(alarm.moved)}</b>" + (f" in {escape(alarm.slice)}" if alarm.slice else ""),
                escape(alarm.since),
                until,
                escape(alarm.says),
                " · ".join(filter(None, (_link(alarm.link, "look"), _link(alarm.runbook, "runbook")))),
            )
        )
    if not rows:
        return "<h2>Alarms</h2><p>None.</p>"
    return f"<h2>Alarms</h2>{table(('monitor', 'window', 'what moved', 'since', 'until', 'says', 'more'), rows)}"


def _link(target: str, text: str) -> str:
    """Return a link to a web page or a page of the manual; anything else is shown as what it is."""
    if not target:
        return ""
    if target.startswith(("https://", "http://", "docs/")):
        return f'<a rel="noreferrer" href="{escape(target)}">{escape(text)}</a>'
    return f"<code>{escape(target)}</code>"


def marks(report: Report) -> list[Mark]:
    """Return what lies on the axis of time: versions and retrainings."""
    return [
        Mark(event.at, "v" + event.name if event.kind == "version" else "↻", f"{event.kind} {event.name}: {event.why}")
        for event in report.events
    ]


def _events(report: Report) -> str:
    rows = [
        (f"{event.at:%Y-%m-%d %H:%M}", escape(event.kind), escape(event.name), escape(event.why), escape(event.result))
        for event in sorted(report.events, key=lambda event: event.at)
    ]
    shown = table(("at", "what", "name", "why", "result"), rows) if rows else "<p>None.</p>"
    return f"<h2>Versions and retrainings</h2>{shown}"
