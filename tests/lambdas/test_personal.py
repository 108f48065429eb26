"""No personal value leaves a handler by a log, a metric, an error, a reason, a refusal, a receipt or the ledger.

Canaries stand in every place where a person's data may be: in requests, labels, events, records and what stations
leave, well formed or not, with calls that fail.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lambdas.canaries import Canary, leaks
from tests.lambdas.inside import Inside, inside
from tests.lambdas.planted import delivery, janitor, monitoring, runs
from tests.lambdas.processes import ROOT

CASES: list[Canary] = [*delivery.CASES, *janitor.CASES, *monitoring.CASES, *runs.CASES]


@pytest.fixture(scope="module")
def aws() -> Iterator[Inside]:
    with inside() as found:
        yield found


def test_every_handler_meets_canaries() -> None:
    handlers = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "lambdas").rglob("*.py")}

    assert handlers == {canary.handler for canary in CASES}


@pytest.mark.parametrize(
    "canary", [pytest.param(case, marks=[pytest.mark.thorough] if case.thorough else []) for case in CASES], ids=str
)
def test_of_persons_nothing_is_told(aws: Inside, capfd: pytest.CaptureFixture[str], canary: Canary) -> None:
    assert leaks(aws, capfd, canary) == []
