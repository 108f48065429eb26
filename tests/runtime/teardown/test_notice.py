from __future__ import annotations

import pytest

from runtime.teardown import notice
from runtime.teardown.janitor import Outcome
from tests.runtime.teardown.account import Account
from tests.runtime.teardown.services import Services

REMOVED = Outcome("a-1", "removed", "it expired", ["20 things"])
REFUSED = Outcome("b-2", "refused", "it expired", ["stack b has termination protection"])
SPARED = Outcome("c-3", "spared", "it expired", ["it was extended"])


def told(*outcomes: Outcome) -> list[str]:
    account = Account()
    notice.send(Services(account)("sns"), "topic", outcomes)
    return [account.things["message", name].facts["text"] for name in account.named("message")]


def test_one_notice_tells_of_all_that_matters() -> None:
    assert told(REMOVED, SPARED, REFUSED) == [
        "a-1 (it expired): removed: 20 things\nb-2 (it expired): refused: stack b has termination protection"
    ]


def test_where_nothing_was_done_nobody_is_told() -> None:
    assert told(SPARED) == told() == []


def test_the_alarm_rings_where_a_person_is_needed_and_only_there() -> None:
    notice.raise_for([REMOVED, SPARED, Outcome("d-4", "left", "it expired", ["it is DELETE_IN_PROGRESS"])])
    with pytest.raises(notice.PersonNeededError, match=r"b-2 \(it expired\): refused"):
        notice.raise_for([REMOVED, REFUSED])
