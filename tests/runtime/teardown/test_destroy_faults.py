"""Every call of a teardown fails in four ways, and it is asked for again: nothing is left, and nothing else is gone."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from config.branches import environment_id
from tests.runtime.teardown.account import Account, CrashError
from tests.runtime.teardown.attempts import FAULTS, Fault, Strike, attempt
from tests.runtime.teardown.environments import build, standing

REF = "feature/prices"
ID = environment_id(REF)
MOST = 3
"""Attempts after which nothing may be left."""


def world(*, broken_functions: bool = False) -> Account:
    account = Account(broken_functions=broken_functions)
    build(account, "dev")
    build(account, ID, ref=REF)
    return account


def struck(account: Account, *strikes: Strike) -> int:
    """Attempt a teardown until nothing is left, each of the first attempts with a strike; returns how many it took."""
    for number, strike in enumerate([*strikes, *[None] * MOST], 1):
        account.strike = strike or (lambda *_: None)
        with suppress(CrashError, ClientError, BotoCoreError):
            if not attempt(account, ID).left:
                return number
    raise AssertionError(f"left after {number} attempts: {account.of(ID)}")


def calls() -> list[str]:
    account = world()
    attempt(account, ID)
    return account.calls


CALLS = calls()
STANDS = standing(world(), "dev")


@pytest.mark.parametrize("fault", FAULTS)
def test_whichever_call_fails_nothing_is_left_after_three_attempts_and_dev_stands_as_it_stood(fault: Fault) -> None:
    wrong = []
    for at, call in enumerate(CALLS):
        account = world()
        took = struck(account, Strike(at, fault))
        if (
            took > MOST
            or account.of(ID)
            or any(owner != ID for _, owner in account.touched)
            or standing(account, "dev") != STANDS
        ):
            wrong.append((at, call, took, account.of(ID)))

    assert wrong == []
    assert len(CALLS) > 100


def test_two_attempts_that_fail_anywhere_are_made_good_by_the_third() -> None:
    for seed in range(300):
        chance, account = random.Random(seed), world(broken_functions=seed % 3 == 0)
        strikes = [Strike(chance.randrange(len(CALLS)), chance.choice(FAULTS)) for _ in range(2)]
        assert struck(account, *strikes) <= MOST
        assert account.of(ID) == []
        assert standing(account, "dev") == STANDS
