"""Trainings as Batch and SageMaker run them, one of them killed midway: it goes on from its checkpoint."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from config.loading import ROOT
from local.images import Image
from local.server import EmbeddedAws
from runtime import artefact, attempts, receipts
from runtime.attempts import Attempt
from tests.local.embedded import role, wait_for
from tests.moto_server import Aws
from tests.runtime.modelled import TRAIN, World, world

STEPS = 5
LOSING = TRAIN.replace(
    "    model =",
    f"""    import time

    state = dataset.checkpoints.folder / "step"
    for step in range(int(state.read_text()) + 1 if state.exists() else 0, {STEPS}):
        dataset.log(step=step, loss=1 / (step + 1))
        state.write_text(str(step))
        dataset.checkpoints.save()
        if step == 2 and dataset.checkpoints.store is not None:
            time.sleep(60)  # a job is killed here; its next try begins with step 3
    model =""",
)
Where = Literal["batch", "sagemaker"]


@dataclass(frozen=True)
class Site:
    aws: EmbeddedAws
    line: World
    ledger: str

    def words(self, run: str) -> dict[str, str]:
        line = self.line
        return {
            "line": line.paths.line,
            "run": run,
            "environment": "local",
            "region": "us-east-1",
            "lake-bucket": line.paths.lake,
            "raw-bucket": "raw",
            "models-bucket": line.models,
            "database": line.paths.line,
            "bundle": f"s3://{line.paths.lake}/bundle.json",
            "parameters": "{}",
            "variant": "small",
            "ledger-table": self.ledger,
        }

    def start(self, where: Where) -> tuple[str, World]:
        """Start a training in a run of its own; return its id and the run."""
        run = f"on-{where}"
        mine = World(
            self.line.aws,
            self.line.root,
            self.line.bundle,
            self.line.paths.__class__(lake=self.line.paths.lake, line=self.line.paths.line, run=run),
            self.line.models,
        )
        dataset = receipts.read(self.line.s3, self.line.paths, "training-dataset")
        assert dataset is not None
        receipts.write(mine.s3, mine.paths, "training-dataset", dataset)
        words = self.words(run)
        if where == "batch":
            command = ["train", *(word for name, value in words.items() for word in (f"--{name}", value))]
            job: str = self.aws.client("batch").submit_job(
                jobName="train", jobQueue="spot", jobDefinition="train", containerOverrides={"command": command}
            )["jobId"]
            return job, mine
        self.aws.client("sagemaker").create_training_job(
            TrainingJobName=run,
            AlgorithmSpecification={"TrainingImage": "jobs:1", "TrainingInputMode": "File"},
            RoleArn=f"arn:aws:iam::{self.aws.account}:role/trainer",
            HyperParameters={name.replace("-", "_"): value for name, value in words.items()},
            OutputDataConfig={"S3OutputPath": f"s3://{mine.paths.lake}/out"},
            ResourceConfig={"InstanceType": "ml.m6i.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            StoppingCondition={"MaxRuntimeInSeconds": 120, "MaxWaitTimeInSeconds": 240},
            EnableManagedSpotTraining=True,
        )
        return run, mine

    def status(self, where: Where, job: str) -> str | None:
        """Return how a training ended, or None while it has not."""
        if where == "batch":
            described = self.aws.client("batch").describe_jobs(jobs=[job])["jobs"][0]["status"]
            return {"SUCCEEDED": "succeeded", "FAILED": "failed"}.get(described)
        described = self.aws.client("sagemaker").describe_training_job(TrainingJobName=job)["TrainingJobStatus"]
        return {"Completed": "succeeded", "Failed": "failed", "Stopped": "failed"}.get(described)

    def attempt(self, run: World) -> Attempt:
        (found,) = attempts.attempts(self.aws.client("dynamodb"), self.ledger, run.paths.line, run.paths.run)
        return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("app")
    for part in ("config", "runtime", "jobs"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    with EmbeddedAws() as aws:
        outside = Aws(endpoint=aws.endpoint)
        line = world(outside, folder, train=LOSING)
        line.s3.put_object(Bucket=line.paths.lake, Key="bundle.json", Body=line.bundle.model_dump_json().encode())
        aws.images.publish("jobs:1", Image(folder, ["python", "-m", "jobs"]))
        _machines(aws)
        yield Site(aws, line, outside.table("pk", "sk"))


def _machines(aws: EmbeddedAws) -> None:
    """A queue of Fargate Spot, and a job that is tried again after a loss only, as the template has them."""
    batch = aws.client("batch")
    environment = batch.create_compute_environment(
        computeEnvironmentName="spot",
        type="MANAGED",
        serviceRole=role(aws, "service"),
        computeResources={
            "type": "FARGATE_SPOT",
            "maxvCpus": 4,
            "subnets": [aws.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]],
            "securityGroupIds": [aws.client("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]],
        },
    )["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": environment}]
    batch.create_job_queue(jobQueueName="spot", state="ENABLED", priority=1, computeEnvironmentOrder=order)
    lost = {"onStatusReason": "Your Spot Task was interrupted*", "action": "RETRY"}
    batch.register_job_definition(
        jobDefinitionName="train",
        type="container",
        containerProperties={"image": "jobs:1", "vcpus": 1, "memory": 512, "jobRoleArn": role(aws, "trainer")},
        retryStrategy={"attempts": 4, "evaluateOnExit": [lost, {"onReason": "*", "action": "EXIT"}]},
    )


@pytest.mark.parametrize("where", ["batch", pytest.param("sagemaker", marks=pytest.mark.thorough)])
def test_a_training_whose_machine_is_lost_goes_on_from_its_checkpoint(
    site: Site, where: Where, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, run = site.start(where)
    checkpoint = f"{run.paths.candidate('small').rstrip('/')}.checkpoint.tar"

    def saved() -> bool:
        curves = run.s3.list_objects_v2(Bucket=run.models, Prefix=checkpoint).get("Contents", [])
        return bool(curves) and _step(run, checkpoint) == "2"

    wait_for(saved, 60)
    assert site.attempt(run).status == "running"
    os.kill(site.aws.processes.running[0].pid, signal.SIGKILL)
    assert wait_for(lambda: site.status(where, job), 60) == "succeeded"

    attempt, receipt = site.attempt(run), receipts.read(run.s3, run.paths, "training-small")
    assert (attempt.status, attempt.attempt) == ("succeeded", 2)
    assert attempt.curves["loss"]["steps"] == [3, 4]  # not from zero
    assert receipt is not None
    assert receipt.outputs["resumed"] is True
    assert run.s3.list_objects_v2(Bucket=run.models, Prefix=checkpoint).get("KeyCount") == 0
    monkeypatch.syspath_prepend(run.root)
    here, there = run.candidate().manifest, artefact.load(run.s3, run.location("small")).manifest
    assert dict(there.metrics) == dict(attempt.metrics) == pytest.approx(dict(here.metrics))
    assert (there.code, there.columns, there.dataset) == (dict(here.code), here.columns, dict(here.dataset))


def _step(run: World, key: str) -> str:
    import io
    import tarfile

    body = io.BytesIO(run.s3.get_object(Bucket=run.models, Key=key)["Body"].read())
    with tarfile.open(fileobj=body) as packed:
        found: Any = packed.extractfile("./step")
        return str(found.read().decode())
