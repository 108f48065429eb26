"""What each contestant of a benchmark prints when it is done: one line of JSON with its seconds and its peak memory."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def reported(**figures: Any) -> Iterator[dict[str, Any]]:
    """Time the block and print seconds, peak resident MB (this process and its live children) and what the block adds.

    Imports and what is done before the block are not timed.
    """
    told: dict[str, Any] = dict(figures)
    began = time.perf_counter()
    yield told
    told["seconds"] = round(time.perf_counter() - began, 4)
    told["peak_mb"] = round(sum(_peak_kb(process) for process in ["self", *_children()]) / 1024)
    print(json.dumps(told, default=str), flush=True)


def _children() -> list[str]:
    found: list[str] = []
    waiting = [Path("/proc/self")]
    while waiting:
        for listing in (waiting.pop() / "task").glob("*/children"):
            for child in listing.read_text().split():
                found.append(child)
                waiting.append(Path("/proc") / child)
    return found


def _peak_kb(process: str) -> int:
    try:
        lines = (Path("/proc") / process / "status").read_text().splitlines()
    except OSError:  # it ended meanwhile
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
