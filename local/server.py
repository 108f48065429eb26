"""The embedded AWS: moto's server on loopback, with real executors behind it.

>>> with EmbeddedAws() as aws:                                                      # doctest: +SKIP
...     deployment = aws.deploy(Path("cdk.out"))
...     aws.client("s3").list_buckets()
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import shutil
import socket
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import got_request_exception
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from config.errors import LineError
from local.background import Background
from local.clients import Clients, Credentials
from local.clock import Clock
from local.cloudformation.stacks import Stacks
from local.http_server import Environ, HttpServer, WsgiApp
from local.images import Images
from local.patches import Patches
from local.processes import Processes
from local.warm import WarmInterpreter
from local.warm import possible as warm_possible

if TYPE_CHECKING:
    from local.deployment import Deployment
    from local.iam import Authorizer, Grants
    from local.postgres import Postgres

Gate = Callable[[Environ], WsgiApp | None]
"""Looks at a request first and, to refuse it, returns the answer."""

LOOPBACK = "127.0.0.1"
TIME_SCALE = "ASSEMBLY_LINE_TIME_SCALE"

_running: EmbeddedAws | None = None
_running_lock = threading.Lock()


class EmbeddedAws:
    """An AWS in one process: start, deploy a cloud assembly, use it through ``endpoint``, close.

    moto keeps its state per process, so one runs at a time. ``directory`` is scratch: a temporary one is made, and
    removed on close, unless a path is given. ``time_scale`` is how many times quicker the waits of an endpoint's
    deployment pass; where it is not given, the variable ASSEMBLY_LINE_TIME_SCALE says it, or it is 1.
    ``warm`` has jobs and model servers start as forks of an interpreter that has imported the libraries, on Linux.
    """

    authorizer: Authorizer
    postgres: Postgres

    def __init__(
        self,
        *,
        port: int = 0,
        account: str = "123456789012",
        region: str = "us-east-1",
        directory: Path | None = None,
        time_scale: float | None = None,
        warm: bool = False,
    ) -> None:
        self.account, self.region = account, region
        self.time_scale = time_scale or _time_scale()
        self._socket = _bind(port)
        self._only_one()
        self._closing = threading.Lock()
        self._closed = False
        self._temporary = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="assembly-line-"))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port: int = self._socket.getsockname()[1]
        self.endpoint = f"http://{LOOPBACK}:{self.port}"
        self.patches = Patches()
        self.processes = Processes(WarmInterpreter() if warm and warm_possible() else None)
        self.background = Background()
        self.clock = Clock()
        self.images = Images()
        self.problems: list[str] = []
        self.stacks = Stacks(account, region)
        self.deployments: list[Deployment] = []
        self.lambda_log_listeners: list[Callable[[str, str, list[str]], None]] = []
        """Called with function name, log group and the lines of one invocation."""
        self._closers: list[Callable[[], None]] = []
        self._routes: list[tuple[Callable[[str], bool], WsgiApp]] = []
        self._gates: list[Gate] = []
        self._clients = Clients(self.endpoint, region)
        atexit.register(self.close)
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        from local import read_once

        read_once.install(self)  # before the modules below, which read much as they are imported
        from local import (
            api_gateway,
            custom_resources,
            executors,
            iam,
            image_builds,
            lambdas,
            postgres,
            quick_items,
            quick_queries,
            quick_updates,
            repairs,
            transactions,
        )
        from local.cloudformation import service as cloudformation

        _reset_backends()
        self._configure_moto()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._log = (self.directory / "server.log").open("a", encoding="utf-8", buffering=1)
        got_request_exception.connect(self._note_failure)
        self._server = HttpServer(self._socket, self._answer, self.note_failure)
        for seam in (
            repairs,
            transactions,
            quick_items,
            quick_queries,
            quick_updates,
            iam,
            lambdas,
            custom_resources,
            cloudformation,
            image_builds,
            api_gateway,
            postgres,
            executors,
        ):
            seam.install(self)

    def __enter__(self) -> EmbeddedAws:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every child, the server and the scratch directory. Safe to call again, from any thread."""
        global _running  # noqa: PLW0603 -- moto's state is global, so is the one server that owns it
        with self._closing:
            if self._closed:
                return
            self._closed = True
        steps = (
            *reversed(self._closers),
            self.processes.close,
            self._stop_serving,
            self.patches.undo,
            _reset_backends,
            self._remove_scratch,
        )
        try:
            for step in steps:
                with contextlib.suppress(Exception):  # whatever one cannot end must not keep the next from ending
                    step()
        finally:
            atexit.unregister(self.close)
            with _running_lock:
                if _running is self:
                    _running = None

    def _stop_serving(self) -> None:
        if hasattr(self, "_server"):
            got_request_exception.disconnect(self._note_failure)
            self._server.close()
        self._socket.close()
        if hasattr(self, "_log"):
            self._log.close()

    def _remove_scratch(self) -> None:
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def on_close(self, closer: Callable[[], None]) -> None:
        """Have something ended before the children are: pollers, pools, clocks."""
        self._closers.append(closer)

    @property
    def closing(self) -> bool:
        return self._closed

    def client(self, service: str, role_arn: str | None = None) -> Any:
        """Return the boto3 client of a service: as the operator, who is never refused, or as a role, who may be."""
        return self._clients.client(service, role_arn)

    def credentials(self, role_arn: str) -> Credentials:
        """Return credentials of a role, assumed through STS once."""
        return self._clients.credentials(role_arn)

    def is_own(self, access_key: str) -> bool:
        """Whether credentials are some that a child or a client of this server has."""
        return self._clients.is_own(access_key)

    def environment(self, role_arn: str | None) -> dict[str, str]:
        """Return the clean environment of a child that acts as a role (None: as the operator)."""
        return self._clients.environment(role_arn)

    def emit(self, source: str, detail_type: str, detail: Mapping[str, Any]) -> None:
        """Put an event of an AWS service onto the default bus (PutEvents refuses sources that begin with ``aws.``)."""
        event = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail, default=str)}
        get_backend("events")[self.account][self.region].put_events([event])

    def add_route(self, matches: Callable[[str], bool], app: WsgiApp) -> None:
        """Answer requests whose path matches with ``app``, before moto sees them."""
        self._routes.append((matches, app))

    def add_gate(self, gate: Gate) -> None:
        """Let ``gate`` see each request first; what it returns, if anything, is the answer."""
        self._gates.append(gate)

    def deploy(self, assembly: Path, on_event: Callable[[str, str, str], None] | None = None) -> Deployment:
        """Create every resource of a cloud assembly; ``on_event`` hears stack, logical id and type of each."""
        from local.deployment import deploy

        return deploy(self, assembly, on_event=on_event)

    def grants(self) -> Grants:
        """Return what roles were allowed, denied, and never needed."""
        from local.iam import grants

        return grants(self)

    def _answer(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.errors"] = self._log
        for gate in self._gates:
            refusal = gate(environ)
            if refusal is not None:
                return refusal(environ, start_response)
        path = environ.get("PATH_INFO", "")
        for matches, app in self._routes:
            if matches(path):
                return app(environ, start_response)
        answer: Iterable[bytes] = self._moto(environ, start_response)
        return answer

    def _note_failure(self, _app: Any, exception: BaseException, **_: Any) -> None:
        self.note_failure("".join(traceback.format_exception(exception)))

    def note_failure(self, trace: str) -> None:
        """Keep the trace of a failure of the server itself, and tell of it in one line."""
        with contextlib.suppress(ValueError):  # a request that outlives the server finds the log closed
            self._log.write(trace)
        self.problems.append(f"embedded AWS: it failed inside: {trace.strip().splitlines()[-1]}")

    def _configure_moto(self) -> None:
        for service, setting in (
            ("stepfunctions", {"execute_state_machine": True}),
            ("lambda", {"use_docker": True}),  # "docker" is where the real executors stand in
            ("batch", {"use_docker": True}),
            ("iam", {"load_aws_managed_policies": False}),
        ):
            self.patches.item(default_user_config, service, setting)
        self.patches.variable("MOTO_PORT", str(self.port))
        self.patches.variable("MOTO_ACCOUNT_ID", self.account)

    def _only_one(self) -> None:
        global _running  # noqa: PLW0603 -- see close
        with _running_lock:
            if _running is not None:
                self._socket.close()
                raise LineError(
                    f"embedded AWS: this process already runs one at {_running.endpoint}: close it first or use it"
                )
            _running = self


def _time_scale() -> float:
    given = os.environ.get(TIME_SCALE, "1")
    try:
        scale = float(given)
    except ValueError:
        scale = 0.0
    if not 0 < scale < float("inf"):
        raise LineError(f"variable {TIME_SCALE} is {given!r}, expected a number above 0: correct or unset it")
    return scale


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OverflowError):
            raise LineError(f"port {port}: it is not a port, expected 0 (any that is free) to 65535") from None
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            why = "it is in use" if error.errno == errno.EADDRINUSE else "this user may not open it"
            raise LineError(f"port {port}: {why}: give another, or --port 0 for any that is free") from None
        raise
    listener.listen(128)
    return listener


def _reset_backends() -> None:
    BackendDict.reset()
    reset_model_data()
