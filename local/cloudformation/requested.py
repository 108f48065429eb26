"""What a caller of CloudFormation asks for: its template, parameters, tags and capabilities, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import yaml
from botocore.exceptions import ClientError

from config.errors import LineError
from local.cloudformation.stacks import Stack, Wanted
from local.deployment import check_types

if TYPE_CHECKING:
    from local.server import EmbeddedAws

Given = Mapping[str, Any]


class RefusedError(Exception):
    """A call that CloudFormation refuses: its error code, message and HTTP status."""

    def __init__(self, message: str, code: str = "ValidationError", status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def read_wanted(aws: EmbeddedAws, given: Given, stack: Stack | None) -> Wanted:
    """Return what a call asks a stack to be; what it leaves out is as it was. Raises RefusedError for a mistake."""
    former = stack.wanted if stack is not None else None
    body = former.body if given.get("UsePreviousTemplate") and former else _body(aws, given)
    template = read_template(body)
    try:
        check_types(template, str(given["StackName"]))
    except LineError as error:
        raise RefusedError(f"Template format error: Unrecognized resource types: {error}") from None
    _check_capabilities(template, given.get("Capabilities") or [])
    tags = (
        {tag["Key"]: tag["Value"] for tag in given["Tags"]}
        if given.get("Tags")
        else dict(former.tags if former else {})
    )
    return Wanted(
        template=template,
        body=body,
        parameters=_parameters(template, given.get("Parameters") or [], former),
        tags=tags,
        capabilities=tuple(given.get("Capabilities") or ()),
        role=given.get("RoleARN") or (former.role if former else None),
    )


def read_template(body: str) -> dict[str, Any]:
    """Return a template of JSON or YAML, with YAML's short forms of functions written out."""
    try:
        found: Any = json.loads(body) if body.lstrip().startswith("{") else yaml.load(body, Loader=_Loader)  # noqa: S506
    except (ValueError, yaml.YAMLError) as error:
        raise RefusedError(f"Template format error: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict) or not isinstance(found.get("Resources"), dict) or not found["Resources"]:
        raise RefusedError("Template format error: At least one Resources member must be defined.")
    for logical_id, resource in found["Resources"].items():
        if not isinstance(resource, dict) or "Type" not in resource:
            raise RefusedError(
                f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
            )
    return found


def _body(aws: EmbeddedAws, given: Given) -> str:
    if given.get("TemplateBody"):
        return str(given["TemplateBody"])
    if not given.get("TemplateURL"):
        raise RefusedError("Either Template URL or Template Body must be specified.")
    url = urlsplit(str(given["TemplateURL"]))
    host, path = url.hostname or "", unquote(url.path).lstrip("/")
    bucket, _, key = path.partition("/")
    if ".s3." in host:  # the bucket is the host's first part
        bucket, key = host.split(".s3.")[0], path
    try:
        content: bytes = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise RefusedError(f"S3 error: {error.response['Error'].get('Message', error)} (s3://{bucket}/{key})") from None
    return content.decode()


def _parameters(template: Given, given: list[dict[str, Any]], former: Wanted | None) -> dict[str, str]:
    declared = template.get("Parameters", {})
    found: dict[str, str] = {}
    for one in given:
        name = one["ParameterKey"]
        if name not in declared:
            raise RefusedError(f"Parameters: [{name}] do not exist in the template")
        if not one.get("UsePreviousValue"):
            found[name] = str(one.get("ParameterValue", ""))
        elif former and name in former.parameters:
            found[name] = former.parameters[name]
    missing = sorted(name for name in declared if name not in found and "Default" not in declared[name])
    if missing:
        raise RefusedError(f"Parameters: [{', '.join(missing)}] must have values")
    return found


def _check_capabilities(template: Given, given: list[str]) -> None:
    needed = needed_capability(template)
    if needed and not {needed, "CAPABILITY_NAMED_IAM"}.intersection(given):
        raise RefusedError(f"Requires capabilities : [{needed}]", code="InsufficientCapabilitiesException")


def needed_capability(template: Given) -> str | None:
    """Return what a template with IAM resources asks the caller to agree to."""
    resources = [one for one in template["Resources"].values() if one["Type"].startswith("AWS::IAM::")]
    names = ("RoleName", "ManagedPolicyName", "InstanceProfileName", "UserName", "GroupName")
    if any(name in one.get("Properties", {}) for one in resources for name in names):
        return "CAPABILITY_NAMED_IAM"
    return "CAPABILITY_IAM" if resources else None


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, such as ``!GetAtt A.Arn``."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:
        raise yaml.YAMLError(f"!{suffix} of what is no value")
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
_Loader.yaml_implicit_resolvers = {  # a version such as 2010-09-09 stays a text
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
