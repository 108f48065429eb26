"""100,000 events through delivery and monitoring: published, kept for look-up, joined with labels, captured, sketched.

    python bench/messages.py
    python bench/messages.py --events 20000 --runs 1

The limit reads each event's JSON and writes it again. The stores are in memory, so what is timed is what our code
computes, and what it holds at most.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from bench.harness import Contestant, measure, show

LIMIT, OURS = "limit: JSON read and written", "ours: all of it"
STEPS = ("publish", "look-up", "labels", "capture", "sketch")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    contestants = [
        Contestant(LIMIT, "ours/messages.py", ("limit", str(given.events))),
        *(Contestant(f"ours: {step}", "ours/messages.py", (step, str(given.events))) for step in STEPS),
        Contestant(OURS, "ours/messages.py", ("all", str(given.events))),
    ]
    show(f"{given.events:,} events", measure(contestants, runs=given.runs), ours=OURS, limit=LIMIT)


if __name__ == "__main__":
    main()
