"""SageMaker training jobs: the image's entry point with ``train`` as a process, on the job's role.

moto 5.2.5 completes a job as soon as it is created, replaces one of the same name, and lacks StopTrainingJob
(``sagemaker/models.py:399,4244``).
"""

from __future__ import annotations

import json
import shutil
import signal
import tarfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.sagemaker import models, responses
from moto.sagemaker.exceptions import AWSValidationException, ResourceInUseException
from moto.sagemaker.models import FakeTrainingJob, SageMakerModelBackend

from config.errors import LineError
from local.batch_containers import ONE_CORE
from local.batch_jobs import Job as BatchJob
from local.batch_jobs import container_code
from local.fidelity import Row
from local.job_processes import Ended, JobProcess, child_environment
from local.log_streams import LogStream

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("SageMaker", "training jobs", "approximated", "the image's entry point with `train` as a process; any machine"),
    Row("SageMaker", "training jobs: hyperparameters, statuses, FailureReason, stop, time limit, role, logs", "real"),
    Row("SageMaker", "training jobs: output archive, state change events", "real"),
    Row("SageMaker", "managed spot training", "approximated", "killed from outside, a job is tried again"),
    Row("SageMaker", "training jobs: input channels, several machines", "absent", "such a job fails"),
]

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
FOREVER = 86400
"""Seconds that a job may run that does not say: SageMaker's own default."""


