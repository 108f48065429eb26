"""What SageMaker's contract for training containers asks of a job: to take arguments and tell its failure in files."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from jobs.main import Context
from runtime import unforeseen

Made = TypeVar("Made")

LONGEST_REASON = 1024
"""Characters of a failure file that SageMaker shows."""


def base() -> Path:
    """Return SageMaker's folder in a container; the variable moves it where there is no container."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def given() -> list[str]:
    """Return a training job's hyperparameters as words of a command line; nothing where SageMaker does not run it."""
    path = base() / "input" / "config" / "hyperparameters.json"
    if not path.is_file():
        return []
    told: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return [word for name, value in told.items() for word in (f"--{name.replace('_', '-')}", str(value))]


def telling(work: Callable[[Context], Made]) -> Callable[[Context], Made]:
    """Return the work that also tells SageMaker, which shows it as the job's FailureReason, why it failed."""

    def told(context: Context) -> Made:
        try:
            return work(context)
        except Exception as error:
            if (base() / "input").is_dir():
                with contextlib.suppress(OSError):  # the receipt says it, too
                    (base() / "output").mkdir(exist_ok=True)
                    (base() / "output" / "failure").write_text(
                        unforeseen.told(error)[:LONGEST_REASON], encoding="utf-8"
                    )
            raise

    return told
