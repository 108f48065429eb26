"""``line dqdl``: a line's tests as rulesets of AWS Glue Data Quality, one for each table."""

from __future__ import annotations

from pathlib import Path

from cli.ending import UsageError
from cli.running import check_line
from config.loading import ROOT, load_bundle
from config.parameters import resolve
from runtime import dqdl
from runtime.given import Given


def show_rulesets(line: str, *, table: str | None, root: Path = ROOT) -> int:
    """Print the rulesets; returns the exit status."""
    check_line(line, root)
    definition = load_bundle(line, root).definition
    if table is not None and not definition.tests.get(table):
        tested = ", ".join(name for name, checks in definition.tests.items() if checks) or "none"
        raise UsageError(f"table {table!r} of line {line!r} has no tests, expected one of {tested}")
    given = Given(parameters=resolve(definition.parameters, {}))
    for name, checks in definition.tests.items():
        if checks and table in (None, name):
            subject = f"lines/{line}/line.yaml: tests.{name}"
            print(f"# {line}_{name}\n{dqdl.ruleset(checks, subject=subject, given=given)}")
    return 0
