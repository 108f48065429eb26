"""The one kind of error that a user is meant to read."""


class LineError(Exception):
    """A mistake in a line, an environment, its data or its model, told in one line with its mend.

    The message is lowercase without a final period: subject, value given, what is allowed, the mend.
    Commands print it without a stack trace; jobs put it into their station's receipt.
    """
