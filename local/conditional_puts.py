"""Objects are put one at a time, so that If-Match and If-None-Match hold among writers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from moto.s3.responses import S3Response

Put = Callable[[S3Response], Any]


def one_at_a_time() -> Put:
    """Return what stands in for moto's ``S3Response.put_object``, which looks at the condition, then writes.

    Two writers that both read one version would both win, and what one wrote would be lost.
    """
    put, turn = S3Response.put_object, threading.Lock()

    def put_object(response: S3Response) -> Any:
        with turn:
            return put(response)

    return put_object
