"""AWS Batch: compute environments, job queues and job definitions."""

from __future__ import annotations

from typing import Any

from local.resources.kinds import Answer, Kind, Made, Properties, Site, accepting, answered, deleting, ref
from local.resources.naming import Name

_LINKED_ROLE = "AWSServiceRoleForBatch"
_LINKED_PATH = "/aws-service-role/batch.amazonaws.com/"


def _create_environment(site: Site, properties: Properties) -> Answer:
    parameters = {name: value for name, value in properties.items() if name not in ("Type", "ServiceRole")}
    return site.call(
        "batch",
        "create_compute_environment",
        type=properties["Type"].upper(),
        serviceRole=properties.get("ServiceRole") or _service_role(site),
        **parameters,
    )


def _service_role(site: Site) -> str:
    """Return Batch's own role, which AWS makes by itself when the first environment without one appears."""
    iam = site.aws.client("iam")
    try:
        role = iam.get_role(RoleName=_LINKED_ROLE)
    except iam.exceptions.NoSuchEntityException:
        role = iam.create_role(RoleName=_LINKED_ROLE, Path=_LINKED_PATH, AssumeRolePolicyDocument="{}")
    return str(role["Role"]["Arn"])


def _create_queue(site: Site, properties: Properties) -> Answer:
    return site.call("batch", "create_job_queue", **{"State": "ENABLED", **properties})


def _create_definition(site: Site, properties: Properties) -> Answer:
    return site.call("batch", "register_job_definition", **properties)


def _update_environment(made: Made, properties: Properties) -> Answer:
    own = {name: properties[name] for name in ("State", "ComputeResources", "ServiceRole") if name in properties}
    return made.site.call("batch", "update_compute_environment", computeEnvironment=made.ref, **own)


def _update_queue(made: Made, properties: Properties) -> Answer:
    own = {name: properties[name] for name in ("State", "Priority", "ComputeEnvironmentOrder") if name in properties}
    return made.site.call("batch", "update_job_queue", jobQueue=made.ref, **own)


def _update_definition(made: Made, properties: Properties) -> Answer:
    """Register the next revision; the one before takes no more jobs."""
    answer = _create_definition(made.site, properties)
    made.site.call("batch", "deregister_job_definition", jobDefinition=made.ref)
    return answer


def _delete_environment(made: Made) -> None:
    made.site.call("batch", "update_compute_environment", computeEnvironment=made.ref, state="DISABLED")
    made.site.call("batch", "delete_compute_environment", computeEnvironment=made.ref)


def _delete_queue(made: Made) -> None:
    made.site.call("batch", "update_job_queue", jobQueue=made.ref, state="DISABLED")
    made.site.call("batch", "delete_job_queue", jobQueue=made.ref)


def _name(attribute: str) -> Any:
    return lambda made: made.properties[attribute]


KINDS = [
    Kind(
        type="AWS::Batch::ComputeEnvironment",
        name=Name("ComputeEnvironmentName", longest=128),
        create=_create_environment,
        ref=answered("computeEnvironmentArn"),
        attributes={"ComputeEnvironmentArn": ref},
        delete=_delete_environment,
        ignored=accepting("ReplaceComputeEnvironment", "UpdatePolicy", "ComputeResources.UpdateToLatestImageVersion"),
        update=_update_environment,
    ),
    Kind(
        type="AWS::Batch::JobQueue",
        name=Name("JobQueueName", longest=128),
        create=_create_queue,
        ref=answered("jobQueueArn"),
        attributes={"JobQueueArn": ref},
        delete=_delete_queue,
        update=_update_queue,
    ),
    Kind(
        type="AWS::Batch::JobDefinition",
        name=Name("JobDefinitionName", longest=128),
        create=_create_definition,
        ref=answered("jobDefinitionArn"),
        attributes={"JobDefinitionArn": ref},
        delete=deleting("batch", "deregister_job_definition", jobDefinition=ref),
        update=_update_definition,
        ignored=accepting("ResourceRetentionPolicy"),
    ),
]
