"""The kinds of error that a user is meant to read.

LineError
└── ManyLineError   several mistakes, found in one reading
"""

from __future__ import annotations

from collections.abc import Sequence


class LineError(Exception):
    """A mistake in a line, an environment, its data or its model, told in one line with its mend.

    The message is lowercase without a final period: subject, value given, what is allowed, the mend.
    Commands print it without a stack trace; jobs put it into their station's receipt.
    """


class ManyLineError(LineError):
    """Several mistakes: the message tells the first and counts the rest, ``messages`` holds each."""

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        rest = len(self.messages) - 1
        super().__init__(self.messages[0] + (f" (and {rest} more: `line validate` lists them)" if rest else ""))


def messages_of(error: LineError) -> tuple[str, ...]:
    """Return each mistake that the error tells of."""
    return error.messages if isinstance(error, ManyLineError) else (str(error),)
