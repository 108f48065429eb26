"""What runs, or would start a run: rules first, since the end of a run may start the next one."""

from __future__ import annotations

from collections.abc import Iterator

from runtime.teardown.gone import found, gone, pages
from runtime.teardown.owned import Clients, Owned
from runtime.teardown.sweep import Sweep

_WAITING = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
_GLUE = ("STARTING", "RUNNING", "WAITING")
_WHY = "its environment is being destroyed"


def sweeps(clients: Clients) -> list[Sweep]:
    """Return how an environment comes to rest, in this order."""
    return [_rules(clients), _executions(clients), _glue_runs(clients), _batch_jobs(clients), _trainings(clients)]


def _rules(clients: Clients) -> Sweep:
    def find(owned: Owned) -> Iterator[str]:
        for name in owned.names("AWS::Events::Rule"):
            rule = found(clients("events").describe_rule, **_rule(name))
            if rule is not None and rule.get("State") != "DISABLED":
                yield name

    return Sweep("rule that may start a run", find, lambda name: gone(clients("events").disable_rule, **_rule(name)))


def _rule(name: str) -> dict[str, str]:
    """Return how a rule is called: CloudFormation knows one of another bus as ``bus|rule``."""
    bus, _, rule = name.rpartition("|")
    return {"Name": rule, **({"EventBusName": bus} if bus else {})}


def _executions(clients: Clients) -> Sweep:
    def find(owned: Owned) -> Iterator[str]:
        for machine in owned.names("AWS::StepFunctions::StateMachine"):
            client = clients("stepfunctions")
            running = pages(client, "list_executions", "executions", stateMachineArn=machine, statusFilter="RUNNING")
            yield from (one["executionArn"] for one in running)

    return Sweep(
        "running execution",
        find,
        lambda arn: gone(clients("stepfunctions").stop_execution, executionArn=arn, error="Destroyed", cause=_WHY),
    )


def _glue_runs(clients: Clients) -> Sweep:
    def find(owned: Owned) -> Iterator[str]:
        for job in owned.names("AWS::Glue::Job"):
            runs = pages(clients("glue"), "get_job_runs", "JobRuns", JobName=job)
            yield from (f"{job}/{run['Id']}" for run in runs if run["JobRunState"] in _GLUE)

    def stop(name: str) -> None:
        job, _, run = name.rpartition("/")
        gone(clients("glue").batch_stop_job_run, JobName=job, JobRunIds=[run])

    return Sweep("run of a Glue job", find, stop)


def _batch_jobs(clients: Clients) -> Sweep:
    def find(owned: Owned) -> Iterator[str]:
        for queue in owned.names("AWS::Batch::JobQueue"):
            for status in _WAITING:
                jobs = pages(clients("batch"), "list_jobs", "jobSummaryList", jobQueue=queue, jobStatus=status)
                yield from (job["jobId"] for job in jobs)

    return Sweep("Batch job", find, lambda job: gone(clients("batch").terminate_job, jobId=job, reason=_WHY))


def _trainings(clients: Clients) -> Sweep:
    """A training job's name does not tell whose it is; the role that it runs under does."""

    def find(owned: Owned) -> Iterator[str]:
        roles, client = set(owned.names("AWS::IAM::Role", ever=True)), clients("sagemaker")
        for job in pages(client, "list_training_jobs", "TrainingJobSummaries", StatusEquals="InProgress"):
            told = found(client.describe_training_job, TrainingJobName=job["TrainingJobName"])
            if told is not None and told["RoleArn"].rpartition("/")[2] in roles:
                yield job["TrainingJobName"]

    return Sweep("training job", find, lambda name: gone(clients("sagemaker").stop_training_job, TrainingJobName=name))
