"""A model server: the image's entry point with ``serve``, on a port of its own, beside its unpacked model.

One that has come up and dies is started again; while it is down it refuses connections.
"""

from __future__ import annotations

import http.client
import random
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import LineError
from local.job_processes import child_environment, interpreted
from local.log_streams import LogStream
from local.processes import Child
from local.s3_files import download

if TYPE_CHECKING:
    from local.server import EmbeddedAws

LOG_GROUP = "/aws/sagemaker/Endpoints"
LONGEST_START = 180.0
"""Seconds that a server has until it answers its first ping, when its variant does not say."""

LONGEST_ANSWER = 60.0
"""Seconds that a server has for an answer: SageMaker's own limit."""

LONGEST_PAUSE = 5.0
"""Seconds between two starts of a server that does not stay up; the first follows at once."""


@dataclass(frozen=True)
class Container:
    """What a variant runs: its image, its model's archive, its environment and its role."""

    image: str
    model_data: str | None
    environment: Mapping[str, str]
    role: str | None


@dataclass(frozen=True)
class Answer:
    """What a model server answered."""

    status: int
    content_type: str
    body: bytes


class ModelServer:
    """One running model server; raises LineError when it does not come up."""

    def __init__(
        self, aws: EmbeddedAws, *, endpoint: str, variant: str, container: Container, deadline: float = LONGEST_START
    ) -> None:
        self.variant = variant
        self.port = _free_port()
        self.up = False
        """Whether it answers; False while a server that has died is started again."""
        self._aws, self._deadline = aws, deadline
        self._log = LogStream(aws.client("logs"), f"{LOG_GROUP}/{endpoint}", f"{variant}/{random.randbytes(4).hex()}")  # noqa: S311
        self._home = aws.directory / "endpoints" / endpoint / self._log.stream
        self._changing = threading.Lock()
        self._stopped = threading.Event()
        self._start = self._prepared(container)
        self._child = self._start()
        try:
            self._wait_until_healthy()
        except BaseException:
            self.stop()
            raise
        self.up = True
        threading.Thread(target=self._keep_up, name=f"endpoint {endpoint}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post to the server's ``/invocations``; raises OSError when it does not answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST_ANSWER)
        try:
            connection.request("POST", "/invocations", body, dict(headers))
            response = connection.getresponse()
            return Answer(
                response.status, response.getheader("Content-Type", "application/octet-stream"), response.read()
            )
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def stop(self) -> None:
        """End the server; one that does not end when asked to is killed."""
        with self._changing:
            self._stopped.set()
            self.up = False
            self._child.terminate()
        threading.Thread(target=self._finish, daemon=True).start()

    def _finish(self) -> None:
        deadline = time.monotonic() + 2
        while self._child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        self._child.kill()
        self._child.drain()
        self._aws.processes.forget(self._child)

    def _keep_up(self) -> None:
        """Start the server again whenever it has ended by itself."""
        pause = 0.0
        while not self._stopped.is_set():
            if self._child.poll() is None:
                self._stopped.wait(0.02)
                continue
            self.up = False
            self._aws.processes.forget(self._child)
            if self._stopped.wait(pause) or self._aws.closing:
                return
            pause = min(LONGEST_PAUSE, max(0.2, pause * 2))
            with self._changing, suppress(LineError):  # a server that is closing starts no more
                if self._stopped.is_set():
                    return
                self._child = self._start()
            with suppress(LineError):
                self._wait_until_healthy()
                self.up, pause = True, 0.0

    def _prepared(self, container: Container) -> Callable[[], Child]:
        """Unpack the model once and return what starts a process beside it."""
        image = self._aws.images[container.image]
        base = self._home / "opt" / "ml"
        model = base / "model"
        model.mkdir(parents=True)
        if container.model_data:
            unpack(download(self._aws.client("s3", container.role), container.model_data, self._home), model)
        environment = child_environment(
            self._aws,
            container.role,
            variables={
                **image.environment,
                **container.environment,
                "SAGEMAKER_BASE_DIR": str(base),
                "SM_MODEL_DIR": str(model),
                "SAGEMAKER_BIND_TO_PORT": str(self.port),
            },
        )

        def start() -> Child:
            return self._aws.processes.start(
                interpreted([*image.entrypoint, "serve"]),
                environment=environment,
                directory=image.directory,
                on_line=self._log.write,
                warm=True,
            )

        return start

    def _wait_until_healthy(self) -> None:
        until = time.monotonic() + self._deadline
        while time.monotonic() < until and not self._stopped.is_set():
            code = self._child.poll()
            if code is not None:
                self._child.drain()
                self._log.flush()
                raise LineError(_unhealthy(self.variant, f"it exited with code {code}", self._log.last))
            if self._pings():
                self._log.flush()
                return
            time.sleep(0.05)
        raise LineError(
            _unhealthy(self.variant, f"it gave no answer within {self._deadline:.0f} seconds", self._log.last)
        )

    def _pings(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def unpack(archive: Path, directory: Path) -> None:
    """Unpack a model's archive; one that writes outside the directory, or is no tar.gz, raises LineError.

    Python before 3.11.4 has no extraction filters, so plain files inside the directory are all that is written.
    """
    inside = directory.resolve()
    try:
        with tarfile.open(archive, "r:gz") as packed:
            for entry in packed:
                target = (inside / entry.name).resolve()
                content = packed.extractfile(entry) if entry.isfile() and target.is_relative_to(inside) else None
                if content is not None:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content.read())
                elif not entry.isdir():
                    raise tarfile.TarError(f"{entry.name!r} is no plain file inside it")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise LineError(f"{archive.name}: it is not a model archive that may be unpacked ({error})") from error


def _unhealthy(variant: str, why: str, last: list[str]) -> str:
    told = f"; its last words: {last[-1]}" if last else ""
    return (
        f"The primary container for production variant {variant} did not pass the ping health check: {why}{told}. "
        "Please check CloudWatch logs for this endpoint."
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
