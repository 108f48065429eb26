"""Errors that nobody foresaw, told without their texts: those may quote a value, and so say whom it is about."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from pathlib import PurePath

from config.errors import LineError

_OURS = ("lambdas", "jobs", "runtime", "config", "lines")
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_NAMED = re.compile(r"\b([A-Za-z_][\w.]*(?:Error|Exception)): .*", re.DOTALL)


def told(error: BaseException) -> str:
    """Return a mistake as it says itself, and of any other error its class and its place.

    >>> told(LineError("scoring: no row: choose another date"))
    'scoring: no row: choose another date'
    >>> told(KeyError("UA-1545"))
    'KeyError'
    """
    if isinstance(error, LineError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    return _at(type(error).__name__, [(frame.filename, frame.lineno or 0) for frame in frames])


def of_lambda(kind: str, trace: Sequence[str]) -> str:
    """Return the class and the place of what a function raised, from the lines of its ``stackTrace``.

    >>> of_lambda("KeyError", ['  File "/var/task/runtime/verdict.py", line 31, in verdict'])
    'KeyError at runtime/verdict.py:31'
    """
    found = [match for line in trace if (match := _FRAME.search(line))]
    return _at(kind or "an error without a name", [(match[1], int(match[2])) for match in found])


def named(text: str) -> str:
    """Return what a service says of a program's end, without what an exception in it says.

    >>> named("Failed Line Number: 7; ValueError: could not convert 'UA-1545'"), named("LAUNCH ERROR | no capacity")
    ('Failed Line Number: 7; ValueError', 'LAUNCH ERROR | no capacity')
    """
    return _NAMED.sub(r"\1", text)


def _at(kind: str, frames: Sequence[tuple[str, int]]) -> str:
    """The innermost line of this project's own code, or of whose code there is."""
    places = [(PurePath(name).parts, line) for name, line in frames]
    ours = [
        (parts[at:], line)
        for parts, line in places
        if "site-packages" not in parts
        and (at := next((i for i, part in enumerate(parts) if part in _OURS), None)) is not None
    ]
    if not places:
        return kind
    parts, line = ours[-1] if ours else (places[-1][0][-2:], places[-1][1])
    return f"{kind} at {'/'.join(parts)}:{line}"
