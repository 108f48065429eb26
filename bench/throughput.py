"""Throughput beside a peer: the value journey of a hundred thousand runs of seven stations, from their records' JSON.

    python bench/throughput.py                 # 100,000 runs and 10,000, three times
    python bench/throughput.py --runs 20000

The records are read from a file, a line each, as the ledger's index gives them one by one. The limit is reading the
lines; pandas does less: no work in progress, no bottleneck, no what-if. Ours carries data of runs that halted on to
their delivery, so its lead times are longer.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.harness import Contestant, data_folder, measure, show
from bench.ours.throughput import make

OURS, LIMIT = "ours", "limit: reading the lines"
GOALS = ("goals: ours at most 2 s and 400 MB for 100,000 runs; memory grows by at most 2 kB a run",)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=100_000, help="runs in the ledger")
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    few = given.runs // 10

    def file(runs: int) -> str:
        return str(data_folder(f"throughput-{runs}", lambda folder: make(folder / "records", runs)) / "records")

    contestants = [
        Contestant(LIMIT, "ours/lines.py", [file(given.runs)]),
        Contestant(OURS, "ours/throughput.py", [file(given.runs)]),
        Contestant(f"ours, {few:,} runs", "ours/throughput.py", [file(few)]),
        Contestant("pandas, without bottleneck", "peers/throughput_pandas.py", [file(given.runs)]),
    ]
    measured = measure(contestants, runs=given.times)
    title = f"Value journey of {given.runs:,} runs"
    peak = {one.name: one.peak_mb for one in measured}
    grown = (peak[OURS] - peak[f"ours, {few:,} runs"]) * 1024 / (given.runs - few)
    goals = (*GOALS, f"memory: {grown:.2f} kB a run")
    show(title, measured, ours=OURS, limit=LIMIT, goals=goals)
    return 0


if __name__ == "__main__":
    sys.exit(main())
