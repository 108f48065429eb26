"""``line grants``: least privilege with its evidence, of the line that a running ``line up`` has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.ending import FAILED, tell
from cli.models import table
from cli.running import site_of
from cli.site import FOUNDATION, stack_of
from config.loading import ROOT

Json = dict[str, Any]


def show_grants(line: str, *, only_unused: bool, as_json: bool, root: Path = ROOT) -> int:
    """Print each grant with its use or its reason; returns 1 where one has neither, or where a call was denied."""
    found = site_of(line, "what was used is seen in it", root).each_grant()
    stacks = (FOUNDATION, stack_of(line))
    grants = [one for one in found["grants"] if one["stack"] in stacks]
    missing = [f"{role} may not {action} on {resource}" for role, action, resource in found["denials"]]
    unexplained = [f"{one['role']} {one['action']}" for one in grants if not one["used"] and not one["why"]]
    shown = [one for one in grants if not (only_unused and one["used"])]
    if as_json:
        print(json.dumps({"grants": shown, "missing": missing, "unexplained": unexplained}, indent=2))
    else:
        _print(shown)
        used = sum(1 for one in grants if one["used"])
        explained = len(grants) - used - len(unexplained)
        print(
            f"{len(grants)} grants: {used} used, {explained} unused with a reason, {len(unexplained)} without; "
            f"{len(missing)} missing"
        )
    if not missing and not unexplained:
        return 0
    tell(_what_to_do(missing, unexplained))
    return FAILED


def _print(grants: Sequence[Json]) -> None:
    rows = table("", ("role", "action", "used", "why it has it, unused"), right=["used"])
    role = ""
    for one in grants:
        reason = "" if one["used"] else one["why"] or "NO REASON"
        rows.add_row("" if one["role"] == role else one["role"], one["action"], str(one["used"] or ""), reason)
        role = one["role"]
    Console(highlight=False).print(rows)


def _what_to_do(missing: Sequence[str], unexplained: Sequence[str]) -> str:
    if missing:
        return f"{missing[0]}: grant it in the role's construct ({len(missing)} calls denied)"
    return (
        f"{unexplained[0]}: nothing used it and nothing says why it is granted: take it away, or give its reason in "
        f"local/grants.yaml ({len(unexplained)} grants)"
    )
