"""How a command ends: one line for the user, an exit status, and never a stack trace.

A traceback of something unexpected goes to a file under .assembly/, which the line names.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from config.errors import LineError, messages_of
from config.loading import ROOT
from config.reading import shown

FAILED, USAGE, INTERRUPTED, READER_GONE = 1, 2, 130, 141
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class UsageError(LineError):
    """The command was called wrongly: exit status 2."""


def ended(work: Callable[[], int], root: Path = ROOT) -> int:
    """Do the work and return the exit status; whatever goes wrong is told in one line on stderr."""
    try:
        with _interruptible():
            return work()
    except UsageError as error:
        tell(str(error))
        return USAGE
    except LineError as error:
        for message in messages_of(error):
            tell(message)
        return FAILED
    except BrokenPipeError:  # whoever read what is printed has read enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except KeyboardInterrupt:
        tell("interrupted: everything that this command started has been ended", kind="")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 (the last resort: told in one line, kept whole in a file)
        log = keep_log("error", "".join(traceback.format_exception(error)), root)
        tell(f"unexpected {type(error).__name__}: {_first_line(error)}: see {shown(log, root)} and report it")
        return FAILED


def tell(message: str, kind: str = "error: ") -> None:
    """Print one line on stderr."""
    print(f"{kind}{message}", file=sys.stderr, flush=True)


def keep_log(name: str, text: str, root: Path = ROOT) -> Path:
    """Write a log file under .assembly/logs and return its path."""
    folder = root / ".assembly" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%f}-{name}.log"
    path.write_text(text, encoding="utf-8")
    return path


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["no message"])[0]


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let each signal that ends a command end it as Ctrl-C does: through every ``with``, so that no child is left.

    Once it is ending, further signals change nothing: closing takes seconds and must not be cut short.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in _ENDING:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in _ENDING}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
