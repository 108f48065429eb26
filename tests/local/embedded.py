"""What tests of the executors share: roles, archives, patience."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from local.server import EmbeddedAws

T = TypeVar("T")


def wait_for(look: Callable[[], T | None], seconds: float = 20) -> T:
    """Look until there is something to see."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.03)
    raise AssertionError(f"nothing to see after {seconds} seconds")


def role(aws: EmbeddedAws, name: str, *actions: str) -> str:
    """Create a role that may do the actions (all when none is named) on everything; returns its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": list(actions) or "*", "Resource": "*"}
    iam = aws.client("iam")
    created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))
    iam.put_role_policy(RoleName=name, PolicyName="grants", PolicyDocument=_policy(allow))
    arn: str = created["Role"]["Arn"]
    return arn


def zip_of(files: Mapping[str, str]) -> bytes:
    """Return a zip archive of the files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def function(aws: EmbeddedAws, name: str, source: str, **options: Any) -> str:
    """Create a Lambda function from the source of its handler module; returns its ARN."""
    arn: str = aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=options.pop("Role", None) or role(aws, f"{name}-role"),
        Handler="app.handler",
        Code={"ZipFile": zip_of({"app.py": source})},
        Timeout=30,
        **options,
    )["FunctionArn"]
    return arn


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
