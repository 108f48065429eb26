"""What a child prints, line by line into a CloudWatch log stream."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from botocore.exceptions import BotoCoreError

FLUSH_LINES = 500
FLUSH_SECONDS = 1.0
LONGEST_MESSAGE = 200_000
"""Characters of a line that are kept: CloudWatch Logs takes 256 KiB an event."""


class LogStream:
    """One log stream, written in batches; ``last`` remembers the newest lines that are not blank."""

    def __init__(self, logs: Any, group: str, stream: str) -> None:
        self._logs, self.group, self.stream = logs, group, stream
        self._waiting: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._flushed = time.monotonic()
        self.last: list[str] = []
        for create, name in ((logs.create_log_group, {}), (logs.create_log_stream, {"logStreamName": stream})):
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                create(logGroupName=group, **name)

    def write(self, line: str) -> None:
        """Add a line; it reaches CloudWatch within about a second, or with the next line."""
        with self._lock:
            self._waiting.append({"timestamp": int(time.time() * 1000), "message": line[:LONGEST_MESSAGE] or " "})
            if line.strip():
                self.last = [*self.last[-9:], line]
            due = len(self._waiting) >= FLUSH_LINES or time.monotonic() - self._flushed >= FLUSH_SECONDS
        if due:
            self.flush()

    def flush(self) -> None:
        """Send what is waiting."""
        with self._lock:
            events, self._waiting = self._waiting, []
            self._flushed = time.monotonic()
            if events:
                with contextlib.suppress(BotoCoreError):  # the server has closed while a child's last words were read
                    self._logs.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=events)
