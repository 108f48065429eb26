"""What people hear of the janitor's round: one message, and an error where they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runtime.teardown.janitor import Outcome

RESERVED = 60.0
"""Seconds that are kept for the last calls and the message when a function's time runs out."""

_LONGEST_SUBJECT, _LONGEST = 100, 200_000
_NEEDED = ("failed", "refused")


class PersonNeededError(Exception):
    """Some environment that is due cannot be torn down by a machine; says which and why."""


def send(sns: Any, topic: str, outcomes: Sequence[Outcome]) -> None:
    """Tell what was done; nothing when nothing was."""
    told = [outcome for outcome in outcomes if outcome.matters]
    if told:
        verdicts = [outcome.verdict for outcome in told]
        counts = ", ".join(f"{verdicts.count(one)} {one}" for one in dict.fromkeys(verdicts))
        sns.publish(
            TopicArn=topic,
            Subject=f"Assembly Line, branches' environments: {counts}"[:_LONGEST_SUBJECT],
            Message="\n".join(map(str, told))[:_LONGEST],
        )


def raise_for(outcomes: Sequence[Outcome]) -> None:
    """Raise for what waiting does not mend, so that the function's alarm rings."""
    if told := [str(outcome) for outcome in outcomes if outcome.verdict in _NEEDED]:
        raise PersonNeededError("; ".join(told))
