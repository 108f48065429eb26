"""What people decide stands in the ledger, however it ends."""

from __future__ import annotations

import pytest

from cli.releasing import Desk, acting
from config.errors import LineError
from runtime import ledger
from tests.moto_server import Aws


@pytest.fixture
def desk(aws: Aws) -> Desk:
    return Desk(line="flights", outputs={"LedgerTable": aws.ledger()}, client=aws.plain)


def told(desk: Desk) -> list[tuple[str, str, str]]:
    found = ledger.actions(desk.client("dynamodb"), desk.ledger, desk.line)
    return [(one.who, one.what, one.outcome) for one in found]


def test_a_decision_is_kept_with_who_made_it(desk: Desk) -> None:
    with acting(desk, "ada", "approve version 4"):
        pass

    assert told(desk) == [("ada", "approve version 4", "done")]


def test_a_decision_that_failed_is_kept_with_its_reason(desk: Desk) -> None:
    with pytest.raises(LineError), acting(desk, "ada", "roll back"):
        raise LineError("release: there is nothing to go back to")

    assert told(desk) == [("ada", "roll back", "failed: release: there is nothing to go back to")]


def test_a_decision_that_was_broken_off_is_kept_too(desk: Desk) -> None:
    with pytest.raises(KeyboardInterrupt), acting(desk, "ada", "roll back"):
        raise KeyboardInterrupt

    assert told(desk) == [("ada", "roll back", "ended unexpectedly")]
