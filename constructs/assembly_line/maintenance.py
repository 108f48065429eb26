"""The scheduled maintenance of a line's tables, which somebody hears of when it fails."""

from __future__ import annotations

import jsii
from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk.interfaces.aws_events import IRuleRef
from constructs import Construct

from assembly_line.batch_job import BatchJob
from assembly_line.jobs import Jobs
from assembly_line.permissions import acknowledge, allow, allow_delete, allow_read, allow_tables, allow_write
from assembly_line.queue import DeadLetters
from assembly_line.registry import Registry
from assembly_line.run import Run
from assembly_line.shared import Shared

TIMEOUT = Duration.hours(2)
RUN = "maintenance"
"""The run under which its receipt is found."""


class Maintenance(Construct):
    """A Batch job that a schedule starts; lost starts and failed jobs are told to one queue, which has an alarm."""

    def __init__(self, scope: Construct, id_: str, *, shared: Shared, jobs: Jobs, registry: Registry, run: Run) -> None:
        super().__init__(scope, id_)
        machine = run.state_machine.state_machine_arn
        self.job = BatchJob(
            self,
            "Job",
            jobs=jobs,
            command="maintain",
            timeout=TIMEOUT,
            arguments={
                "--ledger-table": shared.ledger.table_name,
                "--model-group": registry.name,
                "--state-machine": machine,
                "--retention": shared.environment.snapshots.model_dump_json(),
            },
            per_run={"--dry-run": "dry_run"},
            defaults={"run": RUN, "parameters": "{}", "dry_run": "no"},
        )
        self._grant(shared, jobs.line, registry)
        allow(self.job.role, "states:ListExecutions", on=[machine])
        letters = DeadLetters(self, "Unfinished", key=shared.key, alarms=shared.alarms)
        acknowledge(
            letters.queue, "AwsSolutions-SQS3", "it is the dead-letter queue of rules, which cdk-nag does not look at"
        )
        self._schedule(shared, letters)
        self._failures(letters)

    def _grant(self, shared: Shared, line: str, registry: Registry) -> None:
        role, tables, notes = self.job.role, f"warehouse/{shared.database}/{line}_", f"maintenance/{line}/"
        naming = [f"{folder}/{line}/" for folder in ("runs", "published", "datasets", "held")]
        captured = f"captured/{line}/"
        allow_tables(role, Stack.of(self), database=shared.database, line=line, write=True)  # captured events' too
        allow_read(role, shared.lake, tables, notes, captured, *naming)
        allow_write(role, shared.lake, tables, notes, f"runs/{line}/{RUN}/")
        allow_delete(role, shared.lake, tables, captured)
        allow_read(role, shared.models, f"{line}/")
        shared.allow_ledger(role, "dynamodb:GetItem")
        registry.grant_read(role)

    def _schedule(self, shared: Shared, letters: DeadLetters) -> None:
        job, queue = self.job.definition, shared.queue
        target = targets.BatchJob(
            queue.job_queue_arn,
            queue,
            job.job_definition_arn,
            job,
            job_name=RUN,
            dead_letter_queue=letters.queue,
            retry_attempts=3,
        )
        when = events.Schedule.expression(shared.environment.snapshots.schedule)
        events.Rule(self, "Schedule", schedule=when, targets=[target])

    def _failures(self, letters: DeadLetters) -> None:
        pattern = events.EventPattern(
            source=["aws.batch"],
            detail_type=["Batch Job State Change"],
            detail={"status": ["FAILED"], "jobDefinition": [self.job.definition.job_definition_arn]},
        )
        rule = events.Rule(self, "Failed", event_pattern=pattern)
        rule.add_target(_Told(letters.queue))
        letters.queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[letters.queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule.rule_arn}},
            )
        )


@jsii.implements(events.IRuleTarget)
class _Told:
    """A queue that one rule alone may send to: CDK's own target lets in every rule of the account."""

    def __init__(self, queue: sqs.IQueue) -> None:
        self._queue = queue

    def bind(self, rule: IRuleRef, id: str | None = None) -> events.RuleTargetConfig:  # noqa: A002
        return events.RuleTargetConfig(arn=self._queue.queue_arn)
