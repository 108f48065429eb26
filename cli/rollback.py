"""``line rollback``: back to the version that was in production before."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
from pathlib import Path

from cli.progress import Progress
from cli.releasing import desk, me, tell
from config.loading import ROOT
from runtime import promotion, rollback


def roll_back(line: str, *, by: str | None, as_json: bool, root: Path = ROOT) -> int:
    """Start the rollback of what is in production now and follow it; returns the exit status."""
    at = desk(line, root)
    current, before = rollback.target(at.client("dynamodb"), at.ledger, line)
    began = time.monotonic()
    with Progress() as progress:
        progress.phase(f"{line}: version {current.version} is being rolled back to version {before.champion.version}")
        given = {"action": "rollback", "line": line, "number": current.production, "by": me(by)}
        at.follow(
            at.client("stepfunctions").start_execution(
                stateMachineArn=at.machine, name=_name(current.production), input=json.dumps(given)
            )["executionArn"]
        )
    seconds = time.monotonic() - began
    champion = promotion.champion(at.client("dynamodb"), at.ledger, line) or current
    told = {
        "line": line,
        "from": current.version,
        "version": champion.version,
        "production": champion.production,
        "endpoint_config": champion.endpoint_config,
        "by": me(by),
        "seconds": round(seconds, 3),
    }
    tell(
        told,
        f"{line}: version {champion.version} is in production again in place of version {current.version}, "
        f"after {seconds:.1f} s",
        as_json=as_json,
    )
    return 0


def _name(number: int) -> str:
    return f"rollback-{number}-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
