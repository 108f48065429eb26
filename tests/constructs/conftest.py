from __future__ import annotations

import aws_cdk as cdk
import pytest

from config.environment import Environment
from config.loading import load_environment
from tests.moto_server import aws

__all__ = ["aws"]


@pytest.fixture
def environment() -> Environment:
    return load_environment("local")


@pytest.fixture
def stack() -> cdk.Stack:
    """An empty stack to build in."""
    return cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(account="123456789012", region="eu-central-1"))
