from __future__ import annotations

import json

import pytest

from cli import env_destroy
from cli.ending import UsageError
from config.branches import environment_id
from config.errors import LineError
from runtime.teardown.guard import RefusedError
from runtime.teardown.pace import Pace
from tests.runtime.teardown.account import Account
from tests.runtime.teardown.attempts import STANDING
from tests.runtime.teardown.environments import build
from tests.runtime.teardown.services import Services

REF = "feature/prices"
ID = environment_id(REF)
PLACE = "account 1, region eu"


@pytest.fixture
def account() -> Account:
    account = Account()
    build(account, "dev")
    build(account, ID, ref=REF)
    return account


def run(account: Account, which: str, *, typed: str | None = None, as_json: bool = False, looks: float = 1e9) -> int:
    """Run the command; without something typed it does not ask."""
    pace = Pace(lambda: looks, account.tick, look=1)
    destruction = env_destroy._Destruction(clients=Services(account), place=PLACE, standing=STANDING, pace=pace)
    return destruction.run(which, ask=None if typed is None else lambda _: typed, as_json=as_json)


@pytest.mark.parametrize("which", [REF, f"refs/heads/{REF}", ID])
def test_a_branch_or_an_id_is_destroyed(account: Account, which: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(account, which, typed=ID) == 0

    out, err = capsys.readouterr()
    assert (out, account.of(ID)) == (f"environment {ID}: 23 removed, 0 left\n", [])
    assert f"environment {ID} in {PLACE}:\n  stack AssemblyLine-{ID}-Foundation (CREATE_COMPLETE)\n" in err
    assert "  model: 2\n" in err
    assert f"deleting log group /aws/sagemaker/Endpoints/assembly-line-{ID}-flights\n" in err


def test_another_name_than_the_environments_destroys_nothing(account: Account) -> None:
    with pytest.raises(LineError) as raised:
        run(account, REF, typed="prices")

    assert str(raised.value) == f"environment {ID!r} stays: the name that was given is 'prices'"
    assert account.touched == []


def test_what_is_left_is_told_with_its_reason_and_status_1(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(account, ID, looks=0) == 1

    out, err = capsys.readouterr()
    assert out == f"environment {ID}: 14 removed, 1 left\n"
    assert err.endswith(
        f"left: endpoint assembly-line-{ID}-flights: it is Updating, which SageMaker does not delete: "
        "destroy the environment again later\n"
    )


def test_the_document_tells_the_same(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(account, ID, as_json=True, looks=0) == 1

    told = json.loads(capsys.readouterr().out)
    assert (told["environment"], len(told["removed"])) == (ID, 14)
    assert [(one["kind"], one["name"]) for one in told["left"]] == [("endpoint", f"assembly-line-{ID}-flights")]


def test_what_never_existed_is_no_failure(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(account, "never/deployed", typed="") == 0

    there = environment_id("never/deployed")
    assert capsys.readouterr().out == f"environment {there}: there is nothing of it in {PLACE}\n"
    assert account.touched == []


def test_a_standing_environment_is_refused_though_a_branch_may_be_called_so(account: Account) -> None:
    with pytest.raises(RefusedError, match="environment 'dev' is not a branch's"):
        run(account, "dev")
    build(account, environment_id("dev"), ref="dev")

    assert run(account, "refs/heads/dev") == 0
    assert account.of(environment_id("dev")) == []


def test_a_branch_that_is_called_like_another_environment_must_be_told_apart(account: Account) -> None:
    other = environment_id(ID)
    build(account, other, ref=ID)

    with pytest.raises(UsageError) as raised:
        run(account, ID)
    assert str(raised.value) == (
        f"{ID!r} is the id of one environment and the branch of another ({other}): give that id, or refs/heads/{ID} "
        "for the branch"
    )
    assert run(account, f"refs/heads/{ID}") == 0
    assert account.of(ID)


def test_a_pull_requests_merge_is_no_branch(account: Account) -> None:
    with pytest.raises(LineError, match=r"refs/pull/7/merge"):
        run(account, "refs/pull/7/merge")


def test_without_a_terminal_it_does_not_guess() -> None:
    with pytest.raises(UsageError, match="give --yes if it is"):
        env_destroy.destroy_environment(ID, yes=False, minutes=1, as_json=False)


def test_expired_credentials_are_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(LineError) as raised:
        env_destroy.destroy_environment(ID, yes=True, minutes=1, as_json=False)

    assert str(raised.value) == (
        f"environment {ID!r} could not be destroyed to the end (Could not connect to the endpoint URL: "
        '"http://127.0.0.1:1/"): see that the credentials of AWS_PROFILE are those of its account and have not '
        "expired, and destroy it again"
    )
