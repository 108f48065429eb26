"""The container's entry point: ``python -m jobs <job> ...``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

JOBS = ("dataset", "train", "evaluate", "score", "maintain", "serve")
USAGE = 64
"""Exit code of a command line that names no job."""


def main(argv: Sequence[str]) -> int:
    if not argv or argv[0] not in JOBS:
        given = f"job {argv[0]!r} is unknown" if argv else "no job is named"
        print(f"{given}, expected one of {', '.join(JOBS)}: python -m jobs <job> --name value ...", file=sys.stderr)
        return USAGE
    job = importlib.import_module(f"jobs.{argv[0]}")  # only this one: each start pays for its own imports alone
    code: int = job.main()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
