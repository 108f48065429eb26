"""One attempt at a teardown in the AWS in memory, and calls of it that are struck."""

from __future__ import annotations

from typing import Literal

from botocore.exceptions import ReadTimeoutError

from runtime.teardown import destroy as teardown
from runtime.teardown.pace import Pace
from tests.runtime.teardown.account import Account, CrashError, refuse
from tests.runtime.teardown.services import Services

STANDING = ("dev", "qa", "prod", "local")

Fault = Literal["before", "after", "throttled", "unanswered"]
FAULTS: tuple[Fault, ...] = ("before", "after", "throttled", "unanswered")


def attempt(account: Account, environment: str, looks: float = 1e9) -> teardown.Report:
    """Tear an environment down with time for so many looks at what is in progress."""
    left = [looks]

    def pause(_: float) -> None:
        left[0] -= 1
        account.tick()

    return teardown.destroy(
        Services(account), environment, standing=STANDING, pace=Pace(lambda: left[0], pause, look=1)
    )


class Strike:
    """Strikes call number ``at``: the process dies before or after it, it is throttled, or its answer is lost."""

    def __init__(self, at: int, fault: Fault) -> None:
        self.at, self.fault, self.calls = at, fault, 0

    def __call__(self, call: str, after: bool) -> None:
        if after:
            self.calls += 1
            if self.calls - 1 == self.at and self.fault == "after":
                raise CrashError(call)
            if self.calls - 1 == self.at and self.fault == "unanswered":
                raise ReadTimeoutError(endpoint_url="https://aws")
        elif self.calls == self.at and self.fault in ("before", "throttled"):
            self.calls += 1
            if self.fault == "before":
                raise CrashError(call)
            refuse("ThrottlingException", "Rate exceeded")
