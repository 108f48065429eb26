"""What a template's resources cost a month while nothing happens: what is there, and what a clock starts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from runtime.cost.estimate import Bill, Template, Usage, station_of
from runtime.cost.jobs import fargate, function

Resource = Mapping[str, Any]

_SECONDS_PER_HOUR = 3600
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_PER_HOUR = {"minute": 60.0, "hour": 1.0, "day": 1 / 24}
_FIELDS = 6


def idle(template: Template, bill: Bill, usage: Usage) -> None:
    """Add what each resource costs; one whose type is neither priced nor known to cost nothing is told."""
    free = {type_ for types in bill.prices.nothing_idle.values() for type_ in types}
    for name, resource in template["Resources"].items():
        type_ = resource["Type"]
        rule = _RULES.get(type_)
        if rule is not None:
            rule(name, resource, template, bill, usage)
        elif type_ not in free and not type_.startswith("Custom::"):
            bill.unknown(f"type {type_}", name)
    _endpoint(template, bill)
    if usage.stored_gb:
        bill.add("data that is kept", "AWS::S3::Bucket", "", usage.stored_gb, "s3.standard")


Rule = Callable[[str, Resource, Template, Bill, Usage], None]


def _each(price: str) -> Rule:
    """A resource that costs a sum a month."""

    def rule(name: str, resource: Resource, _: Template, bill: Bill, __: Usage) -> None:
        bill.add(name, resource["Type"], station_of(resource), 1, price)

    return rule


def _hourly(price: str) -> Rule:
    def rule(name: str, resource: Resource, _: Template, bill: Bill, __: Usage) -> None:
        bill.add(name, resource["Type"], station_of(resource), bill.prices.hours_per_month, price)

    return rule


def _alarm(name: str, resource: Resource, _: Template, bill: Bill, __: Usage) -> None:
    """An alarm costs by the metrics that it reads, more when it reads them every few seconds."""
    given = resource["Properties"]
    read = [one["MetricStat"] for one in given.get("Metrics", []) if "MetricStat" in one]
    periods = [int(one["Period"]) for one in read] or [int(given.get("Period", 300))]
    quick = min(periods) < 60
    price = "cloudwatch.alarm_quick" if quick else "cloudwatch.alarm"
    bill.add(name, resource["Type"], station_of(resource), max(1, len(read)), price)


def _vpc_endpoint(name: str, resource: Resource, _: Template, bill: Bill, __: Usage) -> None:
    given = resource["Properties"]
    if given.get("VpcEndpointType", "Gateway") == "Gateway":
        return  # costs nothing
    hours = bill.prices.hours_per_month * len(given["SubnetIds"])
    bill.add(name, resource["Type"], station_of(resource), hours, "vpc.interface_endpoint")


def _polling(name: str, resource: Resource, _: Template, bill: Bill, __: Usage) -> None:
    """A function's queue is asked again and again, though nothing is in it."""
    assumed = bill.prices.assumed
    asked = assumed.pollers * bill.prices.hours_per_month * _SECONDS_PER_HOUR / assumed.poll_seconds
    bill.add(name, resource["Type"], station_of(resource), asked, "sqs.request")


def _clock(name: str, resource: Resource, template: Template, bill: Bill, usage: Usage) -> None:
    """What a schedule starts costs by how often it does."""
    when = resource["Properties"].get("ScheduleExpression")
    if when is None:
        return
    times = times_a_month(when, bill.prices.hours_per_month)
    if times is None:
        bill.unknown(f"schedule {when}", name)
        return
    for target in resource["Properties"].get("Targets", []):
        started = _named(target.get("BatchParameters", {}).get("JobDefinition")) or _named(target.get("Arn"))
        other = template["Resources"].get(started, {})
        if other.get("Type") == "AWS::Batch::JobDefinition":
            fargate(f"{name} → {started}", other, bill, usage, times=times)
        elif other.get("Type") == "AWS::Lambda::Function":
            function(f"{name} → {started}", other, bill, times=times)
        else:
            bill.unknown(f"target of a schedule: {other.get('Type', 'elsewhere')}", name)


