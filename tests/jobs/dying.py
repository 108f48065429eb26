"""Jobs as processes that can be killed, started quickly: each is forked from one that has imported everything."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

_FORKING = get_context("forkserver")
_FORKING.set_forkserver_preload(
    ["tests.jobs.warmed", "jobs.curate", "jobs.publishing", "runtime.tables", "pyiceberg.io.pyarrow"]
)


def start(job: str, words: Sequence[str], environment: Mapping[str, str]) -> BaseProcess:
    """Start a job with the words of its command line; return the process."""
    process = _FORKING.Process(target=_main, args=(job, list(words), dict(environment)))
    process.start()
    return process


def _main(job: str, words: list[str], environment: dict[str, str]) -> None:
    os.environ.update(environment)
    sys.argv = [job, *words]
    with Path(os.devnull).open("w") as nothing:  # what it says is in its receipt
        sys.stderr = nothing
        sys.exit(importlib.import_module(f"jobs.{job}").main())
