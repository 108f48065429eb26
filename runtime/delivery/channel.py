"""What every channel does around its sending: time it and leave a receipt."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from runtime import receipts
from runtime.paths import RunPaths
from runtime.receipts import Receipt


def deliver(*, s3: Any, paths: RunPaths, channel: str, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Send, leave the receipt ``delivery-<channel>``, and return what the state machine keeps of it."""
    began = time.monotonic()
    outputs = send()
    receipt = Receipt(
        station="delivery", status="succeeded", seconds=round(time.monotonic() - began, 3), outputs=outputs
    )
    receipts.write(s3, paths, f"delivery-{channel}", receipt)
    return {"channel": channel, "status": receipt.status, **outputs}
