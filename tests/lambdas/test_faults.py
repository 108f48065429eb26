"""Every AWS call of every handler fails in three ways, and its event comes again: nothing is doubled or lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lambdas.faults import Case, strike
from tests.lambdas.inside import Inside, inside
from tests.lambdas.processes import ROOT
from tests.lambdas.tables import delivery, janitor, ledger, monitoring, release, run

CASES: list[Case] = [*delivery.CASES, *janitor.CASES, *ledger.CASES, *monitoring.CASES, *release.CASES, *run.CASES]


@pytest.fixture(scope="module")
def aws() -> Iterator[Inside]:
    with inside() as found:
        yield found


def test_every_handler_has_its_cases() -> None:
    handlers = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "lambdas").rglob("*.py")}

    assert handlers == {case.handler for case in CASES}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.thorough] if case.thorough else []) for case in CASES], ids=str
)
def test_whatever_call_fails_the_event_again_ends_as_if_nothing_had_been(aws: Inside, case: Case) -> None:
    struck = strike(aws, case)

    assert struck.failures == []
    assert struck.cases == 3 * len(struck.calls) > 0
