from __future__ import annotations

import datetime as dt

import pytest

from config.branches import environment_id
from runtime.environments import FOLDER
from runtime.teardown.janitor import Outcome, due, round_of
from runtime.teardown.pace import Pace
from tests.runtime.teardown.account import Account
from tests.runtime.teardown.attempts import STANDING
from tests.runtime.teardown.environments import build, standing
from tests.runtime.teardown.services import Services

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
"""Long after the seven days for which the environments of these tests live, all deployed on 2026-01-01."""

OLD = [environment_id(ref) for ref in ("old/a", "old/b", "old/c")]


@pytest.fixture
def account() -> Account:
    account = Account()
    for name in ("dev", "prod"):
        build(account, name)
    return account


def tick(account: Account, *, most: int = 3, looks: float = 1e9, now: dt.datetime = NOW) -> list[Outcome]:
    left = [looks]

    def pause(_: float) -> None:
        left[0] -= 1
        account.tick()

    pace = Pace(lambda: left[0], pause, look=1)
    return list(round_of(Services(account), standing=STANDING, now=lambda: now, pace=pace, most=most))


def told(outcomes: list[Outcome]) -> dict[str, tuple[str, str]]:
    return {one.environment: (one.verdict, one.why) for one in outcomes}


EXPIRED = "it expired at 2026-01-08T00:00:00Z"


def test_what_expired_is_removed_and_what_stands_for_good_or_still_lives_is_not(account: Account) -> None:
    fresh = environment_id("new")
    build(account, OLD[0], ref="old/a")
    build(account, fresh, ref="new")
    for stack in account.stacks:
        if fresh in stack.name:
            stack.changed = NOW - dt.timedelta(days=6)
    before = [standing(account, name) for name in ("dev", "prod", fresh)]

    assert told(tick(account)) == {OLD[0]: ("removed", EXPIRED)}
    assert account.of(OLD[0]) == []
    assert [standing(account, name) for name in ("dev", "prod", fresh)] == before
    assert tick(account) == []


def test_an_environment_that_was_extended_lives_on(account: Account) -> None:
    build(account, OLD[0], ref="old/a")
    account.add("parameter", f"{FOLDER}{OLD[0]}/expires-at", OLD[0], value="2026-03-02T00:00:00Z")

    assert due(Services(account), STANDING, NOW) == {}
    later = due(Services(account), STANDING, NOW + dt.timedelta(days=1))
    assert later == {OLD[0]: "it expired at 2026-03-02T00:00:00Z"}


def test_one_that_is_extended_after_it_was_listed_is_spared(account: Account) -> None:
    build(account, OLD[0], ref="old/a")

    def extend(call: str, _: bool) -> None:
        if call == "cloudformation.list_stack_resources":  # the list is made, and the teardown begins to read
            account.strike = lambda *_: None
            account.add("parameter", f"{FOLDER}{OLD[0]}/expires-at", OLD[0], value="2026-03-02T00:00:00Z")

    account.strike = extend
    (outcome,) = tick(account)

    assert (outcome.verdict, outcome.told) == (
        "spared",
        [f"environment {OLD[0]!r} was extended or deployed since it was listed"],
    )
    assert (account.touched, outcome.matters) == ([], False)


def test_one_that_is_deployed_after_it_was_listed_is_spared(account: Account) -> None:
    build(account, OLD[0], ref="old/a")

    def deploy(call: str, _: bool) -> None:
        if call == "cloudformation.list_stack_resources":
            account.strike = lambda *_: None
            account.stack(f"AssemblyLine-{OLD[0]}-Flights").changed = NOW

    account.strike = deploy

    assert [one.verdict for one in tick(account)] == ["spared"]
    assert account.touched == []


def test_what_no_stack_is_left_of_is_removed_by_its_tags(account: Account) -> None:
    build(account, OLD[0], ref="old/a")
    account.stacks = [stack for stack in account.stacks if OLD[0] not in stack.name]
    kinds = ("bucket", "table", "key")

    assert told(tick(account)) == {OLD[0]: ("removed", "it has no stack any more")}
    assert [line for line in account.of(OLD[0]) if line.split()[0] in kinds] == []


def test_a_destruction_that_broke_off_is_finished_though_the_environment_has_not_expired(account: Account) -> None:
    build(account, OLD[0], ref="old/a")
    account.stack(f"AssemblyLine-{OLD[0]}-Foundation").status = "DELETE_FAILED"
    now = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)

    assert told(tick(account, now=now)) == {OLD[0]: ("removed", "its destruction broke off")}


def test_no_more_than_so_many_go_in_a_round_and_the_others_in_the_next(account: Account) -> None:
    for ref, name in zip(("old/a", "old/b", "old/c"), OLD, strict=True):
        build(account, name, ref=ref)

    assert [one.verdict for one in tick(account, most=2)] == ["removed", "removed", "later"]
    assert [one.verdict for one in tick(account, most=2)] == ["removed"]
    assert [account.of(name) for name in OLD] == [[], [], []]


def test_a_round_without_time_goes_on_in_the_next(account: Account) -> None:
    build(account, OLD[0], ref="old/a")

    verdicts = [tick(account, looks=2)[0].verdict for _ in range(2)]
    assert verdicts == ["left", "left"]
    assert [one.verdict for one in tick(account)] == ["removed"]


def test_one_whose_tags_and_id_disagree_is_refused_and_does_not_keep_others(account: Account) -> None:
    build(account, OLD[0], ref="old/b")
    build(account, OLD[2], ref="old/c")

    found = told(tick(account, most=1))

    assert found == {OLD[0]: ("refused", EXPIRED), OLD[2]: ("removed", EXPIRED)}
    assert {owner for _, owner in account.touched} == {OLD[2]}


def test_a_stack_that_calls_itself_by_a_standing_name_is_never_due(account: Account) -> None:
    for stack in account.stacks:
        stack.tags = {**stack.tags, "ref": "dev", "protected": "false"}
        stack.tags.pop("protected")

    assert due(Services(account), STANDING, NOW) == {}
