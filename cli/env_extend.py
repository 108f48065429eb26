"""``line env extend``: a branch's environment lives longer, without a deploy."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

from cli.env_account import account, named
from runtime.environments import extend, written


def extend_environment(which: str, *, days: int | None, as_json: bool) -> int:
    """Let an environment live some days from now; returns the exit status."""
    with account() as clients:
        before = named(clients, which)
        until = dt.datetime.now(dt.UTC) + dt.timedelta(days=days if days is not None else before.ttl_days)
        extend(clients("ssm"), before.name, until)
    after = dataclasses.replace(before, extended=until).expires
    assert after is not None  # noqa: S101 (a branch's expires)
    if as_json:
        print(json.dumps({"name": before.name, "ref": before.ref, "expires": written(after)}))
    else:
        kept = "" if after == until else ", by its last deploy alone"
        print(f"{before.name} lives until {written(after)}{kept}")
    return 0
