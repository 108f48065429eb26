"""The serving container: SageMaker's contract (``GET /ping``, ``POST /invocations``) over one verified artefact."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from config.errors import LineError
from runtime import artefact, models
from runtime.artefact import Artefact
from runtime.delivery.records import carried
from runtime.instances import LARGEST_BODY, Reader, RefusedError

_GRACE = 20
"""Seconds that requests in flight get to finish after SIGTERM; SageMaker kills after 30."""
_AT_ONCE = 64 * 1024
"""Bytes of a body up to which predicting in place costs less than a thread, and holds up no ping."""


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
    uvicorn.run(
        application(model, int(version) if version else None),
        host=_host(),
        port=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")),
        log_level="warning",
        timeout_graceful_shutdown=_GRACE,
    )
    return 0


def _host() -> str:
    """Every interface in a container, as its image says; only this machine where AWS is embedded in it."""
    if "AWS_ENDPOINT_URL" in os.environ:
        return "127.0.0.1"
    return os.environ.get("SERVE_HOST", "127.0.0.1")


def application(model: Artefact, version: int | None) -> Starlette:
    """Return the ASGI application that serves one model."""
    reader = Reader(model.encoding)

    def predicted(body: bytes) -> dict[str, Any]:
        scores = models.scores(model.model, reader.frame(body), model.manifest.task).tolist()
        for i, score in enumerate(scores):
            if not carried(score):
                raise RefusedError(f"instances[{i}]: the model's answer is no finite number: ask about likelier values")
        return {"predictions": [{"score": score} for score in scores], "model_version": version}

    async def invocations(request: Request) -> Response:
        try:
            body = await _body(request)
            answer = predicted(body) if len(body) <= _AT_ONCE else await run_in_threadpool(predicted, body)
        except RefusedError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        except ClientDisconnect:
            return Response(status_code=400)
        return JSONResponse(answer)

    async def ping(_: Request) -> Response:
        return Response(status_code=200)

    return Starlette(
        routes=[Route("/ping", ping, methods=["GET"]), Route("/invocations", invocations, methods=["POST"])]
    )


async def _body(request: Request) -> bytes:
    """Return the body; raises RefusedError as soon as it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > LARGEST_BODY:
            raise RefusedError(f"the body is larger than {LARGEST_BODY} bytes: send fewer instances at once")
    return b"".join(parts)


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
