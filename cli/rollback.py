"""``line rollback``: back to the version that was in production before."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from cli.progress import Progress
from cli.releasing import Desk, acting, desk, me, tell
from config.loading import ROOT
from runtime import promotion, rollback
from runtime.promotion import Champion


def roll_back(line: str, *, by: str | None, as_json: bool, root: Path = ROOT) -> int:
    """Start the rollback of what is in production now and follow it; returns the exit status."""
    at = desk(line, root)
    began = time.monotonic()
    with Progress() as progress, acting(at, me(by), "roll back"):
        current, champion = back(at, by=me(by), phase=progress.phase)
    seconds = time.monotonic() - began
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


def back(at: Desk, *, by: str, phase: Callable[[str], None]) -> tuple[Champion, Champion]:
    """Start the rollback of what is in production and follow it to its end; returns what was and what is there."""
    current, before = rollback.target(at.client("dynamodb"), at.ledger, at.line)
    phase(f"{at.line}: version {current.version} is being rolled back to version {before.champion.version}")
    given = {"action": "rollback", "line": at.line, "number": current.production, "by": by}
    at.follow(
        at.client("stepfunctions").start_execution(
            stateMachineArn=at.machine, name=_name(current.production), input=json.dumps(given)
        )["executionArn"]
    )
    return current, promotion.champion(at.client("dynamodb"), at.ledger, at.line) or current


def _name(number: int) -> str:
    return f"rollback-{number}-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
