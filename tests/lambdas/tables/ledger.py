"""What is to befall the handler of the ledger."""

from __future__ import annotations

from typing import Any

from tests.lambdas.faults import Case
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given
from tests.runtime.recorded import START, changed, deploy, finished, started


def recorded(aws: Inside, event: dict[str, Any] | None = None) -> Given:
    environment = aws.environment(LEDGER_TABLE=aws.ledger(), ENVIRONMENT_NAME="dev")
    return Given(environment, event or started("curation", 0))


def ended(aws: Inside) -> Given:
    return recorded(aws, finished("curation", 9, status="halted"))


def alarmed(aws: Inside) -> Given:
    return recorded(aws, changed("ALARM", 1))


def deployed(aws: Inside) -> Given:
    return recorded(aws, deploy("a", START))


CASES = [
    Case("lambdas.ledger.record", recorded, answers=False),
    Case("lambdas.ledger.record", ended, about="an end", answers=False),
    Case("lambdas.ledger.record", alarmed, about="an alarm", answers=False),
    Case("lambdas.ledger.record", deployed, about="a deploy", answers=False),
]
