"""``line check``: a line's quality gate in one command. An error stops it, a warning flags it, info proposes."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.ending import FAILED, keep_log, tell
from cli.models import table
from cli.running import check_line
from config.loading import ROOT
from config.reading import shown
from config.thresholds import Severity
from local.processes import Finished, Processes

_DEADLINE_SECONDS = 1800
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
_COLOURS = {"passed": "green", "error": "red", "warning": "yellow", "info": "cyan", "not run": "dim"}
_LINT = re.compile(r".+?:(?:cell \d+:)?\d+:\d+: .+")
_LAID_OUT = re.compile(r"(.+?):(?:cell \d+:)?\d+:\d+: unformatted: .+")
_FAILED_TEST = re.compile(r"(?:FAILED|ERROR) (.+)")
_NO_TESTS = 5
"""pytest's exit status when it found none."""


@dataclass(frozen=True)
class Finding:
    """One thing that a check found."""

    severity: Severity
    message: str


@dataclass(frozen=True)
class Checked:
    """One check: what it found, how long it took, and in a few words what it looked at."""

    check: str
    findings: Sequence[Finding] = ()
    seconds: float = 0.0
    told: str = ""
    ran: bool = True
    figures: dict[str, Any] = field(default_factory=dict)
    """What it measured, where it does."""

    @property
    def outcome(self) -> str:
        """``passed``, the worst severity of what was found, or ``not run``."""
        if not self.ran:
            return "not run"
        found = {finding.severity for finding in self.findings}
        return next((severity for severity in _SEVERITIES if severity in found), "passed")


Check = Callable[[], Checked]


def check_a_line(line: str, *, scale: bool, as_json: bool, root: Path = ROOT) -> int:
    """Run the line's checks in their order and show what they found; returns the exit status."""
    check_line(line, root)
    with closing(Processes()) as processes:
        checks: dict[str, Check] = {
            "validate": lambda: _validated(line, root),
            "lint": lambda: _linted(processes, line, root),
            "format": lambda: _formatted(processes, line, root),
            "tests": lambda: _tested(processes, line, root),
        }
        if scale:
            from cli.scale import checked

            checks["scale"] = lambda: checked(processes, line, root)
        found = list(_until_an_error(checks))
    if as_json:
        print(json.dumps(document(line, found), indent=2, ensure_ascii=False))
    else:
        show(line, found)
    return FAILED if any(one.outcome == "error" for one in found) else 0


def document(line: str, found: Sequence[Checked]) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    outcomes = {one.outcome for one in found}
    return {
        "line": line,
        "status": "failed" if "error" in outcomes else "flagged" if "warning" in outcomes else "passed",
        "checks": [
            {
                "check": one.check,
                "outcome": one.outcome,
                "seconds": round(one.seconds, 3),
                "told": one.told,
                "findings": [{"severity": each.severity, "message": each.message} for each in one.findings],
                **one.figures,
            }
            for one in found
        ],
    }


def show(line: str, found: Sequence[Checked]) -> None:
    """Print a table of the checks, and on stderr what they found."""
    made = table(f"{line}", ("check", "outcome", "seconds", "note"), right=("seconds",))
    for one in found:
        seconds = f"{one.seconds:.1f}" if one.ran else ""
        made.add_row(one.check, Text(one.outcome, style=_COLOURS[one.outcome]), seconds, Text(one.told))
    Console(highlight=False).print(made)
    for one in found:
        for finding in one.findings:
            tell(finding.message, kind=f"{finding.severity}: ")


def _until_an_error(checks: dict[str, Check]) -> Iterator[Checked]:
    """Yield each check's outcome; an error stops those after it."""
    stopped = ""
    for name, check in checks.items():
        if stopped:
            yield Checked(name, ran=False, told=f"{stopped} found an error")
            continue
        began = time.monotonic()
        one = check()
        yield Checked(name, one.findings, time.monotonic() - began, one.told, figures=one.figures)
        stopped = name if one.outcome == "error" else ""


def _validated(line: str, root: Path) -> Checked:
    from cli.validate import line_mistakes

    mistakes = line_mistakes(line, root)
    return Checked("validate", [Finding("error", mistake) for mistake in mistakes], told="line.yaml, SQL, Python")


def _linted(processes: Processes, line: str, root: Path) -> Checked:
    ended = _run(processes, "ruff", ["check", "--output-format", "concise", f"lines/{line}"], root)
    said = [text for text in ended.lines if _LINT.fullmatch(text)] or _last(ended, "ruff")
    return Checked("lint", [Finding("error", text) for text in said if ended.exit_code], told="ruff check")


def _formatted(processes: Processes, line: str, root: Path) -> Checked:
    ended = _run(processes, "ruff", ["format", "--check", "--output-format", "concise", f"lines/{line}"], root)
    files = sorted({match[1] for text in ended.lines if (match := _LAID_OUT.fullmatch(text))})
    if ended.exit_code and not files:
        return Checked("format", [Finding("error", text) for text in _last(ended, "ruff")], told="ruff format")
    proposed = f"{', '.join(files)} would be laid out otherwise: `ruff format lines/{line}` does it"
    return Checked("format", [Finding("info", proposed)] if files else [], told="ruff format")


def _tested(processes: Processes, line: str, root: Path) -> Checked:
    options = ["-q", "-rfE", "--tb=short", "--color=no", "-p", "no:cacheprovider"]
    ended = _run(processes, "pytest", [*options, f"lines/{line}"], root)
    told = next((text.strip("= ") for text in reversed(ended.lines) if text.strip()), "")
    if ended.exit_code == _NO_TESTS:
        why = f"lines/{line} has no tests: add tests/test_{line}.py, e.g. of what its SQL may not know"
        return Checked("tests", [Finding("warning", why)], told=told)
    if not ended.exit_code and not ended.timed_out:
        return Checked("tests", told=told)
    log = shown(keep_log("tests", "\n".join(ended.lines), root), root)
    failed = [match[1] for text in ended.lines if (match := _FAILED_TEST.fullmatch(text))]
    return Checked(
        "tests",
        [Finding("error", f"{text} (all they said: {log})") for text in failed or _last(ended, "pytest")],
        told=told,
    )


def _run(processes: Processes, module: str, arguments: Sequence[str], root: Path) -> Finished:
    """Run a tool over the line; one that is missing or takes too long has failed and says so."""
    if find_spec(module) is None:
        return Finished(exit_code=1, timed_out=False, lines=[f"{module} is not installed: `make setup` installs it"])
    ended = processes.run(
        [sys.executable, "-m", module, *arguments],
        environment={**os.environ, "NO_COLOR": "1"},
        directory=root,
        timeout=_DEADLINE_SECONDS,
    )
    if ended.timed_out:
        return Finished(1, timed_out=True, lines=[*ended.lines, f"it did not end within {_DEADLINE_SECONDS} s"])
    return ended


def _last(ended: Finished, tool: str) -> list[str]:
    """Return the last thing that a tool said, for want of better."""
    said = next((text.strip() for text in reversed(ended.lines) if text.strip()), "it said nothing")
    return [said if said.startswith(tool) else f"{tool}: {said}"]
