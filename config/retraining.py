"""When a line trains again by itself: what ``retraining`` in line.yaml may say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.strict import Strict

Reason = Literal["drift", "performance", "data"]


class Retraining(Strict):
    """The closed loop. A person (``line run``) and the line's ``schedule`` start runs whatever is said here."""

    on: list[Reason] = Field(
        default=["drift", "performance"],
        description="what starts a run: an alarm of drift or of performance, or new raw files",
    )
    cooldown_hours: float = Field(
        default=24, ge=0, description="how long after such a run began the next one waits, whatever its reason"
    )
    quiet_minutes: float = Field(
        default=15, ge=0, description="for how long no raw file must have come, so that a delivery is complete"
    )
    move_dates: bool = Field(
        default=True,
        description="whether the dates of the split and of scoring move together, to the day of the schedule, of the "
        "window that raised an alarm or, for all else, of the last scoring; otherwise they keep their defaults",
    )
