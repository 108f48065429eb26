"""The serving container: SageMaker's contract (``GET /ping``, ``POST /invocations``) over one verified artefact."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path

from config.errors import LineError
from runtime import artefact
from runtime.serving.http import serve
from runtime.serving.service import Service

_GRACE = 20
"""Seconds that requests in flight get to finish after SIGTERM; SageMaker kills after 30."""


def main() -> int:
    try:
        model = artefact.read_folder(
            Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model")), os.environ.get("MANIFEST_SHA256")
        )
    except LineError as error:
        from jobs.main import MISTAKE  # brings boto3, which a server that starts has no use for

        print(f"serving: {error}", file=sys.stderr)
        return MISTAKE
    version = os.environ.get("MODEL_VERSION")
    service = Service(model, int(version) if version else None)
    gc.collect()
    gc.freeze()  # what was loaded stays: no collection looks at it again
    asyncio.run(serve(service.answer, _host(), int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")), _GRACE))
    return 0


def _host() -> str:
    """Every interface in a container, as its image says; only this machine where AWS is embedded in it."""
    if "AWS_ENDPOINT_URL" in os.environ:
        return "127.0.0.1"
    return os.environ.get("SERVE_HOST", "127.0.0.1")


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
