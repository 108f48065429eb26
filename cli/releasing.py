"""What ``line approve`` and ``line rollback`` share: the running ``line up``, and a release followed to its end."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.running import site_of
from config.errors import LineError
from config.loading import ROOT
from runtime import causes, ledger

_SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True)
class Desk:
    """Where a person decides on a line's versions."""

    line: str
    outputs: Mapping[str, str]
    client: Callable[[str], Any]

    @property
    def ledger(self) -> str:
        return self.outputs["LedgerTable"]

    @property
    def machine(self) -> str:
        return self.outputs["ReleaseMachineArn"]

    def follow(self, execution: str) -> None:
        """Wait for a release's end; raises LineError with its cause when it failed."""
        states = self.client("stepfunctions")
        while (told := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        if told["status"] != "SUCCEEDED":
            raise LineError(_why(self.line, told))


@contextmanager
def acting(at: Desk, who: str, what: str) -> Iterator[None]:
    """Keep in the ledger who did what to the line, and how it ended."""
    outcome = "ended unexpectedly"
    try:
        yield
        outcome = "done"
    except LineError as error:
        outcome = f"failed: {error}"
        raise
    finally:
        ledger.act(at.client("dynamodb"), at.ledger, at.line, who=who, what=what, outcome=outcome)


_RUN_IT = "start one and run the line in it; docs/release.md tells how to do it on AWS"


def desk(line: str, root: Path = ROOT) -> Desk:
    """Return the desk of a line in the running ``line up``; raises LineError when none runs."""
    site = site_of(line, "only there does this machine have versions", root, mend=_RUN_IT)
    return Desk(line=line, outputs=site.outputs(line), client=site.client)


def me(by: str | None) -> str:
    """Return who decides: the name given, or that of this machine's user."""
    return by or getpass.getuser()


def tell(told: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print the result: a document, or one line."""
    print(json.dumps(told, indent=2) if as_json else text)


def _why(line: str, told: Mapping[str, Any]) -> str:
    cause = str(told.get("cause") or "")
    if told.get("error") == "NotReleased":
        return cause
    return causes.message(station="release", line=line, error={"Error": str(told.get("error") or ""), "Cause": cause})
