"""Lambda functions that run: a pool of warm workers per function, behind moto's Invoke.

Seam: ``LambdaFunction._invoke_lambda`` and ``LambdaFunction.invoke`` (moto/awslambda/models.py), the places where moto
would start a container.
"""

from __future__ import annotations

import base64
import io
import json
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaFunction
from moto.logs.models import logs_backends

from local import iam
from local.fidelity import Row
from local.lambda_worker import Function, Outcome, Worker

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row(
        "Lambda",
        "handlers: environment, role, time-out, errors, logs, warm starts",
        "real",
        "the Runtime API, a process per worker",
    ),
    Row(
        "Lambda",
        "dependency layers",
        "approximated",
        "stored, not unpacked: handlers run on the project's locked packages",
    ),
    Row(
        "Lambda",
        "runtime version, architecture, memory limit",
        "approximated",
        "this machine's Python; memory is not limited",
    ),
    Row("Lambda", "concurrency", "approximated", "callers wait for a free worker instead of being throttled"),
    Row(
        "Lambda",
        "asynchronous invocation",
        "approximated",
        "two retries after 1 and 2 seconds; then the failure destination",
    ),
    Row("Lambda", "runtimes other than Python, container images", "absent", "an error when deployed"),
]

WORKERS = 4
"""The most processes of one function."""

_RETRY_SECONDS = (1.0, 2.0)


class Pool:
    """The warm workers of all functions."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._changed = threading.Condition()
        self._idle: dict[tuple[Any, ...], list[Worker]] = {}
        self._count: dict[tuple[Any, ...], int] = {}
        self._unzipping = threading.Lock()

    def invoke(self, function: Any, event: bytes) -> tuple[Outcome, Worker]:
        """Run one invocation of a moto function on a free worker, or on a new one."""
        key = _identity(function)
        worker = self._take(key) or self._start(key, function)
        try:
            return worker.invoke(event), worker
        finally:
            self._give_back(key, worker)

    def _take(self, key: tuple[Any, ...]) -> Worker | None:
        """Return an idle worker, or None when a new one may be started; waits while neither is the case."""
        with self._changed:
            while True:
                idle = self._idle.setdefault(key, [])
                while idle:
                    worker = idle.pop()
                    if worker.usable:
                        return worker
                    self._count[key] -= 1
                if self._count.get(key, 0) < WORKERS:
                    self._count[key] = self._count.get(key, 0) + 1
                    return None
                self._changed.wait()

    def _start(self, key: tuple[Any, ...], function: Any) -> Worker:
        try:
            return Worker(self._described(function), self._aws.processes, self._aws.environment(function.role))
        except BaseException:
            with self._changed:
                self._count[key] -= 1
                self._changed.notify()
            raise

    def _give_back(self, key: tuple[Any, ...], worker: Worker) -> None:
        with self._changed:
            if worker.usable:
                self._idle[key].append(worker)
            else:
                self._count[key] -= 1
            self._changed.notify()

    def _described(self, function: Any) -> Function:
        return Function(
            name=function.function_name,
            arn=function.function_arn,
            version=str(function.version),
            handler=function.handler,
            timeout=float(function.timeout),
            memory=int(function.memory_size),
            log_group=function.logs_group_name,
            code=self._unzipped(function),
            environment={name: str(value) for name, value in function.environment_vars.items()},
        )

    def _unzipped(self, function: Any) -> Path:
        """Return where a function's code lies, unzipped once for all functions that share it."""
        name = "".join(c if c.isalnum() else "_" for c in function.code_sha_256)
        directory = self._aws.directory / "functions" / name
        with self._unzipping:
            if not directory.exists():
                with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                    archive.extractall(directory)
        return directory


def install(aws: EmbeddedAws) -> None:
    """Let every invocation, whoever asks for it, run on the pool."""
    pool = Pool(aws)
    background = ThreadPoolExecutor(max_workers=8, thread_name_prefix="lambda-async")
    ending = threading.Event()

    def end() -> None:
        ending.set()
        background.shutdown(wait=False, cancel_futures=True)

    aws.on_close(end)

    def run(function: Any, event: Any = None) -> tuple[str, bool, str]:
        payload = json.dumps({} if event is None else event).encode()
        outcome, worker = pool.invoke(function, payload)
        _log(aws, function, worker, outcome.lines)
        return outcome.payload.decode(), outcome.failed, "\n".join(outcome.lines)

    def invoke(function: Any, body: str, request_headers: Any, response_headers: Any) -> Any:
        event = json.loads(body) if body else {}
        kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "DryRun":
            return b""
        if kind == "Event":
            aws.background.add(background.submit(_deliver, aws, function, event, ending))
            return b""
        payload, failed, logs = run(function, event)
        if failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        response_headers["x-amz-log-result"] = base64.b64encode(logs.encode()[-4096:]).decode()
        return payload.encode()

    aws.patches.replace(LambdaFunction, "_invoke_lambda", run)
    aws.patches.replace(LambdaFunction, "invoke", invoke)


def _deliver(aws: EmbeddedAws, function: Any, event: Any, ending: threading.Event) -> None:
    """Invoke asynchronously: retry what fails, then hand it to the failure destination, or tell of it."""
    settings = _event_invoke_settings(aws, function)
    attempts = 1 + int(settings.get("MaximumRetryAttempts", 2))
    payload = ""
    for attempt in range(attempts):
        if attempt and ending.wait(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS)) - 1]):
            return
        payload, failed, _ = function._invoke_lambda(event)
        if not failed:
            return
    destination = settings.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    destination = destination or (function.dead_letter_config or {}).get("TargetArn")
    body = json.dumps({"requestPayload": event, "responsePayload": json.loads(payload or "null")})
    if destination and ":sqs:" in destination:
        queue = aws.client("sqs").get_queue_url(QueueName=destination.rsplit(":", 1)[-1])["QueueUrl"]
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody=body)
    elif destination and ":sns:" in destination:
        aws.client("sns").publish(TopicArn=destination, Message=body)
    else:
        message = json.loads(payload or "{}").get("errorMessage", "")
        aws.problems.append(f"{function.function_name}: an event was given up after {attempts} attempts: {message}")


def _event_invoke_settings(aws: EmbeddedAws, function: Any) -> dict[str, Any]:
    client = aws.client("lambda")
    try:
        settings: dict[str, Any] = client.get_function_event_invoke_config(FunctionName=function.function_name)
    except client.exceptions.ResourceNotFoundException:
        return {}
    return settings


def _log(aws: EmbeddedAws, function: Any, worker: Worker, lines: list[str]) -> None:
    """Write an invocation's lines where the function's role may, as Lambda does, and tell the listeners."""
    group, stream = worker.function.log_group, worker.log_stream
    resource = f"arn:aws:logs:{aws.region}:{aws.account}:log-group:{group}:log-stream:{stream}"
    may = iam.permitted(aws, function.role, "logs:PutLogEvents", resource)
    if may and iam.permitted(aws, function.role, "logs:CreateLogStream", resource):
        backend = logs_backends[aws.account][aws.region]
        backend.ensure_log_group(group)
        if stream not in backend.groups[group].streams:
            backend.create_log_stream(group, stream)
        now = int(time.time() * 1000)
        backend.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])
    for listener in aws.lambda_log_listeners:
        listener(function.function_name, group, lines)


def _identity(function: Any) -> tuple[Any, ...]:
    return (
        function.function_arn,
        function.code_sha_256,
        json.dumps(function.environment_vars, sort_keys=True),
        function.handler,
        function.role,
        function.timeout,
    )
