"""An environment is torn down in whatever state it is, however often, and nothing else with it."""

from __future__ import annotations

from typing import Any

import pytest

from config.branches import environment_id
from config.errors import LineError
from runtime.teardown.destroy import destroy, plan
from runtime.teardown.owned import read
from runtime.teardown.pace import Pace
from tests.runtime.teardown.account import Account
from tests.runtime.teardown.attempts import attempt
from tests.runtime.teardown.environments import build, standing
from tests.runtime.teardown.services import Services

REF = "feature/prices"
ID = environment_id(REF)
FOUNDATION, FLIGHTS = f"AssemblyLine-{ID}-Foundation", f"AssemblyLine-{ID}-Flights"


@pytest.fixture
def account() -> Account:
    """An account with dev and the environment of a branch, both in use."""
    account = Account()
    build(account, "dev")
    build(account, ID, ref=REF)
    return account


def test_everything_of_the_environment_goes_and_everything_else_stays(account: Account) -> None:
    before = standing(account, "dev")

    report = attempt(account, ID)

    assert (report.left, account.of(ID)) == ([], [])
    assert standing(account, "dev") == before
    assert {owner for _, owner in account.touched} == {ID}


def test_what_is_planned_is_what_is_removed(account: Account) -> None:
    planned = plan(Services(account), read(Services(account), ID))
    removed = attempt(account, ID).removed

    assert {(one.kind, one.name) for one in planned} <= {(one.kind, one.name) for one in removed}
    assert account.touched


def test_a_second_destruction_finds_nothing_and_changes_nothing(account: Account) -> None:
    attempt(account, ID)
    account.touched.clear()

    report = attempt(account, ID)

    assert (report.removed, report.left, account.touched) == ([], [], [])


def test_what_never_existed_is_destroyed_by_changing_nothing(account: Account) -> None:
    report = attempt(account, environment_id("never/deployed"))

    assert (report.existed, account.touched) == (False, [])


def test_an_environment_that_was_never_used_goes_too() -> None:
    account = Account()
    build(account, ID, ref=REF, used=False)

    assert (attempt(account, ID).left, account.of(ID)) == ([], [])


@pytest.mark.parametrize(
    "status", ["CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"]
)
def test_a_stack_that_failed_or_was_never_made_goes(account: Account, status: str) -> None:
    account.stack(FLIGHTS).status = status

    assert (attempt(account, ID).left, account.of(ID)) == ([], [])


def test_a_stack_whose_deletion_failed_is_deleted_without_what_blocked_it(account: Account) -> None:
    for name in (FLIGHTS, FOUNDATION):
        Services(account)("cloudformation").delete_stack(StackName=name)
    account.tick()
    assert [account.stack(name).status for name in (FLIGHTS, FOUNDATION)] == ["DELETE_FAILED"] * 2

    assert (attempt(account, ID).left, account.of(ID)) == ([], [])


def test_a_custom_resource_whose_function_fails_is_left_out_after_the_sweeps_did_its_work(account: Account) -> None:
    account.broken_functions = True

    assert (attempt(account, ID).left, account.of(ID)) == ([], [])


def test_an_endpoint_that_is_being_updated_is_waited_for(account: Account) -> None:
    report = attempt(account, ID, looks=0)

    assert [one.kind for one in report.left] == ["endpoint"]
    assert report.left[0].left == (
        "it is Updating, which SageMaker does not delete: destroy the environment again later"
    )
    assert account.stack(FLIGHTS).status == "CREATE_COMPLETE"
    account.tick()
    assert attempt(account, ID).left == []


def test_a_deploy_in_progress_is_waited_for_before_anything_is_touched(account: Account) -> None:
    account.stack(FLIGHTS).status = "UPDATE_IN_PROGRESS"

    report = attempt(account, ID, looks=0)

    assert [str(one) for one in report.left] == [
        f"stack {FLIGHTS}: it is UPDATE_IN_PROGRESS: wait until that has ended, and destroy it again"
    ]
    assert account.touched == []
    assert attempt(account, ID).left == []


def test_whoever_deploys_the_environment_anew_while_it_is_destroyed_keeps_it(account: Account) -> None:
    def deploy(call: str, after: bool) -> None:
        if call == "s3.delete_objects" and after:
            account.strike = lambda *_: None
            build(account, ID, ("fleet",), ref=REF)

    account.strike = deploy
    with pytest.raises(LineError) as raised:
        attempt(account, ID)

    assert str(raised.value) == (
        f"environment {ID!r} is being deployed anew ({FOUNDATION}, AssemblyLine-{ID}-Fleet) while it is destroyed: "
        "let that end, and destroy it again if it is to go"
    )
    assert account.stack(f"AssemblyLine-{ID}-Fleet").status == "CREATE_COMPLETE"


def test_a_stack_of_the_same_name_that_was_made_right_before_the_deletion_is_not_the_one_that_goes(
    account: Account,
) -> None:
    def replace(call: str, after: bool) -> None:
        if call == "cloudformation.delete_stack" and not after:
            account.strike = lambda *_: None
            for name in (FLIGHTS, FOUNDATION):
                account.stack(name).status = "DELETE_COMPLETE"
            build(account, ID, ref=REF)

    account.strike = replace
    with pytest.raises(LineError, match="is being deployed anew"):
        attempt(account, ID)

    assert [account.stack(name).status for name in (FLIGHTS, FOUNDATION)] == ["CREATE_COMPLETE"] * 2


def test_data_that_a_stack_retained_goes_by_its_tags(account: Account) -> None:
    for one in account.stack(FOUNDATION).resources:
        one["Retain"] = one["Kind"] in ("bucket", "table", "key")

    assert (attempt(account, ID).left, account.of(ID)) == ([], [])


def test_something_tagged_that_no_sweep_knows_is_told_of(account: Account) -> None:
    attempt(account, ID)
    arn = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1"
    carried = {"project": "assembly-line", "environment": ID, "ref": REF}
    account.add("filesystem", "fs-1", ID, carried, arn=arn)

    assert [str(one) for one in attempt(account, ID).left] == [
        f"resource {arn}: no sweep knows how to delete elasticfilesystem {arn}: delete it by hand"
    ]


def test_an_object_that_cannot_be_deleted_keeps_the_foundation_and_is_named(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = Services(account)
    refused: Any = {"Errors": [{"Key": "kept", "Code": "AccessDenied", "Message": "Access Denied"}]}
    monkeypatch.setattr(services, "s3_delete_objects", lambda _: refused)

    report = destroy(services, ID, standing=[], pace=Pace(lambda: 1e9, account.tick))

    assert {one.left for one in report.left} == {"S3 refuses 1 of its objects: Access Denied"}
    assert account.stack(FOUNDATION).status == "CREATE_COMPLETE"


def test_lines_are_known_by_their_whole_name_where_one_environments_begins_with_anothers() -> None:
    account = Account()
    build(account, ID, ("call_centre",), ref=REF)
    build(account, f"{ID}-x", ("flights",))

    assert read(Services(account), ID).lines == ["call_centre"]
