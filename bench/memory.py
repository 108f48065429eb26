"""A table four times as large as the memory that the engine is given is curated, inspected and joined all the same.

python bench/memory.py                    # 256 MB for the engine, a table of 1 GB
python bench/memory.py --memory 128
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.harness import Contestant, measure, show

STEPS = ("curate", "inspect", "join")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--memory", type=int, default=256, help="megabytes for the engine")
    parser.add_argument("--runs", type=int, default=1)
    given = parser.parse_args()
    sizes = {"a table that fits": given.memory // 4, "a table of four times the memory": 4 * given.memory}
    contestants = [
        Contestant(f"{step}: {size}", "ours/memory.py", [step, str(given.memory), str(megabytes)])
        for step in STEPS
        for size, megabytes in sizes.items()
    ]
    title = f"{given.memory} MB for the engine"
    first = contestants[0].name
    goals = ("goal: every step ends well; the peak grows with the engine's memory, not with the table",)
    show(title, measure(contestants, runs=given.runs), ours=first, limit=first, goals=goals)
    return 0


if __name__ == "__main__":
    sys.exit(main())
