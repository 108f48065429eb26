"""``line env list``: the environments of an account, with what their stacks say of them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.env_account import account, found
from cli.models import table
from runtime.environments import Standing, written

_WIDTH = 160


def list_environments(*, as_json: bool) -> int:
    """Print the environments by name; returns the exit status."""
    with account() as clients:
        there = found(clients)
    now = dt.datetime.now(dt.UTC)
    if as_json:
        print(json.dumps({"environments": [told(one, now) for one in there]}, indent=2, ensure_ascii=False))
    elif not there:
        print("no environment stands here: `cdk deploy --all -c env=dev` or `-c branch=<ref>` makes one")
    else:
        show(there, now)
    return 0


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


def show(there: Sequence[Standing], now: dt.datetime, console: Console | None = None) -> None:
    """Print a table of them."""
    rows = table("", ("environment", "branch", "owner", "age", "expires", "stacks"))
    for one in there:
        late = one.expires is not None and one.expires <= now
        ends = "never" if one.expires is None else "expired" if late else f"in {_lasting(one.expires - now)}"
        states = ", ".join(sorted({stack.status for stack in one.stacks}))
        rows.add_row(
            one.name,
            one.ref,
            "" if one.protected else one.owner,
            _lasting(now - one.created),
            Text(ends, style="red" if late else ""),
            Text(f"{len(one.stacks)}: {states}", style="red" if "FAILED" in states or "ROLLBACK" in states else ""),
        )
    (console or Console(highlight=False, width=_WIDTH)).print(rows)


def _lasting(duration: dt.timedelta) -> str:
    """Return a duration for people.

    >>> _lasting(dt.timedelta(days=2, hours=3)), _lasting(dt.timedelta(minutes=90))
    ('2 d 3 h', '1 h 30 min')
    """
    minutes = int(duration.total_seconds() // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
