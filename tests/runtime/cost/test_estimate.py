"""Costs computed by hand: each kind of thing that is paid for, and what has no price."""

from __future__ import annotations

from typing import Any

import pytest

from config.errors import LineError
from config.prices import load_prices
from runtime.cost.estimate import Estimate, Unpriced, Usage, estimate, together
from runtime.cost.idle import times_a_month

PRICES = load_prices()
STATION = [{"Key": "station", "Value": "training"}]


def cost(region: str = "us-east-1", usage: Usage | None = None, **resources: tuple[str, dict[str, Any]]) -> Estimate:
    template = {"Resources": {name: {"Type": type_, "Properties": given} for name, (type_, given) in resources.items()}}
    return estimate(template, prices=PRICES, region=region, usage=usage)


def job(command: str, *, vcpu: int, memory: int, tags: Any = None) -> tuple[str, dict[str, Any]]:
    needs = [{"Type": "VCPU", "Value": str(vcpu)}, {"Type": "MEMORY", "Value": str(memory)}]
    given = {
        "PlatformCapabilities": ["FARGATE"],
        "ContainerProperties": {"Command": [command], "ResourceRequirements": needs},
        **({"Tags": {"station": tags}} if tags else {}),
    }
    return "AWS::Batch::JobDefinition", given


def test_an_interface_endpoint_costs_every_hour_in_every_zone_and_a_gateway_nothing() -> None:
    interface = ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b"]})
    gateway = ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Gateway"})
    assert cost(one=interface, other=gateway).idle_usd == pytest.approx(2 * 730 * 0.01)
    assert cost("eu-central-1", one=interface).idle_usd == pytest.approx(2 * 730 * 0.012)


def test_an_alarm_costs_by_the_metrics_that_it_reads() -> None:
    stat = {"MetricStat": {"Period": 60}}
    plain = cost(a=("AWS::CloudWatch::Alarm", {"Period": 60}))
    two = cost(a=("AWS::CloudWatch::Alarm", {"Metrics": [stat, stat, {"Expression": "m1/m2"}]}))
    quick = cost(a=("AWS::CloudWatch::Alarm", {"Period": 10}))
    assert [one.idle_usd for one in (plain, two, quick)] == pytest.approx([0.10, 0.20, 0.30])


def test_a_queue_that_a_function_reads_is_asked_all_month() -> None:
    asked = 5 * 730 * 3600 / 20
    assert cost(a=("AWS::Lambda::EventSourceMapping", {})).idle_usd == pytest.approx(asked * 0.0000004)


def test_a_job_that_a_clock_starts_is_paid_for_while_nothing_happens() -> None:
    target = {"Arn": {"Fn::ImportValue": "q"}, "BatchParameters": {"JobDefinition": {"Ref": "Job"}}}
    rule = ("AWS::Events::Rule", {"ScheduleExpression": "cron(0 3 * * ? *)", "Targets": [target]})
    found = cost(Rule=rule, Job=job("maintain", vcpu=2, memory=8192), usage=Usage(minutes={"maintain": 6}))
    hours = 730 / 24 * 6 / 60
    assert found.idle_usd == pytest.approx(hours * (2 * 0.04048 + 8 * 0.004445))
    assert found.run_usd == 0  # no station's


def test_an_endpoint_on_instances_is_paid_for_by_the_hour_though_no_template_makes_it() -> None:
    told = {"ENDPOINT_KIND": "instance", "INSTANCE_TYPE": "ml.m6i.large", "INSTANCE_COUNT": "2"}
    function = ("AWS::Lambda::Function", {"Environment": {"Variables": told}})
    assert cost(Deploy=function).idle_usd == pytest.approx(2 * 730 * 0.115)
    serverless = ("AWS::Lambda::Function", {"Environment": {"Variables": {**told, "ENDPOINT_KIND": "serverless"}}})
    assert cost(Deploy=serverless).idle_usd == 0


