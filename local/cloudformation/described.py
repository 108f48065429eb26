"""What CloudFormation tells of stacks: descriptions, lists, events, templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from local.cloudformation.requested import Given, RefusedError, needed_capability, read_template, read_wanted
from local.cloudformation.stacks import Event, Stack
from local.deployment import outputs_of

if TYPE_CHECKING:
    from local.cloudformation.change_sets import ChangeSet
    from local.server import EmbeddedAws

Answer = dict[str, Any]


class Described:
    """The calls that only look."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws

    def stack(self, name: str) -> Stack:
        """Return a stack by name or id; raises RefusedError where there is none."""
        found = self.aws.stacks.find(name)
        if found is None:
            raise RefusedError(f"Stack with id {name} does not exist")
        return found

    def change_set(self, given: Given) -> ChangeSet:
        """Return a change set by its id, or by its name and its stack's; raises RefusedError where there is none."""
        wanted = given["ChangeSetName"]
        stacks = [self.stack(given["StackName"])] if given.get("StackName") else list(self.aws.stacks)
        for stack in stacks:
            for found in stack.change_sets.values():
                if wanted in (found.id, found.name):
                    return found
        raise RefusedError(f"ChangeSet [{wanted}] does not exist", code="ChangeSetNotFound", status=404)

    def describe_stacks(self, given: Given) -> Answer:
        named = given.get("StackName")
        stacks = [self.stack(named)] if named else self.aws.stacks.present()
        return {"Stacks": [self._stack(one) for one in stacks]}

    def list_stacks(self, given: Given) -> Answer:
        chosen = given.get("StackStatusFilter") or []
        return {"StackSummaries": [_summary(one) for one in self.aws.stacks if not chosen or one.status in chosen]}

    def describe_stack_events(self, given: Given) -> Answer:
        stack = self.stack(given["StackName"])
        return {"StackEvents": [_event(stack, one) for one in reversed(list(stack.events))]}

    def describe_events(self, given: Given) -> Answer:
        if given.get("ChangeSetName") and not given.get("StackName"):
            stack = self.change_set(given).stack
        else:
            stack = self.stack(given["StackName"])
        failed = (given.get("Filters") or {}).get("FailedEvents")
        events = [one for one in reversed(list(stack.events)) if not failed or one.status.endswith("FAILED")]
        chosen = [one for one in events if given.get("OperationId") in (None, one.operation)]
        return {"OperationEvents": [_operation_event(stack, one) for one in chosen]}

    def list_stack_resources(self, given: Given) -> Answer:
        return {"StackResourceSummaries": list(self._resources(given))}

    def describe_stack_resources(self, given: Given) -> Answer:
        if not given.get("StackName"):
            physical = given.get("PhysicalResourceId")
            stacks = [s for s in self.aws.stacks.present() if any(m.ref == physical for m in s.made.values())]
            given = {**given, "StackName": stacks[0].name if stacks else str(physical)}
        return {"StackResources": [_moved(one) for one in self._resources(given)]}

    def describe_stack_resource(self, given: Given) -> Answer:
        wanted = given["LogicalResourceId"]
        found = [one for one in self._resources(given) if one["LogicalResourceId"] == wanted]
        if not found:
            raise RefusedError(f"Resource {wanted} does not exist for stack {given['StackName']}")
        return {"StackResourceDetail": found[0]}

    def get_template(self, given: Given) -> Answer:
        wanted = self.change_set(given).wanted if given.get("ChangeSetName") else self.stack(given["StackName"]).wanted
        return {"TemplateBody": wanted.body, "StagesAvailable": ["Original", "Processed"]}

    def get_template_summary(self, given: Given) -> Answer:
        if given.get("StackName"):
            template: Mapping[str, Any] = self.stack(given["StackName"]).wanted.template
        else:
            given = {**given, "StackName": "template", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
            body = given.get("TemplateBody")
            template = read_template(body) if body else read_wanted(self.aws, given, None).template
        capability = needed_capability(template)
        return {
            "Parameters": [
                {"ParameterKey": key, "ParameterType": one.get("Type", "String"), "DefaultValue": one.get("Default")}
                for key, one in template.get("Parameters", {}).items()
            ],
            "Description": template.get("Description"),
            "Capabilities": [capability] if capability else [],
            "ResourceTypes": sorted({one["Type"] for one in template["Resources"].values()}),
            "Version": template.get("AWSTemplateFormatVersion"),
        }

    def validate_template(self, given: Given) -> Answer:
        summary = self.get_template_summary(given)
        return {name: summary[name] for name in ("Description", "Capabilities", "Parameters")}

    def list_exports(self, _given: Given) -> Answer:
        return {
            "Exports": [
                {"ExportingStackId": stack.id, "Name": name, "Value": value}
                for stack in self.aws.stacks.present()
                for name, value in stack.exports.items()
            ]
        }

    def list_imports(self, given: Given) -> Answer:
        name = given["ExportName"]
        users = [stack.name for stack in self.aws.stacks.present() if name in stack.imports]
        if not users:
            raise RefusedError(f"Export '{name}' is not imported by any stack.")
        return {"Imports": users}

    def describe_change_set(self, given: Given) -> Answer:
        return self.change_set(given).described()

    def list_change_sets(self, given: Given) -> Answer:
        return {"Summaries": [one.summary() for one in self.stack(given["StackName"]).change_sets.values()]}

    def _stack(self, stack: Stack) -> Answer:
        wanted, values = stack.wanted, outputs_of(self.aws, stack)
        return {
            **_summary(stack),
            "Description": wanted.template.get("Description"),
            "Parameters": [
                {
                    "ParameterKey": key,
                    "ParameterValue": wanted.parameters.get(key, str(one.get("Default", ""))),
                }
                for key, one in wanted.template.get("Parameters", {}).items()
            ],
            "Outputs": [
                {
                    "OutputKey": one.key,
                    "OutputValue": values[one.key],
                    "Description": one.description,
                    "ExportName": one.export,
                }
                for one in stack.outputs
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in wanted.tags.items()],
            "Capabilities": list(wanted.capabilities),
            "RoleARN": wanted.role,
            "DisableRollback": False,
            "NotificationARNs": [],
            "EnableTerminationProtection": stack.protected,
        }

    def _resources(self, given: Given) -> Iterator[Answer]:
        stack = self.stack(given["StackName"])
        latest = {one.logical_id: one for one in stack.events}
        for logical_id, made in stack.made.items():
            event = latest[logical_id]
            yield {
                "StackName": stack.name,
                "StackId": stack.id,
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": made.ref,
                "ResourceType": made.kind.type,
                "LastUpdatedTimestamp": event.at,
                "ResourceStatus": event.status,
                "ResourceStatusReason": event.reason or None,
                "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
            }


def _summary(stack: Stack) -> Answer:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }


def _moved(resource: Answer) -> Answer:
    """Return a resource as DescribeStackResources names its time."""
    return {**resource, "Timestamp": resource["LastUpdatedTimestamp"]}


def _event(stack: Stack, event: Event) -> Answer:
    return {
        "StackId": stack.id,
        "EventId": event.id,
        "StackName": stack.name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id or None,
        "ResourceType": event.type,
        "Timestamp": event.at,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason or None,
        "ResourceProperties": event.properties or None,
        "ClientRequestToken": event.token or None,
        "OperationId": event.operation or None,
    }


def _operation_event(stack: Stack, event: Event) -> Answer:
    return {**_event(stack, event), "EventType": "STACK_EVENT"}
