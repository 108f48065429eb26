"""What a process that jobs are forked from has read before: the models of the services that they call."""

from __future__ import annotations

import functools

import boto3
import botocore.session

botocore.session.create_loader = functools.cache(botocore.session.create_loader)
for _service in ("s3", "glue", "dynamodb"):
    boto3.client(_service, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
