"""What services tell of themselves: invocations of functions and the depth of queues, where alarms look for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaFunction
from moto.sqs.models import sqs_backends

from local.fidelity import Row
from local.metrics import gatherer_of

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("CloudWatch", "AWS/Lambda Invocations and Errors, AWS/States executions, depth of watched queues", "real"),
    Row(
        "CloudWatch",
        "AWS/SageMaker Invocations, Invocation4XXErrors, Invocation5XXErrors, ModelLatency, OverheadLatency",
        "real",
        "by EndpointName and VariantName; OverheadLatency is 0",
    ),
    Row("CloudWatch", "other metrics of services themselves (AWS/ApiGateway, ...)", "absent"),
]


def install(aws: EmbeddedAws) -> None:
    """Count invocations; moto has no metrics of Lambda."""
    count_asked(aws)
    count_delivered(aws)


def count_asked(aws: EmbeddedAws) -> None:
    """Count what Invoke runs while its caller waits."""
    stock = LambdaFunction.invoke

    def invoke(self: Any, body: str, request_headers: Any, response_headers: Any) -> Any:
        answer = stock(self, body, request_headers, response_headers)
        if request_headers.get("x-amz-invocation-type", "RequestResponse") == "RequestResponse":
            _count(aws, self.function_name, failed="x-amz-function-error" in response_headers)
        return answer

    aws.patches.replace(LambdaFunction, "invoke", invoke)


def count_delivered(aws: EmbeddedAws) -> None:
    """Count what runs in the background and what topics and buckets deliver."""
    stock = LambdaFunction._invoke_lambda

    def invoke_lambda(self: Any, event: Any = None) -> tuple[Any, bool, str]:
        payload, failed, logs = stock(self, event)
        _count(aws, self.function_name, failed=bool(failed))
        return payload, bool(failed), logs

    aws.patches.replace(LambdaFunction, "_invoke_lambda", invoke_lambda)


def _count(aws: EmbeddedAws, function: str, *, failed: bool) -> None:
    for name, value in (("Invocations", 1), ("Errors", int(failed))):
        gatherer_of(aws).add("AWS/Lambda", datum(name, value, FunctionName=function))


def count_invocation(aws: EmbeddedAws, *, endpoint: str, variant: str, status: int, seconds: float) -> None:
    """Tell how a variant of an endpoint answered; latencies are in microseconds."""
    told = {
        "Invocations": 1,
        "Invocation4XXErrors": int(400 <= status < 500),
        "Invocation5XXErrors": int(status >= 500),
        "ModelLatency": seconds * 1e6,
        "OverheadLatency": 0,
    }
    for name, value in told.items():
        gatherer_of(aws).add("AWS/SageMaker", datum(name, value, EndpointName=endpoint, VariantName=variant))


def datum(name: str, value: float, **dimensions: str) -> dict[str, Any]:
    """Return a metric as PutMetricData takes it, of this moment."""
    named = [{"Name": key, "Value": each} for key, each in dimensions.items()]
    return {"MetricName": name, "Value": value, "Timestamp": dt.datetime.now(dt.UTC), "Dimensions": named}


def sample_queues(aws: EmbeddedAws, alarms: Sequence[Mapping[str, Any]]) -> None:
    """Put how many messages wait in each queue that an alarm watches, as SQS does each minute."""
    watched = [metric for alarm in alarms for metric in _watched(alarm) if metric["Namespace"] == "AWS/SQS"]
    queues = {dimension["Value"] for metric in watched for dimension in metric.get("Dimensions", [])}
    stored = sqs_backends[aws.account][aws.region].queues
    for name in sorted(queues & set(stored)):
        depth = len(stored[name].messages)
        gatherer_of(aws).add("AWS/SQS", datum("ApproximateNumberOfMessagesVisible", depth, QueueName=name))


def _watched(alarm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if alarm.get("MetricName"):
        return [alarm]
    return [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
