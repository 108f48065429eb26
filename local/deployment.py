"""Deploying a cloud assembly: every resource of every stack, created in order through the API, or a clear error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import LineError
from local.assembly import Stack as Staged
from local.assembly import read_assembly
from local.cloudformation.changes import refuse_what_needs_a_fresh_server
from local.cloudformation.engine import Engine
from local.cloudformation.resources import OnEvent
from local.cloudformation.stacks import REVIEW, Stack, Wanted
from local.fidelity import Row
from local.resources import data_catalog
from local.resources.catalogue import IGNORED_TYPES, KINDS, is_custom
from local.resources.kinds import Made

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [Row("CloudFormation", "outputs", "approximated", "URLs of REST APIs are given as the local ones")]

_BOOTSTRAP = "hnb659fds"
_REST_URL = re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com/([^/]+)(/.*)?")


@dataclass(frozen=True)
class DeployedResource:
    stack: str
    logical_id: str
    type: str
    physical_id: str


@dataclass
class Deployment:
    """The stacks that were new with one assembly, as they are now, each after those it depends on."""

    aws: EmbeddedAws
    stacks: list[Stack] = field(default_factory=list)

    @property
    def outputs(self) -> dict[str, dict[str, str]]:
        """The outputs by stack."""
        return {stack.name: outputs_of(self.aws, stack) for stack in self.stacks}

    @property
    def templates(self) -> dict[str, Mapping[str, Any]]:
        return {stack.name: stack.wanted.template for stack in self.stacks}

    @property
    def exports(self) -> dict[str, str]:
        return {name: value for stack in self.stacks for name, value in stack.exports.items()}

    @property
    def made(self) -> dict[tuple[str, str], Made]:
        return {(stack.name, name): made for stack in self.stacks for name, made in stack.made.items()}

    @property
    def resources(self) -> list[DeployedResource]:
        """The resources in the order in which they were made."""
        return [DeployedResource(stack, name, made.kind.type, made.ref) for (stack, name), made in self.made.items()]

    def resolved(self, stack: str, logical_id: str) -> dict[str, Any]:
        """Return a resource's properties with every function in them resolved."""
        if (stack, logical_id) not in self.made:
            known = ", ".join(name for at, name in self.made if at == stack) or "none"
            raise LineError(f"stack {stack}: it has no resource {logical_id!r}, expected one of {known}")
        return self.made[stack, logical_id].properties

    def destroy(self) -> None:
        """Delete every resource, the last first, but for those whose deletion policy retains them.

        What cannot be deleted (a bucket that is not empty) stays, the rest goes all the same, and LineError tells.
        """
        failures: list[str] = []
        for stack in reversed(self.stacks):
            stack.begin("DELETE_IN_PROGRESS")
            try:
                Engine(self.aws, stack).delete()
            except LineError as error:
                failures.append(str(error))
        if failures:
            raise LineError(failures[0] + (f" (and in {len(failures) - 1} more stacks)" if len(failures) > 1 else ""))


def deploy(aws: EmbeddedAws, directory: Path, *, on_event: OnEvent | None = None) -> Deployment:
    """Create every resource of a cloud assembly; of a stack that is there already, change what is different.

    Raises LineError for a resource type that is not supported before anything is created, and for whatever fails on
    the way, which is then taken back. Exports of earlier deployments on the same server can be imported.
    """
    staged = read_assembly(directory, account=aws.account, region=aws.region)
    for one in staged:
        check_types(one.template, one.name)
    if any(data_catalog.is_embedded(resource) for one in staged for resource in one.template["Resources"].values()):
        aws.postgres.begin()  # while everything before it is made
    _bootstrap(aws)
    deployment = Deployment(aws)
    aws.deployments.append(deployment)
    for one in staged:
        wanted = Wanted.of(one.template, one.parameters, one.tags)
        stack = _standing(aws, one.name)
        if stack is None:
            stack = aws.stacks.add(one.name)
            deployment.stacks.append(stack)
            _publish(aws, one)
            stack.begin("CREATE_IN_PROGRESS")
            Engine(aws, stack, on_event).create(wanted)
        elif not stack.wanted.same(wanted):
            refuse_what_needs_a_fresh_server(aws, stack, wanted)
            _publish(aws, one)
            stack.begin("UPDATE_IN_PROGRESS")
            Engine(aws, stack, on_event).update(wanted)
    return deployment


def check_types(template: Mapping[str, Any], stack: str) -> None:
    """Raise LineError for the first resource whose type the embedded AWS cannot make."""
    for logical_id, resource in template.get("Resources", {}).items():
        type_ = resource["Type"]
        if type_ not in KINDS and type_ not in IGNORED_TYPES and not is_custom(type_):
            raise LineError(
                f"the embedded AWS does not support {type_} (stack {stack}, resource {logical_id}): use a type "
                "that docs/fidelity.md lists, or add it to local/resources"
            )


def outputs_of(aws: EmbeddedAws, stack: Stack) -> dict[str, str]:
    """Return a stack's outputs as they can be used here."""
    return {output.key: reachable(aws.endpoint, output.value) for output in stack.outputs}


def reachable(endpoint: str, value: str) -> str:
    """Return an output as it can be used here: the URL of a REST API becomes its local route."""
    match = _REST_URL.fullmatch(value)
    if not match:
        return value
    return f"{endpoint}/restapis/{match[1]}/{match[2]}/_user_request_{match[3] or '/'}"


def _standing(aws: EmbeddedAws, name: str) -> Stack | None:
    """Return the stack of a name that can be updated; what a failed creation left of one is cleared away."""
    stack = aws.stacks.find(name)
    if stack is None or stack.status not in (REVIEW, "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"):
        return stack
    stack.begin("DELETE_IN_PROGRESS")
    Engine(aws, stack).delete()
    return None


def _bootstrap(aws: EmbeddedAws) -> None:
    """Make what the assembly needs of what `cdk bootstrap` leaves, where there is none: the assets bucket."""
    s3, bucket = aws.client("s3"), f"cdk-{_BOOTSTRAP}-assets-{aws.account}-{aws.region}"
    place = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    known = {found["Name"] for found in s3.list_buckets()["Buckets"]}
    if bucket not in known:
        s3.create_bucket(Bucket=bucket, **place)


def _publish(aws: EmbeddedAws, staged: Staged) -> None:
    for asset in staged.files:
        aws.client("s3").put_object(Bucket=asset.bucket, Key=asset.key, Body=asset.content())
    for image in staged.images:
        aws.images.publish(image.uri, image.image())
