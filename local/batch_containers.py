"""What the container of a Batch job runs: command, environment, directory, role and log of one attempt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import LineError
from local.images import Images

LOG_GROUP = "/aws/batch/job"
REFERENCE = re.compile(r"Ref::([A-Za-z0-9_-]+)")

ONE_CORE = {"OMP_NUM_THREADS": "1"}
"""As many jobs run as there are cores; numeric libraries that each took all of them would crawl."""


@dataclass(frozen=True)
class Container:
    """One attempt of a job, ready to run."""

    command: list[str]
    environment: dict[str, str]
    directory: Path
    role: str | None
    log_group: str
    log_stream: str


def container_of(job: Any, images: Images, attempt: int) -> Container:
    """Return what an attempt of a moto job runs; raises LineError when it cannot run here."""
    definition: dict[str, Any] = job.job_definition.container_properties or {}
    if not definition or definition.get("secrets"):
        raise LineError(
            f"job definition {job.job_definition.name}: only containerProperties without secrets run here: "
            "read the secret in the job, with its role"
        )
    image = images[definition["image"]]
    environment = merged_environment(definition, job.container_overrides)
    command = job.container_overrides.get("command") or definition.get("command") or image.command
    options = (definition.get("logConfiguration") or {}).get("options") or {}
    prefix = options.get("awslogs-stream-prefix") or job.job_definition.name
    stream = f"{prefix}/default/{job.job_id.replace(':', '-')}"
    return Container(
        command=[*image.entrypoint, *with_parameters(command, job.parameters)],
        environment=ONE_CORE | image.environment | environment | batch_variables(job, attempt),
        directory=image.directory,
        role=definition.get("jobRoleArn"),
        log_group=options.get("awslogs-group") or LOG_GROUP,
        log_stream=stream if attempt == 1 else f"{stream}-{attempt}",
    )


def batch_variables(job: Any, attempt: int) -> dict[str, str]:
    """Return what Batch itself tells a job."""
    variables = {
        "AWS_BATCH_JOB_ID": job.job_id,
        "AWS_BATCH_JOB_ATTEMPT": str(attempt),
        "AWS_BATCH_JQ_NAME": job.job_queue.name,
        "AWS_BATCH_CE_NAME": "embedded",
    }
    if "index" in job.array_properties:
        variables["AWS_BATCH_JOB_ARRAY_INDEX"] = str(job.array_properties["index"])
    return variables


def merged_environment(*properties: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of several container properties, the last ones winning.

    >>> merged_environment({"environment": [{"name": "STAGE", "value": "dev"}]}, {})
    {'STAGE': 'dev'}
    """
    return {item["name"]: item["value"] for given in properties for item in given.get("environment") or []}


def with_parameters(command: Sequence[str], parameters: Mapping[str, str]) -> list[str]:
    """Return the command with each ``Ref::name`` replaced by its parameter; one without a parameter stays.

    >>> with_parameters(["--variant", "Ref::variant", "Ref::other"], {"variant": "small"})
    ['--variant', 'small', 'Ref::other']
    """
    return [REFERENCE.sub(lambda match: parameters.get(match[1], match[0]), part) for part in command]
