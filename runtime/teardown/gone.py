"""What an AWS service says of a thing that is not there, and the deletion that takes this for success."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

_CODES = re.compile(r"NotFound|NonExistent|DoesNotExist|NoSuch|^404$")
_MESSAGE = re.compile(r"does not exist|could not find|not found|no scalable target found", re.IGNORECASE)


class BusyError(Exception):
    """It cannot be deleted yet, because something else is being done with it; says what."""


class StuckError(Exception):
    """It cannot be deleted, and waiting does not help; says why."""


def is_missing(error: ClientError) -> bool:
    """Tell whether a service refused because the thing is not there."""
    told = error.response["Error"]
    if _CODES.search(told["Code"]):
        return True
    return told["Code"] in ("ValidationException", "ValidationError") and bool(_MESSAGE.search(told["Message"]))


def gone(delete: Callable[..., object], **what: Any) -> None:
    """Delete a thing; that it is gone already is fine."""
    try:
        delete(**what)
    except ClientError as error:
        if not is_missing(error):
            raise


def found(look: Callable[..., Any], **what: Any) -> Any:
    """Return what a service says of a thing, or None when it is not there."""
    try:
        return look(**what)
    except ClientError as error:
        if not is_missing(error):
            raise
        return None


def pages(client: Any, operation: str, key: str, **what: Any) -> list[Any]:
    """Return all items of a listing; none when what holds them is not there."""
    try:
        return [item for page in client.get_paginator(operation).paginate(**what) for item in page.get(key, [])]
    except ClientError as error:
        if not is_missing(error):
            raise
        return []