def test_a_run_trains_every_candidate_and_works_at_each_station_once() -> None:
    found = cost(
        Train=job("train", vcpu=4, memory=16384, tags="training"),
        Glue=("AWS::Glue::Job", {"WorkerType": "G.2X", "NumberOfWorkers": 3, "Tags": {"station": "curation"}}),
        usage=Usage(minutes={"train": 15, "curate": 30}, trainings=4),
    )
    training = 4 * 15 / 60 * (4 * 0.04048 + 16 * 0.004445)
    curation = 0.5 * 2 * 3 * 0.44
    assert list(found.stations()) == ["curation", "training"]  # the dearest first
    assert found.stations()["training"] == pytest.approx((0, training))
    assert found.run_usd == pytest.approx(training + curation)


def test_a_station_that_was_measured_is_shared_out_among_its_jobs() -> None:
    found = cost(
        Set=job("dataset", vcpu=1, memory=1024, tags="training"),
        Train=job("train", vcpu=1, memory=1024, tags="training"),
        usage=Usage(measured={"training": 18}),
    )
    hour = 0.04048 + 0.004445
    assert found.run_usd == pytest.approx(hour * 18 / 60 * (2 + 5) / (2 + 5 + 2))


def test_a_job_is_never_shorter_than_the_minute_that_is_asked_for() -> None:
    found = cost(Train=job("train", vcpu=1, memory=1024, tags="training"), usage=Usage(minutes={"train": 0.1}))
    assert found.run_usd == pytest.approx((0.04048 + 0.004445) / 60)


def test_what_has_no_price_is_told_and_is_never_nothing() -> None:
    told = {"ENDPOINT_KIND": "instance", "INSTANCE_TYPE": "ml.p5.48xlarge", "INSTANCE_COUNT": "1"}
    found = cost(
        Cluster=("AWS::Redshift::Cluster", {}),
        Deploy=("AWS::Lambda::Function", {"Environment": {"Variables": told}}),
        Rule=("AWS::Events::Rule", {"ScheduleExpression": "cron(0 3 ? * MON *)", "Targets": []}),
    )
    assert found.unpriced == (
        Unpriced("price sagemaker.hosting.ml.p5.48xlarge", ("endpoint, by Deploy",)),
        Unpriced("schedule cron(0 3 ? * MON *)", ("Rule",)),
        Unpriced("type AWS::Redshift::Cluster", ("Cluster",)),
    )


def test_a_region_without_prices_is_told_with_those_that_have() -> None:
    with pytest.raises(LineError) as caught:
        cost("ap-south-1", a=("AWS::KMS::Key", {}))
    assert str(caught.value) == (
        "config/prices.yaml: region 'ap-south-1' has no prices, expected one of eu-central-1, us-east-1: "
        "add them to the table"
    )


def test_stacks_are_added_up() -> None:
    one = cost(a=("AWS::KMS::Key", {}), odd=("AWS::Odd::Thing", {}))
    both = together([one, cost(b=("AWS::KMS::Key", {"Tags": STATION}), odd=("AWS::Odd::Thing", {}))])
    assert both.idle_usd == pytest.approx(2.0)
    assert both.stations() == {"line": (1.0, 0), "training": (1.0, 0)}
    assert both.unpriced == (Unpriced("type AWS::Odd::Thing", ("odd", "odd")),)


@pytest.mark.parametrize(
    ("expression", "times"),
    [("rate(1 day)", 30), ("rate(6 hours)", 120), ("cron(0/30 * * * ? *)", 1440), ("cron(5 1,13 * * ? *)", 60)],
)
def test_a_schedule_is_counted(expression: str, times: float) -> None:
    assert times_a_month(expression, 720) == pytest.approx(times)


def test_every_price_says_where_it_was_read_or_that_it_was_not() -> None:
    regions = {frozenset(price.usd) for price in PRICES.prices.values()}
    assert regions == {frozenset({"eu-central-1", "us-east-1"})}
    assert [name for name, price in PRICES.prices.items() if not price.remembered and "://" not in price.checked] == []
