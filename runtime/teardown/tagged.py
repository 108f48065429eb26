"""What carries the environment's tag and belongs to no stack that is left: data that a stack retained.

The tagging API still names for a while what is gone, so each thing is asked for before it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from config import tags
from runtime.environments import FOLDER
from runtime.teardown.gone import StuckError, found, gone
from runtime.teardown.owned import Clients, Owned
from runtime.teardown.sweep import Sweep

_WAITING_DAYS = 7
"""Days until a key is deleted: the fewest that KMS takes."""


@dataclass(frozen=True)
class _Kind:
    """How a kind of thing is known by its ARN, looked for and deleted; ``is_there`` reads what the look said."""

    kind: str
    matches: Callable[[str], bool]
    look: Callable[[Clients, str], Any]
    delete: Callable[[Clients, str], None]
    is_there: Callable[[Any], bool] = bool


def _service(name: str, resource: str = "") -> Callable[[str], bool]:
    def matches(arn: str) -> bool:
        parts = arn.split(":", 5)
        return parts[2] == name and parts[5].startswith(resource)

    return matches


def _queue(clients: Clients, arn: str) -> Any:
    parts = arn.split(":")
    told = found(clients("sqs").get_queue_url, QueueName=parts[5], QueueOwnerAWSAccountId=parts[4])
    return told and told["QueueUrl"]


def _group(clients: Clients, arn: str) -> Any:
    name = _group_name(arn)
    known = clients("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(group["logGroupName"] == name for group in known)


def _group_name(arn: str) -> str:
    return arn.split(":log-group:", 1)[1].removesuffix(":*")


_KINDS = [
    _Kind(
        "bucket",
        _service("s3"),
        lambda clients, arn: found(clients("s3").head_bucket, Bucket=arn.rpartition(":")[2]),
        lambda clients, arn: gone(clients("s3").delete_bucket, Bucket=arn.rpartition(":")[2]),
    ),
    _Kind(
        "table",
        _service("dynamodb", "table/"),
        lambda clients, arn: found(clients("dynamodb").describe_table, TableName=arn.rpartition("/")[2]),
        lambda clients, arn: gone(clients("dynamodb").delete_table, TableName=arn.rpartition("/")[2]),
        lambda told: bool(told) and told["Table"]["TableStatus"] != "DELETING",
    ),
    _Kind(
        "key",
        _service("kms", "key/"),
        lambda clients, arn: found(clients("kms").describe_key, KeyId=arn),
        lambda clients, arn: gone(
            clients("kms").schedule_key_deletion, KeyId=arn.rpartition("/")[2], PendingWindowInDays=_WAITING_DAYS
        ),
        lambda told: bool(told) and told["KeyMetadata"]["KeyState"] != "PendingDeletion",
    ),
    _Kind(
        "queue",
        _service("sqs"),
        _queue,
        lambda clients, arn: gone(clients("sqs").delete_queue, QueueUrl=_queue(clients, arn) or ""),
    ),
    _Kind(
        "topic",
        _service("sns"),
        lambda clients, arn: found(clients("sns").get_topic_attributes, TopicArn=arn),
        lambda clients, arn: gone(clients("sns").delete_topic, TopicArn=arn),
    ),
    _Kind(
        "Glue job",
        _service("glue", "job/"),
        lambda clients, arn: found(clients("glue").get_job, JobName=arn.rpartition("/")[2]),
        lambda clients, arn: gone(clients("glue").delete_job, JobName=arn.rpartition("/")[2]),
    ),
    _Kind(
        "log group",
        _service("logs", "log-group:"),
        _group,
        lambda clients, arn: gone(clients("logs").delete_log_group, logGroupName=_group_name(arn)),
    ),
    _Kind(
        "model package group",
        _service("sagemaker", "model-package-group/"),
        lambda clients, arn: found(
            clients("sagemaker").describe_model_package_group, ModelPackageGroupName=arn.rpartition("/")[2]
        ),
        lambda clients, arn: gone(
            clients("sagemaker").delete_model_package_group, ModelPackageGroupName=arn.rpartition("/")[2]
        ),
    ),
]

KINDS = tuple(kind.kind for kind in _KINDS)


def sweeps(clients: Clients) -> list[Sweep]:
    """Return one sweep a kind of thing, and one that deletes nothing: it tells of what no other knows."""
    return [*(_sweep(clients, kind) for kind in _KINDS), Sweep("resource", _others, _refuse)]


def _sweep(clients: Clients, kind: _Kind) -> Sweep:
    def find(owned: Owned) -> Iterator[str]:
        for arn in _of_no_stack(owned):
            if tags.REF in owned.tagged[arn] and kind.matches(arn) and kind.is_there(kind.look(clients, arn)):
                yield arn

    def delete(arn: str) -> None:
        if kind.is_there(kind.look(clients, arn)):  # a key that waits for its deletion takes no second one
            kind.delete(clients, arn)

    return Sweep(f"retained {kind.kind}", find, delete)


def _of_no_stack(owned: Owned) -> list[str]:
    """While a stack is there, its resources are CloudFormation's to delete."""
    return [] if owned.deployed else list(owned.tagged)


def _others(owned: Owned) -> Iterator[str]:
    """Nothing that was deleted for certain: a tag outlives its resource in the tagging API."""
    deleted = {one.name for one in owned.resources if one.name and not one.exists}
    for arn in _of_no_stack(owned):
        known = any(kind.matches(arn) for kind in _KINDS) and tags.REF in owned.tagged[arn]
        swept = f":parameter{FOLDER}{owned.id}/" in arn
        if not known and not swept and not any(name in arn for name in deleted):
            yield arn


def _refuse(arn: str) -> None:
    raise StuckError(f"no sweep knows how to delete {arn.split(':')[2]} {arn}: delete it by hand")
