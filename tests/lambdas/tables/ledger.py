"""What is to befall the handler of the ledger."""

from __future__ import annotations

from runtime import events
from tests.lambdas.faults import Case
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given


def recorded(aws: Inside) -> Given:
    detail = events.started(line="flights", run="run-1", station="curation", at="2026-01-01T00:00:00Z")
    event = {"source": events.SOURCE, "detail-type": events.STATION_STARTED, "detail": detail}
    return Given(aws.environment(LEDGER_TABLE=aws.table("pk", "sk")), event)


CASES = [Case("lambdas.ledger.record", recorded, answers=False)]
