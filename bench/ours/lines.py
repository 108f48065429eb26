"""The limit of what reads records: their lines, without a look at what they hold."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from bench.peers.reporting import reported

if __name__ == "__main__":
    with reported() as told, Path(sys.argv[1]).open(encoding="utf-8") as lines:
        told["runs"] = sum(1 for _ in lines)
