"""Deploying a cloud assembly: every resource of every stack, created in order through the API, or a clear error."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from config.errors import LineError
from local import custom_resources
from local.assembly import Stack, read_assembly
from local.fidelity import Row
from local.resources import data_catalog
from local.resources.catalogue import IGNORED_TYPES, KINDS, is_custom
from local.resources.kinds import Made, Site
from local.template import Template

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row(
        "CloudFormation",
        "creating stacks",
        "approximated",
        "an engine of our own creates each resource through its API; an unknown type, property or attribute is an "
        "error; no rollback, change sets or drift",
    ),
    Row(
        "CloudFormation",
        "updating a stack",
        "approximated",
        "functions, jobs, state machines, policies, rules, alarms and dashboards change in place; whatever holds data "
        "needs a fresh server, which is said before anything is changed",
    ),
    Row("CloudFormation", "outputs", "approximated", "URLs of REST APIs are given as the local ones"),
]

OnEvent = Callable[[str, str, str], None]

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
    """What was deployed: outputs and templates by stack, resources in the order in which they were made."""

    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    resources: list[DeployedResource] = field(default_factory=list)
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: dict[tuple[str, str], Made] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)

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
        for (stack, logical_id), made in reversed(list(self.made.items())):
            try:
                if made.kind.delete and not made.retain:
                    made.kind.delete(made)
            except (ClientError, BotoCoreError, LineError) as error:
                failures.append(_placed(f"{made.kind.type} could not be deleted: {_told(error)}", stack, logical_id))
            else:
                del self.made[stack, logical_id]
        left = set(self.made)
        self.resources = [item for item in self.resources if (item.stack, item.logical_id) in left]
        if failures:
            more = f" (and {len(failures) - 1} more resources)" if len(failures) > 1 else ""
            raise LineError(f"{failures[0]}{more}")


def deploy(aws: EmbeddedAws, directory: Path, *, on_event: OnEvent | None = None) -> Deployment:
    """Create every resource of a cloud assembly; of a stack that is there already, change what is different.

    Raises LineError for a resource type that is not supported before anything is created, and for whatever fails on
    the way. Exports of earlier deployments on the same server can be imported.
    """
    stacks = read_assembly(directory, account=aws.account, region=aws.region)
    for stack in stacks:
        check_types(stack)
    if any(data_catalog.is_embedded(resource) for stack in stacks for resource in stack.template["Resources"].values()):
        aws.postgres.begin()  # while everything before it is made
    _bootstrap(aws)
    deployment = Deployment()
    aws.deployments.append(deployment)
    for stack in stacks:
        earlier = next((one for one in reversed(aws.deployments) if stack.name in one.templates), None)
        if earlier is None:
            _publish(aws, stack)
            _Engine(aws, deployment, stack, on_event).run()
        elif earlier.templates[stack.name] != stack.template:
            _publish(aws, stack)
            _Engine(aws, earlier, stack, on_event).update()
    return deployment


def check_types(stack: Stack) -> None:
    """Raise LineError for the first resource whose type the embedded AWS cannot make."""
    for logical_id, resource in stack.template.get("Resources", {}).items():
        type_ = resource["Type"]
        if type_ not in KINDS and type_ not in IGNORED_TYPES and not is_custom(type_):
            raise LineError(
                f"the embedded AWS does not support {type_} (stack {stack.name}, resource {logical_id}): use a type "
                "that docs/fidelity.md lists, or add it to local/resources"
            )


class _Engine:
    """One stack on its way into existence."""

    def __init__(self, aws: EmbeddedAws, deployment: Deployment, stack: Stack, on_event: OnEvent | None) -> None:
        self._aws, self._deployment, self._stack, self._on_event = aws, deployment, stack, on_event
        self._template = Template(
            stack.template,
            stack=stack.name,
            account=aws.account,
            region=aws.region,
            attribute=self._attribute,
            export=self._export,
            ssm=lambda name: aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"],
            parameters=stack.parameters,
        )

    def run(self) -> None:
        """Create every resource."""
        self._deployment.templates[self._stack.name] = self._stack.template
        for logical_id in self._template.order():
            self._make(logical_id)
        self._put_out()

    def update(self) -> None:
        """Make what is new, change what is different, delete what is gone; refuse first what cannot be changed."""
        stack, made = self._stack.name, self._deployment.made
        before = self._deployment.templates[stack]["Resources"]
        for logical_id, resource in self._template.resources.items():
            known = made.get((stack, logical_id))
            if known is not None and before[logical_id] != resource and known.kind.update is None:
                known.kind.refuse(known)
        self._deployment.templates[stack] = self._stack.template
        for logical_id in self._template.order():
            if (stack, logical_id) in made:
                self._change(logical_id)
            else:
                self._make(logical_id)
        for key in [key for key in reversed(made) if key[0] == stack and key[1] not in self._template.resources]:
            gone = made.pop(key)
            if gone.kind.delete and not gone.retain:
                gone.kind.delete(gone)
        self._deployment.resources = [
            item for item in self._deployment.resources if (item.stack, item.logical_id) in made
        ]
        self._put_out()

    def _change(self, logical_id: str) -> None:
        resource, stack = self._template.resources[logical_id], self._stack.name
        known = self._deployment.made[stack, logical_id]
        try:
            changed = known.kind.change(known, self._template.resolve(resource.get("Properties", {})))
        except (ClientError, BotoCoreError, KeyError) as error:
            raise LineError(
                f"stack {stack}, resource {logical_id}: {resource['Type']} could not be changed: {self._why(error)}"
            ) from error
        if changed and self._on_event:
            self._on_event(stack, logical_id, resource["Type"])

    def _put_out(self) -> None:
        name = self._stack.name
        outputs = {}
        for output_id, output in self._stack.template.get("Outputs", {}).items():
            if self._template.applies(output):
                value = str(self._template.resolve(output["Value"]))
                outputs[output_id] = reachable(self._aws.endpoint, value)
                if "Export" in output:
                    self._deployment.exports[str(self._template.resolve(output["Export"]["Name"]))] = value
        self._deployment.outputs[name] = outputs

    def _make(self, logical_id: str) -> None:
        resource = self._template.resources[logical_id]
        type_ = resource["Type"]
        if type_ in IGNORED_TYPES:
            return
        stack = self._stack.name
        properties = self._template.resolve(resource.get("Properties", {}))
        kind = custom_resources.kind(type_) if is_custom(type_) else KINDS[type_]
        site = Site(aws=self._aws, stack=stack, logical_id=logical_id)
        try:
            made = kind.make(site, properties)
        except (ClientError, BotoCoreError, KeyError) as error:
            raise LineError(
                f"stack {stack}, resource {logical_id}: {type_} could not be made: {self._why(error)}"
            ) from error
        except LineError as error:
            raise LineError(_placed(str(error), stack, logical_id)) from None
        made.retain = resource.get("DeletionPolicy", "Delete") != "Delete"
        self._deployment.made[stack, logical_id] = made
        self._deployment.resources.append(DeployedResource(stack, logical_id, type_, made.ref))
        if self._on_event:
            self._on_event(stack, logical_id, type_)

    def _why(self, error: Exception) -> str:
        inside = isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        return self._aws.problems[-1] if inside and self._aws.problems else _told(error)

    def _attribute(self, logical_id: str, attribute: str | None) -> Any:
        made = self._deployment.made.get((self._stack.name, logical_id))
        if made is None:
            raise LineError(f"stack {self._stack.name}: resource {logical_id} is referred to but not created")
        return made.ref if attribute is None else made.attribute(attribute)

    def _export(self, name: str) -> Any:
        for deployment in reversed(self._aws.deployments):
            if name in deployment.exports:
                return deployment.exports[name]
        raise LineError(f"stack {self._stack.name}: no deployed stack exports {name!r}: deploy the one that does first")


def reachable(endpoint: str, value: str) -> str:
    """Return an output as it can be used here: the URL of a REST API becomes its local route."""
    match = _REST_URL.fullmatch(value)
    if not match:
        return value
    return f"{endpoint}/restapis/{match[1]}/{match[2]}/_user_request_{match[3] or '/'}"


def _bootstrap(aws: EmbeddedAws) -> None:
    """Make what `cdk bootstrap` would leave and the assembly relies on: the assets bucket and the version."""
    s3, bucket = aws.client("s3"), f"cdk-{_BOOTSTRAP}-assets-{aws.account}-{aws.region}"
    place = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    known = {found["Name"] for found in s3.list_buckets()["Buckets"]}
    if bucket not in known:
        s3.create_bucket(Bucket=bucket, **place)
    name = f"/cdk-bootstrap/{_BOOTSTRAP}/version"
    aws.client("ssm").put_parameter(Name=name, Value="30", Type="String", Overwrite=True)


def _publish(aws: EmbeddedAws, stack: Stack) -> None:
    for asset in stack.files:
        aws.client("s3").put_object(Bucket=asset.bucket, Key=asset.key, Body=asset.content())
    for image in stack.images:
        aws.images.publish(image.uri, image.image())


def _told(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it lacks the property {error}"
    text = str(error).split("<!doctype", 1)[0].strip().rstrip(":")  # an error page tells the user nothing
    return " ".join(text.split())


def _placed(message: str, stack: str, logical_id: str) -> str:
    return message if message.startswith("stack ") else f"stack {stack}, resource {logical_id}: {message}"