class TrainingJob(FakeTrainingJob):
    """A training job whose status is what its process is doing."""

    aws: ClassVar[EmbeddedAws]
    processes: ClassVar[dict[str, JobProcess]] = {}

    def __init__(self, **asked: Any) -> None:
        super().__init__(**asked)
        self.algorithm_specification.pop("MetricDefinitions", None)
        self.final_metric_data_list: list[Any] = []
        self.training_job_status = "InProgress"
        self.secondary_status_transitions: list[dict[str, Any]] = []
        self.training_start_time = self.training_end_time = None  # type: ignore[assignment]  # not yet
        self.failure_reason: str | None = None
        self.environment: dict[str, str] = {}
        self.processes[self.arn] = JobProcess(self.aws)
        self.turn("Starting", "Preparing the instances for training")

    def start(self) -> None:
        """Run the job in the background."""
        threading.Thread(target=self._run, name=f"training job {self.training_job_name}", daemon=True).start()

    def stop(self) -> None:
        """End the job's process, now or as soon as it begins."""
        if self.training_job_status == "InProgress":
            self.training_job_status = "Stopping"
            self.turn("Stopping", "Stopping the training job")
            self.processes[self.arn].stop()
            BatchJob.slots.wake()

    def turn(self, status: str, message: str) -> None:
        """Enter a secondary status."""
        now = utcnow()
        if self.secondary_status_transitions:
            self.secondary_status_transitions[-1]["EndTime"] = now
        self.secondary_status_transitions.append({"Status": status, "StartTime": now, "StatusMessage": message})
        self.secondary_status, self.last_modified_time = status, now

    def _run(self) -> None:
        process = self.processes[self.arn]
        if not BatchJob.slots.take(process.stopping):
            return self._end("Stopped", "Stopped")
        try:
            ended, reason = self._tries(process)
        except Exception as error:  # noqa: BLE001 -- whatever stops a job from starting is that job's failure
            why = str(error) if isinstance(error, LineError) else f"{type(error).__name__}: {error}"
            return self._end("Failed", "Failed", f"ClientError: {why}")
        finally:
            BatchJob.slots.give_back()
        if ended.stopped:
            return self._end("Stopped", "Stopped")
        if ended.timed_out:
            return self._end("Stopped", "MaxRuntimeExceeded")
        if ended.exit_code == 0:
            return self._end("Completed", "Completed")
        return self._end("Failed", "Failed", reason)

    def _tries(self, process: JobProcess) -> tuple[Ended, str]:
        """Run the container; on spot machines again whenever its process is killed from outside."""
        limit = self.stopping_condition.get("MaxWaitTimeInSeconds", FOREVER)
        began, attempt = time.monotonic(), 0
        while True:
            attempt += 1
            ended, reason = self._try(process, attempt)
            lost = ended.exit_code == -signal.SIGKILL and not (ended.stopped or ended.timed_out)
            if not (lost and self.enable_managed_spot_training and time.monotonic() - began < limit):
                return ended, reason
            self.turn("Interrupted", "The spot instance was taken away")

    def _try(self, process: JobProcess, attempt: int) -> tuple[Ended, str]:
        if self.input_data_config or self.resource_config.get("InstanceCount", 1) != 1:
            raise LineError(
                f"training job {self.training_job_name}: input channels and several machines do not run here, "
                "expected a job on one machine that reads S3 itself"
            )
        image = self.aws.images[self.algorithm_specification["TrainingImage"]]
        home = self.aws.directory / "training" / f"{self.training_job_name}-{attempt}"
        base = self._contract(home)
        log = LogStream(self.aws.client("logs", self.role_arn), LOG_GROUP, f"{self.training_job_name}/algo-1-{attempt}")
        self.training_start_time = self.training_start_time or utcnow()
        self.turn("Training", "Training in progress")
        entry = self.algorithm_specification.get("ContainerEntrypoint") or image.entrypoint
        ended = process.run(
            [*entry, *(self.algorithm_specification.get("ContainerArguments") or ["train"])],
            environment=child_environment(
                self.aws,
                self.role_arn,
                variables={
                    **ONE_CORE,
                    **image.environment,
                    **self.environment,
                    "TRAINING_JOB_NAME": self.training_job_name,
                    "TRAINING_JOB_ARN": self.arn,
                    "SAGEMAKER_BASE_DIR": str(base),
                    "SM_MODEL_DIR": str(base / "model"),
                },
            ),
            directory=image.directory,
            log=log,
            timeout=self.stopping_condition.get("MaxRuntimeInSeconds", FOREVER),
        )
        if ended.exit_code == 0:
            self.turn("Uploading", "Uploading generated training model")
            self._upload(base / "model")
        failure = base / "output" / "failure"
        said = failure.read_text(encoding="utf-8", errors="replace")[:1024] if failure.is_file() else ""
        shutil.rmtree(home, ignore_errors=True)
        return ended, f"AlgorithmError: {said}, exit code: {container_code(ended.exit_code)}"

    def _contract(self, home: Path) -> Path:
        """Make the folders and files that a training container finds under /opt/ml."""
        base = home / "opt" / "ml"
        for folder in ("input/config", "input/data", "model", "output"):
            (base / folder).mkdir(parents=True, exist_ok=True)
        resources = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "lo"}
        files = {"hyperparameters": self.hyper_parameters or {}, "resourceconfig": resources, "inputdataconfig": {}}
        for name, content in files.items():
            (base / "input" / "config" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        return base

    def _upload(self, folder: Path) -> None:
        """Put what the container left in its model folder to the output path, with the job's role."""
        archive = folder.with_name("model.tar.gz")
        with tarfile.open(archive, "w:gz") as packing:
            packing.add(folder, arcname=".")
        bucket, _, key = self.model_artifacts["S3ModelArtifacts"].removeprefix("s3://").partition("/")
        with archive.open("rb") as body:
            self.aws.client("s3", self.role_arn).put_object(Bucket=bucket, Key=key, Body=body)

    def _end(self, status: str, secondary: str, reason: str | None = None) -> None:
        self.failure_reason = reason
        self.training_end_time = utcnow()
        self.turn(secondary, reason or f"Training job {secondary.lower()}")
        self.training_job_status = status
        if not self.aws.closing:
            self.aws.emit("aws.sagemaker", "SageMaker Training Job State Change", self.response_object)


def install(aws: EmbeddedAws) -> None:
    """Run training jobs, and answer StopTrainingJob."""
    TrainingJob.aws = aws
    TrainingJob.processes.clear()
    aws.patches.replace(models, "FakeTrainingJob", TrainingJob)
    stock = SageMakerModelBackend.create_training_job
    stock_answer = responses.SageMakerResponse.create_training_job

    def create(self: Any, training_job_name: str, **asked: Any) -> Any:
        if training_job_name in self.training_jobs:
            raise ResourceInUseException(message=f"Training job names must be unique: {training_job_name} is in use")
        if asked["enable_managed_spot_training"] and "MaxWaitTimeInSeconds" not in asked["stopping_condition"]:
            raise AWSValidationException(message="MaxWaitTimeInSeconds is required for managed spot training")
        return stock(self, training_job_name, **asked)

    def answer(self: Any) -> ActionResult:
        answered: ActionResult = stock_answer(self)
        job = self.sagemaker_backend.training_jobs[self._get_param("TrainingJobName")]
        job.environment = self._get_param("Environment") or {}
        job.start()
        return answered

    def stop(self: Any) -> ActionResult:
        name = self._get_param("TrainingJobName")
        self.sagemaker_backend.describe_training_job(name)
        self.sagemaker_backend.training_jobs[name].stop()
        return ActionResult({})

    aws.patches.replace(SageMakerModelBackend, "create_training_job", create)
    aws.patches.replace(responses.SageMakerResponse, "create_training_job", answer)
    aws.patches.replace(responses.SageMakerResponse, "stop_training_job", stop)
