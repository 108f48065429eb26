"""The caller's own AWS session: the profile, region and endpoint that the environment's variables say."""

from __future__ import annotations

import os
from typing import Any


def session() -> Any:
    """Return a session of boto3, which by itself knows AWS_DEFAULT_REGION only."""
    import boto3

    return boto3.Session(region_name=os.environ.get("AWS_REGION"))
