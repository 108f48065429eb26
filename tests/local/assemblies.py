"""Small cloud assemblies written by hand, for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Resources = Mapping[str, Mapping[str, Any]]


def write_assembly(directory: Path, templates: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write an assembly of the templates, by stack name; each stack depends on those before it."""
    directory.mkdir(parents=True, exist_ok=True)
    artifacts: dict[str, Any] = {}
    for name, template in templates.items():
        (directory / f"{name}.template.json").write_text(json.dumps(template), encoding="utf-8")
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": list(artifacts),
        }
    (directory / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    return directory


def role_for(service: str, *statements: Mapping[str, Any], managed: list[Any] | None = None) -> dict[str, Any]:
    """Return a role's resource that a service assumes, with inline statements."""
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}
    if statements:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        properties["Policies"] = [{"PolicyName": "grants", "PolicyDocument": document}]
    if managed:
        properties["ManagedPolicyArns"] = managed
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def allow(action: str | list[str], resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def function(source: str, *, role: str = "Role", **properties: Any) -> dict[str, Any]:
    """Return a function's resource, its source inline in a module ``index``."""
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": [role, "Arn"]},
            "Code": {"ZipFile": source},
            "Timeout": 20,
            **properties,
        },
    }
