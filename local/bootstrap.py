"""The process in which a Lambda function runs: a client of the Lambda Runtime API in pure Python.

Started as a script with the function's environment; it imports the handler from the unzipped asset alone, then takes
one event after another. It imports nothing of the project.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib
import json
import os
import sys
import time
import traceback
from typing import Any

END_OF_LOG = "\x1eend "
"""Printed after each invocation, so that the server knows that it has read every line of it."""


class Runtime:
    """The connection to the Runtime API, kept open."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address)

    def next(self) -> tuple[dict[str, str], bytes]:
        """Wait for an event and return its headers and body."""
        return self._request("GET", "/invocation/next")

    def answer(self, request: str, body: bytes) -> None:
        self._request("POST", f"/invocation/{request}/response", body)

    def fail(self, request: str, error: dict[str, Any]) -> None:
        self._request("POST", f"/invocation/{request}/error", json.dumps(error).encode())

    def fail_to_start(self, error: dict[str, Any]) -> None:
        self._request("POST", "/init/error", json.dumps(error).encode())

    def _request(self, verb: str, path: str, body: bytes | None = None) -> tuple[dict[str, str], bytes]:
        self._connection.request(verb, f"/2018-06-01/runtime{path}", body=body)
        response = self._connection.getresponse()
        return dict(response.headers.items()), response.read()


class Context:
    """What a handler is told of its function and its invocation."""

    client_context = None
    identity = None

    def __init__(self, headers: dict[str, str]) -> None:
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self._deadline - int(time.time() * 1000))


def forget_the_checkout() -> None:
    """Take off the search path what an editable install put there, so that only staged files are imported."""
    task = os.path.realpath(os.environ["LAMBDA_TASK_ROOT"])
    roots = tuple(os.path.realpath(root) + os.sep for root in (sys.prefix, sys.base_prefix, task))
    sys.path[:] = [entry for entry in sys.path if (os.path.realpath(entry) + os.sep).startswith(roots)]


def described(error: BaseException, request: str = "") -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[1:]
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request,
        "stackTrace": traceback.format_list(frames),
    }


def load(handler: str) -> Any:
    module, _, name = handler.rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), name)


def serve(runtime: Runtime, handler: Any) -> None:
    while True:
        headers, body = runtime.next()
        request = headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id", "")
        try:
            result = json.dumps(handler(json.loads(body), Context(headers))).encode()
        except Exception as error:  # noqa: BLE001 -- whatever a handler raises is its answer
            described_error = described(error, request)
            print(f"[ERROR] {type(error).__name__}: {error}\n{''.join(described_error['stackTrace'])}", end="")
            _end_log(request)
            runtime.fail(request, described_error)
        else:
            _end_log(request)
            runtime.answer(request, result)


def _end_log(request: str) -> None:
    sys.stderr.flush()
    sys.stdout.write(f"{END_OF_LOG}{request}\n")
    sys.stdout.flush()


def main() -> None:
    runtime = Runtime(os.environ["AWS_LAMBDA_RUNTIME_API"])
    forget_the_checkout()
    try:
        handler = load(os.environ["_HANDLER"])
    except BaseException as error:  # noqa: BLE001 -- an exit during import is a failure to start, too
        traceback.print_exc()
        kind = "Runtime.ImportModuleError" if isinstance(error, ImportError) else "Runtime.Unknown"
        name = os.environ["_HANDLER"].rpartition(".")[0]
        message = f"Unable to import module '{name}': {error}" if isinstance(error, ImportError) else str(error)
        runtime.fail_to_start({**described(error), "errorType": kind, "errorMessage": message})
        sys.exit(1)
    with contextlib.suppress(ConnectionError, http.client.HTTPException):
        serve(runtime, handler)


if __name__ == "__main__":
    main()
