"""Environments as deploys and runs leave them in the AWS in memory."""

from __future__ import annotations

from typing import Any

from config import tags
from config.naming import identifier, pascal, slug
from runtime.endpoint import VARIANT, names_prefix
from runtime.environments import FOLDER, TTL_DAYS
from tests.runtime.teardown.account import ACCOUNT, REGION, Account, StackOf


def build(
    account: Account,
    environment: str,
    lines: tuple[str, ...] = ("flights",),
    *,
    ref: str | None = None,
    used: bool = True,
) -> None:
    """Deploy an environment (of a branch where it has a ref) and, when it is used, let runs make what they make."""
    carried = {tags.PROJECT: tags.PROJECT_VALUE, tags.ENVIRONMENT: environment}
    carried |= {tags.REF: tags.encoded(ref)} if ref else {tags.PROTECTED: "true"}
    foundation = _Deploy(account, environment, carried, "Foundation")
    foundation.stack.outputs = {TTL_DAYS: "7"} if ref else {}
    key = foundation.make("AWS::KMS::Key", "key", f"key-{account.number()}")
    for part in ("raw", "lake", "accesslogs"):
        foundation.make("AWS::S3::Bucket", "bucket", f"assemblyline-{environment}-{part}-{account.number()}")
    network = foundation.make("AWS::EC2::VPC", "vpc", f"vpc-{account.number()}")
    foundation.make("AWS::Glue::Database", "database", identifier(environment), retain=True)
    foundation.make("AWS::DynamoDB::Table", "table", f"ledger-{environment}-{account.number()}")
    queue = foundation.make("AWS::Batch::JobQueue", "queue", f"queue-{environment}-{account.number()}")
    foundation.make("AWS::CloudWatch::Dashboard", "dashboard", slug(environment))
    if used:
        _use_foundation(account, environment, foundation.stack, network, queue)
    for line in lines:
        stack = _Deploy(account, environment, carried, pascal(line))
        _deploy_line(stack, environment, line)
        if used:
            _use_line(account, environment, line, stack.stack, key)


class _Deploy:
    def __init__(self, account: Account, environment: str, carried: dict[str, str], part: str) -> None:
        name = f"AssemblyLine-{environment}-{part}"
        self.account, self.environment, self.carried = account, environment, carried
        self.stack = StackOf(f"arn:{name}/{account.number()}", name, dict(carried))
        account.stacks.append(self.stack)

    def make(self, type_: str, kind: str, name: str, *, retain: bool = False) -> str:
        carried = dict(self.carried) if kind in ("bucket", "table", "key") else {}
        if kind != "custom":  # which is nothing but a function that was called
            self.account.add(kind, name, self.environment, carried, arn=_arn(kind, name))
        if kind == "rule":
            self.account.things[kind, name].facts["state"] = "ENABLED"
        self.stack.resources.append(
            {
                "LogicalResourceId": f"{kind}{len(self.stack.resources)}",
                "PhysicalResourceId": name,
                "ResourceType": type_,
                "ResourceStatus": "CREATE_COMPLETE",
                "Kind": kind,
                "Retain": retain,
            }
        )
        return name


def _arn(kind: str, name: str) -> str:
    if kind == "bucket":
        return f"arn:aws:s3:::{name}"
    service = {"table": "dynamodb", "key": "kms"}.get(kind, kind)
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{name}"


def _group(name: str) -> str:
    """CloudFormation knows a group of model packages by its ARN."""
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/{name}"


def _deploy_line(stack: _Deploy, environment: str, line: str) -> None:
    whole = slug(environment, line)
    stack.make("AWS::IAM::Role", "role", f"role-{whole}")
    stack.make("AWS::Glue::SecurityConfiguration", "security", whole, retain=True)
    stack.make("AWS::Glue::Job", "job", f"job-{whole}")
    stack.make("AWS::SageMaker::ModelPackageGroup", "group", _group(whole))
    stack.make("Custom::MadeByRuns", "custom", f"custom-{whole}")
    stack.make("AWS::StepFunctions::StateMachine", "machine", f"machine-{whole}")
    stack.make("AWS::Events::Rule", "rule", f"rule-{whole}")
    stack.make("AWS::Logs::LogGroup", "loggroup", f"/aws/vendedlogs/states/{whole}")
    stack.make("AWS::CloudWatch::Dashboard", "dashboard", whole)


def _use_foundation(account: Account, environment: str, stack: StackOf, network: str, queue: str) -> None:
    buckets = [one["PhysicalResourceId"] for one in stack.resources if one["ResourceType"] == "AWS::S3::Bucket"]
    for bucket in buckets[:2]:
        for marker in (False, True, False):
            account.add("object", f"object-{account.number()}", environment, bucket=bucket, marker=marker)
    account.add("upload", f"upload-{account.number()}", environment, bucket=buckets[0])
    account.add("interface", f"eni-{account.number()}", environment, vpc=network)
    account.add("batchjob", f"job-{account.number()}", environment, queue=queue, status="RUNNING")
    account.add("parameter", f"{FOLDER}{environment}/pins", environment)


def _use_line(account: Account, environment: str, line: str, stack: StackOf, key: str) -> None:
    whole = slug(environment, line)
    account.add("gluetable", f"{line}_rows_{environment}", environment, database=identifier(environment))
    account.add("execution", f"run-{account.number()}-{whole}", environment, machine=f"machine-{whole}")
    account.add("jobrun", f"jr_{account.number()}", environment, job=f"job-{whole}")
    account.add("training", f"{line}-{account.number()}", environment, role=f"arn:aws:iam::1:role/role-{whole}")
    account.add("endpoint", whole, environment, status="Updating")
    account.add("target", f"endpoint/{whole}/variant/{VARIANT}", environment)
    account.add("alarm", f"TargetTracking-endpoint/{whole}/variant/{VARIANT}-AlarmHigh-1", environment)
    for content in ("0123456789", "abcdefabcd"):
        account.add("config", f"{names_prefix(whole)}{content}", environment)
        account.add("model", f"{names_prefix(whole)}{content}", environment)
    account.add("package", f"arn:package/{whole}/1", environment, group=_group(whole))
    account.add("loggroup", f"/aws/sagemaker/Endpoints/{whole}", environment)
    account.add("loggroup", f"/aws-glue/jobs/{whole}-role/role-{whole}/output", environment)
    account.add("loggroup", f"/aws-glue/jobs/of-{whole}", environment, key=f"arn:aws:kms:::key/{key}")


def standing(account: Account, environment: str) -> Any:
    """Return the whole state of an environment, to be compared, but for what changes by itself as time passes."""
    things = {
        place: {name: fact for name, fact in thing.facts.items() if name != "status"}
        for place, thing in account.things.items()
        if thing.owner == environment
    }
    return things, [(one.id, one.status) for one in account.stacks if one.tags["environment"] == environment]
