"""CloudWatch and Logs: alarms, dashboards, log groups, filters and resource policies."""

from __future__ import annotations

from local.resources.kinds import (
    Answer,
    Kind,
    Made,
    Properties,
    Site,
    accepting,
    again,
    arn,
    creating,
    deleting,
    given,
    ref,
)
from local.resources.naming import Name

_ANY = r"[^\x00-\x1f]+"
_GROUP = r"[a-zA-Z0-9_\-/.#]+"


def _create_group(site: Site, properties: Properties) -> Answer:
    name = properties["LogGroupName"]
    site.call(
        "logs",
        "create_log_group",
        logGroupName=name,
        kmsKeyId=properties.get("KmsKeyId"),
        logGroupClass=properties.get("LogGroupClass"),
        tags=properties.get("Tags"),
    )
    if "RetentionInDays" in properties:
        days = properties["RetentionInDays"]
        site.call("logs", "put_retention_policy", logGroupName=name, retentionInDays=days)
    return {}


def _update_group(made: Made, properties: Properties) -> Answer:
    if "RetentionInDays" in properties:
        days = properties["RetentionInDays"]
        made.site.call("logs", "put_retention_policy", logGroupName=made.ref, retentionInDays=days)
    elif "RetentionInDays" in made.given:
        made.site.call("logs", "delete_retention_policy", logGroupName=made.ref)
    return {}


KINDS = [
    Kind(
        type="AWS::CloudWatch::Alarm",
        name=Name("AlarmName", pattern=_ANY),
        create=creating("cloudwatch", "put_metric_alarm"),
        update=again(creating("cloudwatch", "put_metric_alarm")),
        ref=given("AlarmName"),
        attributes={"Arn": arn("cloudwatch", "alarm:{ref}")},
        delete=deleting("cloudwatch", "delete_alarms", AlarmNames=lambda made: [made.ref]),
    ),
    Kind(
        type="AWS::CloudWatch::CompositeAlarm",
        name=Name("AlarmName", pattern=_ANY),
        create=creating("cloudwatch", "put_composite_alarm"),
        update=again(creating("cloudwatch", "put_composite_alarm")),
        ref=given("AlarmName"),
        attributes={"Arn": arn("cloudwatch", "alarm:{ref}")},
        delete=deleting("cloudwatch", "delete_alarms", AlarmNames=lambda made: [made.ref]),
    ),
    Kind(
        type="AWS::CloudWatch::Dashboard",
        name=Name("DashboardName"),
        create=creating("cloudwatch", "put_dashboard"),
        update=again(creating("cloudwatch", "put_dashboard")),
        ref=given("DashboardName"),
        delete=deleting("cloudwatch", "delete_dashboards", DashboardNames=lambda made: [made.ref]),
    ),
    Kind(
        type="AWS::Logs::LogGroup",
        name=Name("LogGroupName", longest=512, pattern=_GROUP),
        create=_create_group,
        ref=given("LogGroupName"),
        attributes={"Arn": arn("logs", "log-group:{ref}:*")},
        delete=deleting("logs", "delete_log_group", logGroupName=ref),
        accepts=accepting("LogGroupName", "KmsKeyId", "LogGroupClass", "Tags", "RetentionInDays"),
        holds_data=True,
        update=_update_group,
    ),
    Kind(
        type="AWS::Logs::ResourcePolicy",
        name=Name("PolicyName", pattern=_ANY),
        create=creating("logs", "put_resource_policy"),
        ref=given("PolicyName"),
        delete=deleting("logs", "delete_resource_policy", policyName=ref),
        update=again(creating("logs", "put_resource_policy")),
    ),
    Kind(
        type="AWS::Logs::MetricFilter",
        name=Name("FilterName", longest=512, pattern=_ANY),
        create=creating("logs", "put_metric_filter"),
        ref=given("FilterName"),
        delete=deleting("logs", "delete_metric_filter", logGroupName=given("LogGroupName"), filterName=ref),
        update=again(creating("logs", "put_metric_filter")),
    ),
]
