"""``line env list``: the environments of an account, with what their stacks say of them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.env_account import account, found
from cli.env_cost import predicted
from cli.models import table
from runtime.cost.estimate import Estimate
from runtime.environments import Standing, written

_WIDTH = 160
_COST = "USD a month, idle"


def list_environments(*, as_json: bool, cost: bool = False) -> int:
    """Print the environments by name, with ``cost`` what they cost by their templates; returns the exit status."""
    with account() as clients:
        there = found(clients)
        costs = {one.name: predicted(clients, one) for one in there} if cost else {}
    now = dt.datetime.now(dt.UTC)
    if as_json:
        each = [told(one, now) | _priced(costs.get(one.name)) for one in there]
        print(json.dumps({"environments": each}, indent=2, ensure_ascii=False))
    elif not there:
        print("no environment stands here: `cdk deploy --all -c env=dev` or `-c branch=<ref>` makes one")
    else:
        show(there, now, costs=costs)
    return 0


def _priced(estimate: Estimate | None) -> dict[str, float]:
    return {"idle_usd_per_month": round(estimate.idle_usd, 2)} if estimate else {}


def told(one: Standing, now: dt.datetime) -> dict[str, Any]:
    """Return an environment as JSON has it; moments are ISO 8601 in UTC, ages whole seconds."""
    return {
        "name": one.name,
        "ref": one.ref,
        "owner": "" if one.protected else one.owner,
        "protected": one.protected,
        "created": written(one.created),
        "deployed": written(one.deployed),
        "age_seconds": int((now - one.created).total_seconds()),
        "expires": written(one.expires) if one.expires else None,
        "expired": one.expires is not None and one.expires <= now,
        "stacks": {stack.name: stack.status for stack in one.stacks},
    }


def show(
    there: Sequence[Standing],
    now: dt.datetime,
    console: Console | None = None,
    costs: Mapping[str, Estimate] = MappingProxyType({}),
) -> None:
    """Print a table of them."""
    heads = ("environment", "branch", "owner", "age", "expires", "stacks", *([_COST] if costs else []))
    rows = table("", heads, right=(_COST,))
    for one in there:
        late = one.expires is not None and one.expires <= now
        ends = "never" if one.expires is None else "expired" if late else f"in {lasting(one.expires - now)}"
        states = ", ".join(sorted({stack.status for stack in one.stacks}))
        rows.add_row(
            one.name,
            one.ref,
            "" if one.protected else one.owner,
            lasting(now - one.created),
            Text(ends, style="red" if late else ""),
            Text(f"{len(one.stacks)}: {states}", style="red" if "FAILED" in states or "ROLLBACK" in states else ""),
            *([f"{costs[one.name].idle_usd:.2f}"] if costs else []),
        )
    (console or Console(highlight=False, width=_WIDTH)).print(rows)


def lasting(duration: dt.timedelta) -> str:
    """Return a duration for people.

    >>> lasting(dt.timedelta(days=2, hours=3)), lasting(dt.timedelta(minutes=90))
    ('2 d 3 h', '1 h 30 min')
    """
    minutes = int(duration.total_seconds() // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
