"""The clients of the AWS in memory: as much of each service as a teardown calls, in the words of its API.

Those of services that hold data are in ``data_services``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.runtime.teardown.account import refuse
from tests.runtime.teardown.data_services import Data

Json = dict[str, Any]


@dataclass
class Client:
    """A service: a method of it is ``<service>_<operation>`` of ``Services``."""

    services: Services
    service: str
    exceptions = SimpleNamespace(ClientError=ClientError)

    def __getattr__(self, operation: str) -> Any:
        account, call = self.services.account, f"{self.service}.{operation}"
        work = getattr(self.services, f"{self.service}_{operation}".replace("-", "_"))

        def called(**given: Any) -> Json:
            account.strike(call, False)
            account.calls.append(call)
            answer: Json = work(given)
            account.heard(self.service, operation, given, answer)
            account.strike(call, True)
            return answer

        return called

    def get_paginator(self, operation: str) -> Any:
        return Paginator(getattr(self, operation))


@dataclass
class Paginator:
    """All that there is stands on one page."""

    call: Any

    def paginate(self, **given: Any) -> Iterator[Json]:
        yield self.call(**given)


@dataclass
class Services(Data):
    def __call__(self, service: str) -> Client:
        return Client(self, service)

    def cloudformation_describe_stacks(self, given: Json) -> Json:
        if "StackName" in given:
            found = [self.account.stack(given["StackName"])]
        else:
            found = [one for one in self.account.stacks if one.status != "DELETE_COMPLETE"]
        return {
            "Stacks": [
                {
                    "StackId": one.id,
                    "StackName": one.name,
                    "StackStatus": one.status,
                    "EnableTerminationProtection": one.protected,
                    "Tags": _listed(one.tags),
                    "CreationTime": one.changed,
                    "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in one.outputs.items()],
                }
                for one in found
            ]
        }

    def cloudformation_list_stacks(self, given: Json) -> Json:
        found = [one for one in self.account.stacks if one.status in given["StackStatusFilter"]]
        return {"StackSummaries": [{"StackId": one.id, "StackName": one.name} for one in found]}

    def cloudformation_list_stack_resources(self, given: Json) -> Json:
        return {"StackResourceSummaries": [dict(one) for one in self.account.stack(given["StackName"]).resources]}

    def cloudformation_delete_stack(self, given: Json) -> Json:
        stack = self.account.stack(given["StackName"])
        self.account.touched.append(("cloudformation.delete_stack", stack.tags["environment"]))
        if stack.status == "DELETE_COMPLETE":
            return {}
        busy = stack.status.endswith("_IN_PROGRESS") and not stack.status.startswith(("DELETE", "REVIEW"))
        if stack.protected or busy:
            refuse("ValidationError", f"Stack {stack.name} cannot be deleted while in status {stack.status}")
        if given.get("RetainResources") and stack.status != "DELETE_FAILED":
            refuse("ValidationError", "RetainResources is for stacks in the DELETE_FAILED state")
        stack.status, stack.doomed, stack.retained = "DELETE_IN_PROGRESS", True, tuple(given.get("RetainResources", ()))
        return {}

    def resourcegroupstaggingapi_get_resources(self, given: Json) -> Json:
        wanted = {one["Key"]: one.get("Values") for one in given["TagFilters"]}
        return {
            "ResourceTagMappingList": [
                {"ResourceARN": thing.facts["arn"], "Tags": _listed(thing.tags)}
                for thing in self.account.things.values()
                if thing.tags
                and all(key in thing.tags and (not v or thing.tags[key] in v) for key, v in wanted.items())
            ]
        }

    def events_describe_rule(self, given: Json) -> Json:
        return {"State": self.account.has("rule", given["Name"]).facts["state"]}

    def events_disable_rule(self, given: Json) -> Json:
        self.account.change("events.disable_rule", "rule", given["Name"]).facts["state"] = "DISABLED"
        return {}

    def stepfunctions_list_executions(self, given: Json) -> Json:
        machine = given["stateMachineArn"]
        self.account.has("machine", machine, "StateMachineDoesNotExist")
        return {
            "executions": [{"executionArn": name} for name in self.account.within("execution", machine=machine)],
        }

    def stepfunctions_stop_execution(self, given: Json) -> Json:
        self.account.drop("stepfunctions.stop_execution", "execution", given["executionArn"], "ExecutionDoesNotExist")
        return {}

    def glue_get_job_runs(self, given: Json) -> Json:
        self.account.has("job", given["JobName"], "EntityNotFoundException")
        runs = self.account.within("jobrun", job=given["JobName"])
        return {"JobRuns": [{"Id": name, "JobRunState": "RUNNING"} for name in runs]}

    def glue_batch_stop_job_run(self, given: Json) -> Json:
        self.account.drop("glue.batch_stop_job_run", "jobrun", given["JobRunIds"][0])
        return {}

    def batch_list_jobs(self, given: Json) -> Json:
        jobs = self.account.within("batchjob", queue=given["jobQueue"], status=given["jobStatus"])
        return {"jobSummaryList": [{"jobId": name} for name in jobs]}

    def batch_terminate_job(self, given: Json) -> Json:
        self.account.drop("batch.terminate_job", "batchjob", given["jobId"])
        return {}

    def sagemaker_list_training_jobs(self, _: Json) -> Json:
        return {"TrainingJobSummaries": [{"TrainingJobName": one} for one in self.account.named("training")]}

    def sagemaker_describe_training_job(self, given: Json) -> Json:
        return {"RoleArn": self.account.has("training", given["TrainingJobName"]).facts["role"]}

    def sagemaker_stop_training_job(self, given: Json) -> Json:
        self.account.drop("sagemaker.stop_training_job", "training", given["TrainingJobName"])
        return {}

    def sagemaker_describe_endpoint(self, given: Json) -> Json:
        found = self.account.has("endpoint", given["EndpointName"], "ValidationException")
        return {"EndpointStatus": found.facts["status"], "EndpointConfigName": ""}

    def sagemaker_delete_endpoint(self, given: Json) -> Json:
        found = self.account.change(
            "sagemaker.delete_endpoint", "endpoint", given["EndpointName"], "ValidationException"
        )
        if found.facts["status"] in ("Creating", "Updating"):
            refuse("ValidationException", "Cannot delete an endpoint in progress")
        del self.account.things["endpoint", given["EndpointName"]]
        return {}

    def application_autoscaling_deregister_scalable_target(self, given: Json) -> Json:
        self.account.drop(
            "autoscaling.deregister_scalable_target", "target", given["ResourceId"], "ObjectNotFoundException"
        )
        return {}

    def sagemaker_list_endpoint_configs(self, given: Json) -> Json:
        found = [name for name in self.account.named("config") if given["NameContains"] in name]
        return {"EndpointConfigs": [{"EndpointConfigName": name} for name in found]}

    def sagemaker_delete_endpoint_config(self, given: Json) -> Json:
        self.account.drop("sagemaker.delete_endpoint_config", "config", given["EndpointConfigName"])
        return {}

    def sagemaker_list_models(self, given: Json) -> Json:
        found = [name for name in self.account.named("model") if given["NameContains"] in name]
        return {"Models": [{"ModelName": name} for name in found]}

    def sagemaker_delete_model(self, given: Json) -> Json:
        self.account.drop("sagemaker.delete_model", "model", given["ModelName"])
        return {}

    def sagemaker_list_model_packages(self, given: Json) -> Json:
        self.account.has("group", given["ModelPackageGroupName"], "ValidationException")
        found = self.account.within("package", group=given["ModelPackageGroupName"])
        return {"ModelPackageSummaryList": [{"ModelPackageArn": name} for name in found]}

    def sagemaker_delete_model_package(self, given: Json) -> Json:
        self.account.drop("sagemaker.delete_model_package", "package", given["ModelPackageName"])
        return {}

    def cloudwatch_describe_alarms(self, given: Json) -> Json:
        found = self.account.named("alarm", given["AlarmNamePrefix"])
        return {"MetricAlarms": [{"AlarmName": name} for name in found]}

    def cloudwatch_delete_alarms(self, given: Json) -> Json:
        self.account.drop("cloudwatch.delete_alarms", "alarm", given["AlarmNames"][0])
        return {}

    def cloudwatch_list_dashboards(self, given: Json) -> Json:
        found = self.account.named("dashboard", given["DashboardNamePrefix"])
        return {"DashboardEntries": [{"DashboardName": name} for name in found]}

    def cloudwatch_delete_dashboards(self, given: Json) -> Json:
        self.account.drop("cloudwatch.delete_dashboards", "dashboard", given["DashboardNames"][0])
        return {}


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
