"""Every benchmark, or some: ``python -m bench``, ``python -m bench inspections asof``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

TOPICS = {
    "run": "line_run.py",
    "inspections": "inspections.py",
    "asof": "asof.py",
    "curation": "curation.py",
    "drift": "drift.py",
    "memory": "memory.py",
    "serving": "serving.py",
    "handlers": "handlers.py",
    "throughput": "throughput.py",
    "messages": "messages.py",
    "synth": "synth.py",
    "console": "pages.py",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=", ".join(TOPICS))
    chosen = parser.parse_args().topics or list(TOPICS)
    scripts = [str(Path(__file__).parent / TOPICS[name]) for name in chosen]
    return max(subprocess.run([sys.executable, script], check=False).returncode for script in scripts)


if __name__ == "__main__":
    sys.exit(main())
