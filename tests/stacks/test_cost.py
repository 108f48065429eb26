"""What the environments cost by their templates, and what tells people of it."""

from __future__ import annotations

import json

import pytest

from config.prices import load_prices
from runtime.cost.estimate import Estimate, estimate, together
from tests.stacks.synthesis import Assembly, synthesized

ALARM = "AWS::CloudWatch::Alarm"


def cost(assembly: Assembly) -> Estimate:
    prices, region = load_prices(), "us-east-1" if assembly.environment == "local" else "eu-central-1"
    return together([estimate(one, prices=prices, region=region) for one in assembly.templates.values()])


def test_everything_has_a_price(assembly: Assembly) -> None:
    assert cost(assembly).unpriced == ()


def test_a_branchs_environment_costs_next_to_nothing_while_nothing_happens() -> None:
    found = cost(synthesized("branch", branch="feature/x"))
    assert found.unpriced == ()
    assert found.idle_usd < 5
    assert found.idle[0].price == "kms.key"  # the dearest thing that remains


def test_production_costs_what_it_adds() -> None:
    prod, dev = cost(synthesized("prod")), cost(synthesized("dev"))
    endpoints = sum(item.usd for item in prod.idle if item.price == "vpc.interface_endpoint")
    serving = sum(item.usd for item in prod.idle if item.price.startswith("sagemaker.hosting."))
    assert endpoints == pytest.approx(14 * 2 * 730 * 0.012)
    assert serving == pytest.approx(2 * 730 * 0.138)
    assert dev.idle_usd < 15 < endpoints + serving < prod.idle_usd


def test_a_branch_has_only_alarms_on_which_something_acts_or_of_dead_letters_and_no_dashboard() -> None:
    branch = synthesized("branch", branch="feature/x")
    kept = {name.partition("/")[2] for name in branch.properties(ALARM) if name.startswith("Flights/")}
    kept = {name for name in kept if "NotEmpty" not in name}
    assert {name[:15] for name in kept} == {"MonitoringDrift", "MonitoringPerfo", "ReleaseEndpoint"}
    assert list(branch.resources("AWS::CloudWatch::Dashboard", "AWS::CloudWatch::CompositeAlarm")) == []


def test_a_budget_speaks_at_each_threshold_to_the_alarm_topic(prod: Assembly) -> None:
    (budget,) = prod.properties("AWS::Budgets::Budget").values()
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:environment$prod"]}
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 2000, "Unit": "USD"}
    told = [one["Notification"] for one in budget["NotificationsWithSubscribers"]]
    assert [(one["NotificationType"], one["Threshold"]) for one in told] == [
        ("ACTUAL", 50),
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    for type_ in ("AWS::SNS::TopicPolicy", "AWS::KMS::Key"):  # the topic lets it in, and so does its key
        assert "budgets.amazonaws.com" in json.dumps(list(prod.properties(type_).values()))


def test_a_budget_is_made_after_the_policy_that_lets_it_speak(prod: Assembly) -> None:
    (budget,) = dict(prod.resources("AWS::Budgets::Budget")).values()
    assert any("Policy" in name for name in budget["DependsOn"])


def test_what_a_station_works_with_carries_its_tag(assembly: Assembly) -> None:
    wanted_of = {"AWS::Batch::JobDefinition": {"training", "scoring"}, "AWS::Glue::Job": {"curation", "features"}}
    for type_, wanted in wanted_of.items():
        jobs = assembly.properties(type_).values()
        assert {job["Tags"]["station"] for job in jobs if "station" in job.get("Tags", {})} == wanted
    manifest = json.loads((assembly.directory / "manifest.json").read_text())
    stack = manifest["artifacts"]["Flights"]["properties"]
    assert stack["tags"]["line"] == "flights"
