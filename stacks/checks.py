"""What a template must pass before it is written."""

from __future__ import annotations

import os

import aws_cdk as cdk


def add_checks(app: cdk.App) -> None:
    """Let cdk-nag's AwsSolutions pack look at every resource, unless CDK_VALIDATION=false asks for speed."""
    if os.environ.get("CDK_VALIDATION", "").lower() in ("false", "0"):
        return
    from cdk_nag import AwsSolutionsChecks  # a second jsii module: its import costs as much as a small synth

    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
