"""Calls handlers as Lambda does: in a process of their own, which knows nothing but the function's environment."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent

_CALL = """
import importlib, json, sys
module, event = json.load(sys.stdin)
answer = importlib.import_module(module).handler(event, None)
print("ANSWER" + json.dumps(answer))
"""


@dataclass(frozen=True)
class Called:
    """What a handler answered, and what it left in its log."""

    answer: Any
    log: list[dict[str, Any]]
    error: str

    @property
    def metrics(self) -> dict[tuple[str, ...], dict[str, list[float]]]:
        """The values of each metric by its dimensions' values."""
        found: dict[tuple[str, ...], dict[str, list[float]]] = {}
        for line in self.log:
            for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
                assert directive["Namespace"] == "AssemblyLine"
                for names in directive["Dimensions"]:
                    values = {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}
                    found.setdefault(tuple(line[name] for name in names), {}).update(values)
        return found


def call(module: str, event: Any, environment: dict[str, str]) -> Called:
    """Import the handler in a new process, call it once, and return what came of it."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _CALL],
        input=json.dumps([module, event]),
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = done.stdout.splitlines()
    answers = [line.removeprefix("ANSWER") for line in lines if line.startswith("ANSWER")]
    log = [json.loads(line) for line in lines if line.startswith("{")]
    return Called(answer=json.loads(answers[-1]) if answers else None, log=log, error=done.stderr)
