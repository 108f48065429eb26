"""``line changes``: what a new cloud assembly does to what an old one deployed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from cli.ending import UsageError
from config.errors import LineError
from config.prices import load_prices
from runtime.changes.compared import compare, document
from runtime.changes.cost import cost
from runtime.changes.markdown import markdown
from runtime.changes.outcome import outcome
from runtime.changes.replacement import CreateOnly, pointer
from runtime.changes.templates import read_regions, read_templates

_REGION = "us-east-1"
"""Whose schemas are read: what a property allows is the same everywhere, and this region knows every type."""


def show_changes(
    before: Path, after: Path, *, as_json: bool, title: str = "What changes", runs: Sequence[Path] = ()
) -> int:
    """Print the comparison on stdout; raises LineError for a folder that is no assembly."""
    old, new = read_templates(before), read_templates(after)
    compared = compare(old, new, create_only)
    results = [_run(path) for path in runs]
    if as_json:
        json.dump({**document(compared), "runs": results}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        regions = {**read_regions(before), **read_regions(after)}
        paid = cost(old, new, prices=load_prices(), regions=regions)
        sys.stdout.write(markdown(compared, title=title, more=[paid, *(outcome(run) for run in results)]))
    return 0


@lru_cache
def create_only(kind: str) -> CreateOnly | None:
    """Return what CloudFormation's schema of a type says cannot be changed in place; None for an unknown type."""
    from cfnlint.schema import ResourceNotFoundError  # type: ignore[import-untyped]
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, kind).schema
    except ResourceNotFoundError:
        return None
    return CreateOnly(
        always=tuple(map(pointer, schema.get("createOnlyProperties") or ())),
        sometimes=tuple(map(pointer, schema.get("conditionalCreateOnlyProperties") or ())),
    )


def _run(path: Path) -> Any:
    if not path.is_file():
        raise UsageError(f"--run: there is no file {path}: give what `line run LINE --json` wrote")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise LineError(f"{path}: it is not JSON ({error}): give what `line run LINE --json` wrote") from None
