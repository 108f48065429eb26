"""What every channel does around its sending: time it and leave a receipt."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ParamValidationError

from config.errors import LineError
from runtime import receipts
from runtime.paths import RunPaths
from runtime.receipts import Receipt


def deliver(*, s3: Any, paths: RunPaths, channel: str, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Send, leave the receipt ``delivery-<channel>``, and return what the state machine keeps of it."""
    began = time.monotonic()
    outputs = _sent(send, paths)
    receipt = Receipt(
        station="delivery", status="succeeded", seconds=round(time.monotonic() - began, 3), outputs=outputs
    )
    receipts.write(s3, paths, f"delivery-{channel}", receipt)
    return {"channel": channel, "status": receipt.status, **outputs}


def _sent(send: Callable[[], dict[str, Any]], paths: RunPaths) -> dict[str, Any]:
    """Send; what no record can be sent for is told without its values, which would say whom it is about."""
    try:
        return send()
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, ParamValidationError) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        raise LineError(
            f"delivery: s3://{paths.lake}/{paths.predictions} holds what is no prediction record "
            f"({type(error).__name__} in {where.name}, line {where.lineno}): mend what scoring wrote and run again"
        ) from None
