"""EventBridge and Scheduler: buses, rules with their targets, archives, schedules."""

from __future__ import annotations

from local.resources.kinds import (
    Answer,
    Kind,
    Made,
    Properties,
    Site,
    accepting,
    again,
    anew,
    answered,
    creating,
    deleting,
    given,
    ref,
)
from local.resources.naming import Name

_PATTERN = r"[.\-_A-Za-z0-9]+"


def _create_rule(site: Site, properties: Properties) -> Answer:
    rule = {name: value for name, value in properties.items() if name != "Targets"}
    answer = site.call("events", "put_rule", **rule)
    if targets := properties.get("Targets"):
        bus = properties.get("EventBusName", "default")
        site.call("events", "put_targets", Rule=properties["Name"], EventBusName=bus, Targets=targets)
    return {"RuleArn": answer["RuleArn"]}


def _delete_rule(made: Made) -> None:
    name, bus = made.properties["Name"], made.properties.get("EventBusName", "default")
    if targets := made.properties.get("Targets"):
        ids = [target["Id"] for target in targets]
        made.site.call("events", "remove_targets", Rule=name, EventBusName=bus, Ids=ids)
    made.site.call("events", "delete_rule", Name=name, EventBusName=bus)


def _rule_ref(made: Made) -> str:
    bus, name = made.properties.get("EventBusName", "default"), made.properties["Name"]
    return name if bus == "default" else f"{bus.rsplit('/', 1)[-1]}|{name}"


def _bus_policy(site: Site, properties: Properties) -> Answer:
    policy = {"Version": "2012-10-17", "Statement": [properties["Statement"]]}
    return site.call("events", "put_permission", EventBusName=properties.get("EventBusName"), Policy=policy)


_delete_schedule = deleting(
    "scheduler", "delete_schedule", Name=ref, GroupName=lambda made: made.properties.get("GroupName", "default")
)


KINDS = [
    Kind(
        type="AWS::Events::EventBus",
        name=Name("Name", longest=256, pattern=r"[/.\-_A-Za-z0-9]+"),
        create=creating("events", "create_event_bus"),
        ref=given("Name"),
        attributes={"Arn": answered("EventBusArn"), "Name": ref},
        delete=deleting("events", "delete_event_bus", Name=ref),
        ignored=accepting("Policy"),
    ),
    Kind(
        type="AWS::Events::EventBusPolicy",
        create=_bus_policy,
        ref=given("StatementId"),
        accepts=accepting("EventBusName", "StatementId", "Statement"),
        update=again(_bus_policy),
    ),
    Kind(
        type="AWS::Events::Rule",
        name=Name("Name", longest=64, pattern=_PATTERN),
        create=_create_rule,
        ref=_rule_ref,
        attributes={"Arn": answered("RuleArn")},
        delete=_delete_rule,
        update=anew(_create_rule, _delete_rule),
    ),
    Kind(
        type="AWS::Events::Archive",
        name=Name("ArchiveName", longest=48, pattern=_PATTERN),
        create=creating("events", "create_archive", renamed={"SourceArn": "EventSourceArn"}),
        ref=given("ArchiveName"),
        attributes={"Arn": answered("ArchiveArn"), "ArchiveName": ref},
        delete=deleting("events", "delete_archive", ArchiveName=ref),
    ),
    Kind(
        type="AWS::Scheduler::Schedule",
        name=Name("Name", longest=64, pattern=_PATTERN),
        create=creating("scheduler", "create_schedule"),
        ref=given("Name"),
        attributes={"Arn": answered("ScheduleArn")},
        delete=_delete_schedule,
        update=anew(creating("scheduler", "create_schedule"), _delete_schedule),
    ),
    Kind(
        type="AWS::Scheduler::ScheduleGroup",
        name=Name("Name", longest=64, pattern=_PATTERN),
        create=creating("scheduler", "create_schedule_group"),
        ref=given("Name"),
        attributes={"Arn": answered("ScheduleGroupArn")},
        delete=deleting("scheduler", "delete_schedule_group", Name=ref),
    ),
]
