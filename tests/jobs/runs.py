"""Runs a job's ``main`` in this process, with the arguments and the environment that the state machine gives it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from tests.runtime.modelled import World


def job(monkeypatch: pytest.MonkeyPatch, line: World, main: Callable[[], int], **extra: str) -> int:
    """Return the job's exit code; ``extra`` are the arguments that only this job gets."""
    key = f"bundles/{line.paths.line}.json"
    line.s3.put_object(Bucket=line.paths.lake, Key=key, Body=line.bundle.model_dump_json().encode())
    given = {
        "line": line.paths.line,
        "run": line.paths.run,
        "environment": "local",
        "region": "us-east-1",
        "lake-bucket": line.paths.lake,
        "raw-bucket": "raw",
        "models-bucket": line.models,
        "database": line.paths.line,
        "bundle": f"s3://{line.paths.lake}/{key}",
        "parameters": json.dumps({}),
        **{name.replace("_", "-"): value for name, value in extra.items()},
    }
    monkeypatch.setattr(sys, "argv", ["job", *[word for name, value in given.items() for word in (f"--{name}", value)]])
    monkeypatch.setenv("AWS_ENDPOINT_URL", line.aws.endpoint)
    return main()
