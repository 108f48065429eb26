"""Repairs of moto 5.2.5: each a small named function with its reason and its place in moto.

All of them are undone when the server closes. Each has a contract test in tests/local/test_repairs.py.
"""

from __future__ import annotations

import json
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaFunction
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.models.dynamo_type import Item
from moto.ec2.models.flow_logs import FlowLogsBackend
from moto.glue.responses import GlueResponse
from moto.iam import aws_managed_policies
from moto.iam.access_control import PermissionResult
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from local.conditional_puts import one_at_a_time

if TYPE_CHECKING:
    from local.server import EmbeddedAws


def install(aws: EmbeddedAws) -> None:
    """Apply every repair."""
    bucket_policies_are_left_to_the_gate(aws)
    aws_managed_policies_are_known(aws)
    composite_alarms_can_be_put(aws)
    access_logs_may_precede_their_policy(aws)
    aws.patches.replace(S3Response, "put_object", one_at_a_time())
    flow_logs_may_go_to_a_folder(aws)
    functions_keep_their_log_group(aws)
    items_can_be_read_while_they_grow(aws)
    tables_change_only_from_the_version_that_was_read(aws)


def bucket_policies_are_left_to_the_gate(aws: EmbeddedAws) -> None:
    """moto reads bucket policies without their conditions (s3/models.py, FakeBucket.get_permission).

    A policy that denies insecure transport then denies everything, to the operator as well. The gate in local/iam.py
    evaluates bucket policies with their conditions, so moto need not.
    """
    aws.patches.replace(FakeBucket, "get_permission", lambda *_: PermissionResult.NEUTRAL)


def aws_managed_policies_are_known(aws: EmbeddedAws) -> None:
    """moto knows AWS's managed policies only when it loads all of them for each account (iam/models.py).

    That takes a second and slows each listing. Here one is added at the moment when a role wants it.
    """
    attach = IAMBackend.attach_role_policy

    def attach_role_policy(backend: IAMBackend, policy_arn: str, role_name: str) -> None:
        if ":iam::aws:policy/" in policy_arn and policy_arn not in backend.managed_policies:
            name = policy_arn.rsplit("/", 1)[-1]
            document = _managed_policies().get(name)
            if document:
                policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, document)
                backend.managed_policies[policy.arn] = policy
        attach(backend, policy_arn, role_name)

    aws.patches.replace(IAMBackend, "attach_role_policy", attach_role_policy)


def composite_alarms_can_be_put(aws: EmbeddedAws) -> None:
    """moto lists composite alarms but has no PutCompositeAlarm (cloudwatch/responses.py).

    Its PutMetricAlarm reads an AlarmRule, too, and stores what is then described as a composite alarm.
    """
    aws.patches.replace(CloudWatchResponse, "put_composite_alarm", CloudWatchResponse.put_metric_alarm)


def access_logs_may_precede_their_policy(aws: EmbeddedAws) -> None:
    """moto refuses a logging target whose policy does not yet admit the log service (s3/models.py, set_logging).

    AWS takes the setting, and CDK puts that policy after the buckets that log: it names them in its conditions.
    """
    allowed = staticmethod(lambda target_bucket, target_prefix: True)
    aws.patches.replace(FakeBucket, "_log_permissions_enabled_policy", allowed)


def flow_logs_may_go_to_a_folder(aws: EmbeddedAws) -> None:
    """moto takes a flow log's destination for a bucket's name, folder and all (ec2/models/flow_logs.py)."""
    create = FlowLogsBackend.create_flow_logs

    def create_flow_logs(backend: Any, **given: Any) -> Any:
        destination = given.get("log_destination")
        if not destination or not destination.startswith("arn:aws:s3:::"):
            return create(backend, **given)
        made, failed = create(backend, **{**given, "log_destination": destination.split("/", 1)[0]})
        for log in made:
            log.log_destination = destination
        return made, failed

    aws.patches.replace(FlowLogsBackend, "create_flow_logs", create_flow_logs)


def functions_keep_their_log_group(aws: EmbeddedAws) -> None:
    """moto forgets a function's LoggingConfig (awslambda/models.py, LambdaFunction.__init__).

    Its logs would go to the group that is named after the function, which nothing in the template knows.
    """
    begin = LambdaFunction.__init__

    def __init__(function: Any, account_id: str, spec: dict[str, Any], *more: Any, **named: Any) -> None:  # noqa: N807
        begin(function, account_id, spec, *more, **named)
        function.logs_group_name = spec.get("LoggingConfig", {}).get("LogGroup", function.logs_group_name)

    aws.patches.replace(LambdaFunction, "__init__", __init__)


def items_can_be_read_while_they_grow(aws: EmbeddedAws) -> None:
    """moto walks an item's attributes while another thread may add one (dynamodb/models/dynamo_type.py, Item).

    The reader then gets a 500: dictionary changed size during iteration. Here it walks a copy, which is made at once.
    """
    describe, to_json, deepcopy = Item.describe_attrs, Item.to_json, Item.__deepcopy__

    def snapshot(item: Item) -> Any:
        twin: Any = object.__new__(type(item))
        vars(twin).update(vars(item), attrs=dict(item.attrs))
        return twin

    aws.patches.replace(Item, "describe_attrs", lambda item, *more, **named: describe(snapshot(item), *more, **named))
    aws.patches.replace(Item, "to_json", lambda item, *more, **named: to_json(snapshot(item), *more, **named))
    # with a memo of its own: it goes by id, and another snapshot may get the id of one that is gone
    aws.patches.replace(Item, "__deepcopy__", lambda item, memo: deepcopy(snapshot(item), {}))


def tables_change_only_from_the_version_that_was_read(aws: EmbeddedAws) -> None:
    """moto ignores UpdateTable's VersionId (glue/responses.py, update_table).

    Iceberg commits through it: without the comparison, of two commits at once the earlier would be lost.
    """
    update, lock = GlueResponse.update_table, threading.Lock()

    def update_table(response: Any) -> Any:
        database, expected = response._get_param("DatabaseName"), response._get_param("VersionId")
        name = response._get_param("TableInput")["Name"]
        with lock:
            if expected is not None:
                found = response.glue_backend.get_table(database, name).as_dict()["VersionId"]
                if found != expected:
                    raise JsonRESTError(
                        "ConcurrentModificationException", f"Update table failed: version {found}, expected {expected}"
                    )
            return update(response)

    aws.patches.replace(GlueResponse, "update_table", update_table)


@cache
def _managed_policies() -> dict[str, Any]:
    policies: dict[str, Any] = json.loads(aws_managed_policies.aws_managed_policies_data)
    return policies