def _machines(name: str, resource: Resource, _: Template, bill: Bill, __: Usage) -> None:
    """Machines that Batch starts for jobs alone cost nothing while there is none."""
    if int(resource["Properties"].get("ComputeResources", {}).get("MinvCpus", 0)):
        bill.unknown("machines that are kept for jobs", name)


def _person(name: str, resource: Resource, template: Template, bill: Bill, __: Usage) -> None:
    """A person of the workbench has a space: its disk, the hours that it runs, and a home where homes are kept."""
    domain = template["Resources"].get(_named(resource["Properties"]["DomainId"]), {}).get("Properties", {})
    given, assumed = domain.get("DefaultUserSettings", {}), bill.prices.assumed
    machine = given.get("JupyterLabAppSettings", {}).get("DefaultResourceSpec", {}).get("InstanceType", "default")
    disk = given.get("SpaceStorageSettings", {}).get("DefaultEbsStorageSettings", {}).get("DefaultEbsVolumeSizeInGb", 5)
    bill.add(name, resource["Type"], "", assumed.workbench_hours, f"sagemaker.studio.{machine}")
    bill.add(name, resource["Type"], "", disk, "sagemaker.studio.disk")
    if domain.get("HomeEfsFileSystemCreation", "Enabled") == "Enabled":
        bill.add(name, resource["Type"], "", assumed.home_gb, "efs.standard")


_RULES: dict[str, Rule] = {
    "AWS::Batch::ComputeEnvironment": _machines,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _each("cloudwatch.composite_alarm"),
    "AWS::CloudWatch::Dashboard": _each("cloudwatch.dashboard"),
    "AWS::EC2::EIP": _hourly("vpc.public_address"),
    "AWS::EC2::NatGateway": _hourly("vpc.nat_gateway"),
    "AWS::EC2::VPCEndpoint": _vpc_endpoint,
    "AWS::Events::Rule": _clock,
    "AWS::KMS::Key": _each("kms.key"),
    "AWS::Lambda::EventSourceMapping": _polling,
    "AWS::SageMaker::UserProfile": _person,
    "AWS::SecretsManager::Secret": _each("secretsmanager.secret"),
}


def _endpoint(template: Template, bill: Bill) -> None:
    """The endpoint is made by runs: whoever makes it is told how large."""
    for name, resource in template["Resources"].items():
        told = resource.get("Properties", {}).get("Environment", {})
        told = told.get("Variables", {}) if isinstance(told, dict) else {}
        if told.get("ENDPOINT_KIND") == "instance" and "INSTANCE_TYPE" in told:
            hours = bill.prices.hours_per_month * int(told["INSTANCE_COUNT"])
            price = f"sagemaker.hosting.{told['INSTANCE_TYPE']}"
            bill.add(f"endpoint, by {name}", "AWS::SageMaker::Endpoint", station_of(resource), hours, price)


def times_a_month(expression: str, hours: float) -> float | None:
    """Return how often a schedule fires in so many hours, or None for one that is more than a rate or a time of day.

    >>> times_a_month("rate(15 minutes)", 730), times_a_month("cron(0 3 * * ? *)", 720)
    (2920.0, 30.0)
    """
    if found := _RATE.fullmatch(expression):
        return hours * _PER_HOUR[found[2]] / int(found[1])
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    if len(fields) == _FIELDS and fields[2:] in (["*", "*", "?", "*"], ["?", "*", "*", "*"]):
        minutes, each = (_many(fields[0], 60), _many(fields[1], 24))
        return None if minutes is None or each is None else hours / 24 * minutes * each
    return None


def _many(field: str, of: int) -> int | None:
    if field == "*":
        return of
    if re.fullmatch(r"\d+(,\d+)*", field):
        return len(field.split(","))
    if found := re.fullmatch(r"(?:\*|0)/(\d+)", field):
        return -(-of // int(found[1]))
    return None


def _named(value: Any) -> str:
    """Return the logical id that a Ref or a GetAtt leads to."""
    if isinstance(value, dict):
        if "Ref" in value:
            return str(value["Ref"])
        if "Fn::GetAtt" in value:
            return str(value["Fn::GetAtt"][0])
        if found := re.search(r'"Ref": "(\w+)"', json.dumps(value)):
            return found[1]
    return ""
