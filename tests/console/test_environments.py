from __future__ import annotations

import datetime as dt

import pytest

from cli.env_list import show
from config import tags
from config.branches import environment_id
from config.errors import LineError
from config.loading import ROOT
from console.environs import behind, cost_of, environments, spent_by
from runtime import chronicle, ledger
from runtime.environments import standing
from tests.console.looked_at import HOME, Looked
from tests.moto_server import Aws

REF = "feature/live"
NAME = environment_id(REF)
OF = {tags.PROJECT: tags.PROJECT_VALUE}


@pytest.fixture(scope="module")
def looked(aws: Aws) -> Looked:
    """An account with the environment of a branch, at which the console looks, and one that stands for good."""
    branch = {**OF, tags.ENVIRONMENT: NAME, tags.REF: tags.encoded(REF)}
    made = Looked(aws, environment=NAME, tags=branch)
    made.stack("lines", {"Owner": "ada@example.com", "TtlDays": "3"}, tags=branch)
    other = Looked(aws)
    other.stack("shop", {}, tags={**OF, tags.ENVIRONMENT: other.environment, tags.PROTECTED: "true"})
    made.forget()
    return made


def test_an_environment_shows_whose_it_is_and_until_when(looked: Looked) -> None:
    one = next(one for one in environments(looked.place).each if one.standing.name == NAME)
    assert (one.standing.owner, one.standing.ref, one.ends, one.is_here) == (
        "ada@example.com",
        REF,
        "in 2 d 23 h",
        True,
    )
    shown = looked.get("/environments")
    assert "ada@example.com" in shown
    assert f"/actions/extend?environment={NAME}" in shown
    assert "stands for good" in shown


@pytest.mark.last
def test_an_environment_lives_longer_once_it_is_asked_to(looked: Looked) -> None:
    assert f"the environment of {REF}, expires" in looked.get(f"/actions/extend?environment={NAME}")
    form = {"form_token": looked.form_token, "key": "extend-1", "environment": NAME, "days": "30"}
    looked.browser.post("/actions/extend", data=form, headers={"Origin": HOME})
    assert "lives until" in looked.until("/done/extend-1", "lives until")
    kept = list(ledger.actions(looked.aws.plain("dynamodb"), looked.table, "foundation"))
    assert [one.what for one in kept].count(f"extend environment={NAME} days=30") == 1
    looked.forget()
    one = next(one for one in environments(looked.place).each if one.standing.name == NAME)
    assert one.ends == "in 29 d 23 h"


@pytest.mark.parametrize("days", ["0", "91", "soon", ""])
def test_a_number_of_days_that_is_none_changes_nothing(looked: Looked, days: str) -> None:
    key = f"extend-bad-{days}"
    form = {"form_token": looked.form_token, "key": key, "environment": NAME, "days": days}
    looked.browser.post("/actions/extend", data=form, headers={"Origin": HOME})
    assert "is no number of days, expected 1 to 90" in looked.until(f"/done/{key}", "failed")


def test_an_environment_that_stands_for_good_is_not_extended(looked: Looked) -> None:
    answer = looked.browser.get("/actions/extend?environment=prod")
    assert (answer.status_code, "stands for good, expected a branch" in answer.text) == (400, True)


def test_what_is_deployed_is_priced(looked: Looked) -> None:
    found = cost_of(looked.place, NAME).estimate
    assert found.region == "us-east-1"
    assert "together" in looked.get(f"/environments/{NAME}/cost")
    assert "does not stand here, expected one of" in looked.get("/environments/nowhere/cost")


def test_what_an_environment_did_cost_is_told_by_line(looked: Looked) -> None:
    shown = looked.get(f"/environments/{NAME}/spent")
    assert "Cost Explorer knows no cost of the last 30 days" in shown
    with pytest.raises(LineError, match=f"environment {NAME}: Cost Explorer knows no cost"):
        spent_by(looked.place, NAME)


def test_an_environment_tells_its_last_deploy_and_how_far_that_is_behind(looked: Looked) -> None:
    now, dynamodb = dt.datetime.now(dt.UTC), looked.aws.plain("dynamodb")
    for i, commit in enumerate(("1" * 40, "2" * 40)):
        at = now - dt.timedelta(hours=2 - i)
        told = chronicle.deployed(environment=NAME, id_=f"d{i}", at=at, status="failed", commit=commit, commits=[])
        chronicle.keep_deploy(dynamodb, looked.table, told)
    looked.forget()
    one = next(one for one in environments(looked.place).each if one.standing.name == NAME)
    assert one.deployed.startswith("failed ")
    assert one.deployed.endswith("commit 2222222222")
    assert one.drift == "its commit is not in this repository: fetch, to see how far it is behind"


def test_how_far_a_deploy_is_behind_is_counted_in_commits() -> None:
    assert "is not in this repository" in behind("0" * 40, "HEAD")
    assert "is not in this repository" in behind("--output=x", "HEAD")
    if (ROOT / ".git").exists():
        assert behind("HEAD", "HEAD") == "as this repository is"


@pytest.mark.parametrize(
    ("service", "told"), [("ssm", "put expiry off is not known"), ("dynamodb", "its deploys cannot be read")]
)
def test_a_denied_service_costs_what_it_knows_and_no_more(looked: Looked, service: str, told: str) -> None:
    looked.refuse[service] = "AccessDeniedException"
    looked.forget()
    try:
        shown = looked.get("/environments")
        assert told in shown
        assert "ada@example.com" in shown
    finally:
        looked.refuse.clear()
        looked.forget()


def test_the_list_of_environments_shows_costs_where_it_is_asked(
    looked: Looked, capsys: pytest.CaptureFixture[str]
) -> None:
    there = standing(looked.client("cloudformation"), looked.client("ssm"))
    costs = {one.name: cost_of(looked.place, one.name).estimate for one in there}
    show(there, dt.datetime.now(dt.UTC), costs=costs)
    assert "USD a month, idle" in capsys.readouterr().out
