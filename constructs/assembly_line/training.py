"""Training: a dataset as of every moment, a sweep of variants over it, and their evaluation on held-out data."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.batch_job import BatchJob
from assembly_line.jobs import Jobs
from assembly_line.lake import allow_lake
from assembly_line.permissions import allow, allow_read, allow_write
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor
from assembly_line.training_job import TrainingJob
from config.compute import compute_of
from runtime import attempts
from runtime.manifest import CHECKPOINT

DATASET_TIMEOUT = Duration.minutes(60)
EVALUATION_TIMEOUT = Duration.minutes(30)
_MLFLOW = (
    "sagemaker-mlflow:CreateExperiment",
    "sagemaker-mlflow:CreateRun",
    "sagemaker-mlflow:GetExperimentByName",
    "sagemaker-mlflow:GetRun",
    "sagemaker-mlflow:LogBatch",
    "sagemaker-mlflow:SearchRuns",
    "sagemaker-mlflow:UpdateRun",
)
"""What a managed tracking server asks of who tells it of a run."""


class TrainingStation(Station):
    """Three jobs: one makes the dataset, one trains each variant of the sweep, one evaluates them together.

    All are Batch jobs, unless the line trains on SageMaker.
    """

    def __init__(self, scope: Construct, id_: str, *, supervisor: Supervisor, shared: Shared, jobs: Jobs) -> None:
        super().__init__(scope, id_, supervisor=supervisor)
        self.training = jobs.bundle.definition.training
        self.dataset = BatchJob(self, "DatasetJob", jobs=jobs, command="dataset", timeout=DATASET_TIMEOUT)
        self.train = self._train_job(shared, jobs)
        self.evaluate = BatchJob(
            self,
            "EvaluateJob",
            jobs=jobs,
            command="evaluate",
            timeout=EVALUATION_TIMEOUT,
            arguments={"--ledger-table": shared.ledger.table_name},
        )
        self._grant(shared, jobs.line)
        self.works(
            self.batch_state("Dataset", self.dataset),
            self._variants(),
            self._sweep(),
            self.batch_state("Evaluate", self.evaluate),
        )

    def _train_job(self, shared: Shared, jobs: Jobs) -> BatchJob | TrainingJob:
        compute = compute_of(jobs.bundle.definition, shared.environment)
        timeout = Duration.seconds(round(60 * self.training.timeout_minutes))
        arguments = {
            "--ledger-table": shared.ledger.table_name,
            "--image": shared.image_uri,
            **({"--commit": jobs.commit} if jobs.commit else {}),
            **({"--tracking": tracking.mlflow} if (tracking := shared.environment.tracking) else {}),
        }
        if compute.on == "sagemaker":
            return TrainingJob(self, "TrainJob", jobs=jobs, compute=compute, timeout=timeout, arguments=arguments)
        return BatchJob(
            self,
            "TrainJob",
            jobs=jobs,
            command="train",
            timeout=timeout,
            arguments=arguments,
            per_run={"--variant": "variant"},
            compute=compute,
        )

    def grant_run(self, role: iam.Role) -> None:
        """Let the state machine's role do what this station's states do, SageMaker's jobs included."""
        super().grant_run(role)
        if isinstance(self.train, TrainingJob):
            self.train.grant_run(role)

    def _train_state(self) -> sfn.TaskStateBase | sfn.CustomState:
        inputs = {"variant": "$.variant"}
        if isinstance(self.train, TrainingJob):
            return self.train.state(self, "Train", inputs=inputs)
        return self.batch_state("Train", self.train, inputs=inputs, caught=False)

    def _variants(self) -> sfn.Pass:
        names = [variant.name for variant in (*self.training.trials, *self.training.baselines)]
        return sfn.Pass(self, "Variants", result=sfn.Result.from_array(names), result_path="$.variants")

    def _sweep(self) -> sfn.Map:
        sweep = sfn.Map(
            self,
            "Sweep",
            items_path="$.variants",
            item_selector={
                "variant": sfn.JsonPath.string_at("$$.Map.Item.Value"),
                "parameters": sfn.JsonPath.object_at("$.parameters"),
            },
            max_concurrency=self.training.concurrency,
            result_path=sfn.JsonPath.DISCARD,
        )
        sweep.item_processor(self._train_state())
        self.catching(sweep)
        return sweep

    def _grant(self, shared: Shared, line: str) -> None:
        allow_lake(self.dataset.role, shared=shared, line=line, tables=False, datasets=True)
        for role in (self.train.role, self.evaluate.role):
            allow_read(role, shared.lake, f"datasets/{line}/", f"runs/{line}/")
            allow_write(role, shared.lake, f"runs/{line}/")
            allow_read(role, shared.models, f"{line}/")
        allow_write(self.train.role, shared.models, f"{line}/")
        # the champion's pointer lies in another partition: who trains cannot move it
        shared.allow_ledger(self.train.role, "dynamodb:UpdateItem", partition=attempts.partition(line))
        allow(
            self.train.role,
            "s3:DeleteObject",
            on=[f"{shared.models.bucket_arn}/{line}/*{CHECKPOINT}"],
            why="a checkpoint is named after its run and variant, which only a run knows",
        )
        # a model card, never an artefact's file: none of these is a page
        allow(
            self.evaluate.role,
            "s3:PutObject",
            on=[f"{shared.models.bucket_arn}/{line}/*.html"],
            why="cards lie beside the artefacts of runs, whose names are not known here",
        )
        tracking = shared.environment.tracking
        if tracking is not None and tracking.mlflow.startswith("arn:"):
            allow(self.train.role, *_MLFLOW, on=[tracking.mlflow])
        shared.allow_ledger(self.evaluate.role, "dynamodb:GetItem")
        shared.allow_ledger(self.evaluate.role, "dynamodb:UpdateItem", partition=attempts.partition(line))
