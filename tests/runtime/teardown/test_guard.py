from __future__ import annotations

import pytest

from config.branches import environment_id
from runtime.teardown.guard import RefusedError
from tests.runtime.teardown.account import Account
from tests.runtime.teardown.attempts import attempt
from tests.runtime.teardown.environments import build

REF = "feature/prices"
ID = environment_id(REF)
FLIGHTS = f"AssemblyLine-{ID}-Flights"
BY_HAND = "look who made it, and remove by hand what is to go"


@pytest.fixture
def account() -> Account:
    account = Account()
    for name in ("dev", "prod"):
        build(account, name)
    build(account, ID, ref=REF)
    return account


def refused(account: Account, environment: str = ID) -> str:
    """Return why a teardown is refused, after which nothing was touched."""
    with pytest.raises(RefusedError) as raised:
        attempt(account, environment)
    assert account.touched == []
    return str(raised.value)


@pytest.mark.parametrize("name", ["dev", "prod", "local", "dev-flights", "nobody", "", "*", f"{ID}*", ID.upper()])
def test_what_is_no_branchs_environment_is_refused(account: Account, name: str) -> None:
    assert refused(account, name) == (
        f"environment {name!r} is not a branch's, expected an id that ends in a branch's hash: the standing ones "
        "(dev, local, prod, qa) are protected; one of them goes with `cdk destroy -c env=<name>` alone, "
        "once `line env workbench <name> --clear` has emptied its workbench"
    )


def test_a_tag_that_protects_is_obeyed_wherever_it_is(account: Account) -> None:
    bucket = next(name for name in account.named("bucket") if ID in name)
    account.things["bucket", bucket].tags["protected"] = "true"

    assert refused(account) == f"environment {ID!r}: arn:aws:s3:::{bucket} carries the tag protected: {BY_HAND}"


def test_an_id_that_is_not_the_refs_is_refused(account: Account) -> None:
    account.stack(FLIGHTS).tags["ref"] = "feature/other"

    assert refused(account) == (
        f"environment {ID!r}: stack {FLIGHTS} carries the tag ref=feature/other, of which the id is "
        f"{environment_id('feature/other')}: {BY_HAND}"
    )


def test_a_ref_that_cannot_be_read_is_refused(account: Account) -> None:
    account.stack(FLIGHTS).tags["ref"] = "=zz"

    assert f"carries the tag ref==zz, of which the id is none: {BY_HAND}" in refused(account)


@pytest.mark.parametrize("tag", ["environment", "ref"])
def test_a_stack_without_its_tags_is_refused(account: Account, tag: str) -> None:
    stack = account.stack(FLIGHTS)
    stack.tags = {key: value for key, value in stack.tags.items() if key != tag}

    assert refused(account) == f"environment {ID!r}: stack {FLIGHTS} has no tag {tag}: {BY_HAND}"


def test_a_stack_of_this_name_that_is_tagged_as_another_environments_is_refused(account: Account) -> None:
    account.stack(FLIGHTS).tags["environment"] = "dev"

    assert refused(account) == f"environment {ID!r}: stack {FLIGHTS} carries the tag environment=dev: {BY_HAND}"


def test_termination_protection_is_obeyed(account: Account) -> None:
    account.stack(FLIGHTS).protected = True

    assert refused(account) == (
        f"environment {ID!r}: stack {FLIGHTS} has termination protection: turn it off first, if it really is to go"
    )
