"""What became of a run, as Markdown: the document of ``line run --json`` for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.errors import LineError
from runtime.changes.markdown import code, table


def outcome(run: Mapping[str, Any]) -> str:
    """Return stations, tests, the model and its metrics; raises LineError for another kind of document."""
    missing = [key for key in ("line", "status", "stations", "inspections", "model") if key not in run]
    if missing:
        raise LineError(f"the run's document has no {', '.join(missing)}: give what `line run LINE --json` printed")
    found = run["inspections"]
    tests = ", ".join(f"{found.get(kind, 0)} {kind}" for kind in ("error", "warning", "info"))
    parts = [
        f"### Line {code(run['line'])}: {run['status']} in {run.get('seconds', 0):.0f} s",
        f"Tests that did not pass: {tests}. {_model(run['model'])}",
        table(
            ("station", "status", "seconds", "message"),
            [
                (one["station"], one["status"], f"{one['seconds']:.1f}", one.get("message", ""))
                for one in run["stations"]
            ],
        ),
    ]
    if metrics := _metrics(run):
        parts.append(metrics)
    if denied := run.get("grants", {}).get("denied"):
        parts.append(f"**{denied} calls were denied: a role lacks a grant.**")
    return "\n\n".join(parts)


def _model(model: Mapping[str, Any]) -> str:
    if model.get("version") is not None:
        return f"Version {model['version']} is in service."
    if model.get("role") == "challenger":
        return "The challenger did not get into service."
    return "There is no model."


def _metrics(run: Mapping[str, Any]) -> str:
    """Return the model's metrics when it was trained, and those on the ground truth that came."""
    trained = run["model"].get("metrics") or {}
    measured = run.get("monitoring", {}).get("performance") or {}
    names = [name for name in dict.fromkeys([*trained, *measured]) if name != "n"]
    if not names:
        return ""
    rows = [(name, _figure(trained.get(name)), _figure(measured.get(name))) for name in names]
    return table(("metric", "on test rows", f"on {measured.get('n', 0)} labels"), rows)


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else ""
