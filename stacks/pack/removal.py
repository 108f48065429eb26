"""Rules on what is left behind: kept data where the environment keeps it, and nothing anywhere else."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.pack.rule import Fault, Rule
from stacks.pack.world import Resource, World

DATA = (
    *("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::RDS::DBInstance", "AWS::EFS::FileSystem"),
    "AWS::SageMaker::Domain",
)
_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
_KEEPING = ("Retain", "Snapshot")


def _lost(world: World) -> Iterator[Fault]:
    for resource in world.all(*DATA):
        for policy in _POLICIES:
            if resource.stack in world.keeping and resource.body.get(policy) not in _KEEPING:
                yield resource, policy


def _left(world: World) -> Iterator[Fault]:
    for resource in world.all():
        if resource.stack not in world.keeping:
            for policy in _POLICIES:
                if resource.body.get(policy, "Delete") != "Delete":
                    yield resource, policy


def _deletable(world: World) -> Iterator[Resource]:
    for table in world.all("AWS::DynamoDB::Table"):
        if table.stack in world.keeping and table.properties.get("DeletionProtectionEnabled") is not True:
            yield table


RULES = [
    Rule(
        "DataKept",
        "an environment that keeps its data keeps every bucket, table and key",
        "give it RemovalPolicy.RETAIN where environment.retain_data",
        _lost,
    ),
    Rule(
        "NothingLeft",
        "an environment that does not keep its data leaves nothing behind",
        "give it RemovalPolicy.DESTROY unless environment.retain_data",
        _left,
    ),
    Rule(
        "TableProtected",
        "a kept table cannot be deleted by accident",
        "give it deletion_protection=environment.retain_data",
        _deletable,
    ),
]
