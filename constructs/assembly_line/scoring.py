"""Scoring: the champion's predictions for the rows of a day, tested before anyone reads them."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from assembly_line.batch_job import BatchJob
from assembly_line.ground_truth import GroundTruth
from assembly_line.jobs import Jobs
from assembly_line.lake import allow_lake
from assembly_line.permissions import allow_read
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor

TIMEOUT = Duration.minutes(60)


class ScoringStation(Station):
    """A Batch job that scores with the champion and publishes the predictions as a table and as records."""

    def __init__(
        self, scope: Construct, id_: str, *, supervisor: Supervisor, shared: Shared, jobs: Jobs, truth: GroundTruth
    ) -> None:
        super().__init__(scope, id_, supervisor=supervisor)
        self.job = BatchJob(
            self,
            "Job",
            jobs=jobs,
            command="score",
            timeout=TIMEOUT,
            arguments={
                "--ledger-table": shared.ledger.table_name,
                "--signing-key": shared.signing_key.key_arn,
                **({"--ground-truth-queue": truth.queue.queue.queue_url} if truth.from_table else {}),
            },
        )
        allow_lake(self.job.role, shared=shared, line=jobs.line, tables=True)
        allow_read(self.job.role, shared.models, f"{jobs.line}/")
        shared.allow_verifying(self.job.role)
        shared.allow_ledger(self.job.role, "dynamodb:GetItem")
        if truth.from_table:
            truth.allow_send(self.job.role)
        self.works(self.batch_state("Score", self.job))
