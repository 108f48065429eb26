"""What every channel does around its sending: time it and leave a receipt."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ParamValidationError

from config.errors import LineError
from runtime import receipts
from runtime.paths import RunPaths
from runtime.receipts import Receipt


def deliver(*, s3: Any, paths: RunPaths, channel: str, kind: str, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Send, leave the receipt ``delivery-<channel>``, and return what the state machine keeps of it."""
    began = time.monotonic()
    outputs = {"kind": kind, **_sent(send, paths)}
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


def merged(s3: Any, paths: RunPaths) -> Receipt | None:
    """Merge what the channels say into the receipt ``delivery``, which is written; None when nothing was scored.

    Raises LineError for a channel that did not carry every prediction.
    """
    before = receipts.read(s3, paths, "delivery")
    if before is not None and before.status == "skipped":
        return before
    scoring = receipts.read(s3, paths, "scoring")
    if scoring is None:
        return None
    rows, channels = scoring.outputs["rows"], dict(_left(s3, paths))
    for name, receipt in channels.items():
        if receipt.status == "failed":
            return receipt
        if receipt.outputs["count"] != rows:
            raise LineError(
                f"delivery: channel {name!r} delivered {receipt.outputs['count']} predictions, expected {rows} "
                "as in the table: start the run again"
            )
    found = Receipt(
        station="delivery",
        status="succeeded",
        seconds=max((receipt.seconds for receipt in channels.values()), default=0.0),
        outputs={"table": rows, "channels": {name: receipt.outputs for name, receipt in channels.items()}},
    )
    receipts.write(s3, paths, "delivery", found)
    return found


def _left(s3: Any, paths: RunPaths) -> Iterator[tuple[str, Receipt]]:
    """Yield the name and the receipt of each channel of the run."""
    start = paths.receipt("delivery-").removesuffix(".json")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=paths.lake, Prefix=start):
        for item in page.get("Contents", []):
            name = item["Key"].removeprefix(start).removesuffix(".json")
            if (receipt := receipts.read(s3, paths, f"delivery-{name}")) is not None:
                yield name, receipt
