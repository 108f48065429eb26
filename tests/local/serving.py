"""Endpoints on instances with tiny model servers, the alarms of a rollout, and a load that never stops."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.images import Image
from local.server import EmbeddedAws
from tests.local.embedded import role, wait_for

IMAGE = "tiny:1"
VARIANT = "champion"
SCALE = 40.0
"""Waits pass so many times quicker: a minute in a second and a half."""

SERVER = """
import http.server, json, os, sys, threading, time
mode = os.environ["MODE"]
lock, seen = threading.Lock(), []
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def answer(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status); self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_GET(self):
        if mode == "never": time.sleep(60)
        self.answer(200, {})
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        with lock: seen.append(1)
        if mode == "slow": time.sleep(1.2)
        if mode == "errors": return self.answer(500, {"error": "inside"})
        self.answer(200, {"mode": mode, "seen": len(seen)})
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    def server_bind(self):
        http.server.socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "tiny", self.server_address[1]
Server(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


@contextmanager
def serving(directory: Path) -> Iterator[EmbeddedAws]:
    """An embedded AWS whose models are named after what their servers do."""
    (directory / "server.py").write_text(SERVER)
    with EmbeddedAws(time_scale=SCALE) as aws:
        aws.images.publish(IMAGE, Image(directory, ["python", "-S", "server.py"]))
        role(aws, "endpoint", "cloudwatch:DescribeAlarms", "logs:CreateLogStream", "logs:PutLogEvents")
        for mode in ("old", "new", "errors", "slow", "never"):
            arn = f"arn:aws:iam::{aws.account}:role/endpoint"
            container = {"Image": IMAGE, "Environment": {"MODE": mode}}
            aws.client("sagemaker").create_model(ModelName=mode, ExecutionRoleArn=arn, PrimaryContainer=container)
            configured(aws, mode)
        configured(aws, "serverless-old", model="old", serverless=True)
        yield aws


def configured(
    aws: EmbeddedAws,
    name: str,
    *,
    model: str = "",
    serverless: bool = False,
    count: int = 2,
    shadow: Mapping[str, Any] | None = None,
    variant: str = VARIANT,
) -> None:
    """Make a configuration with one variant."""
    where: dict[str, Any] = {"InstanceType": "ml.m6i.large", "InitialInstanceCount": count}
    if serverless:
        where = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
    made = {"VariantName": variant, "ModelName": model or name, **where}
    beside = {"ShadowProductionVariants": [dict(shadow)]} if shadow else {}
    aws.client("sagemaker").create_endpoint_config(EndpointConfigName=name, ProductionVariants=[made], **beside)


@contextmanager
def endpoint(aws: EmbeddedAws, name: str, config: str = "old") -> Iterator[str]:
    """An endpoint in service, and the end of it."""
    aws.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=config)
    assert settled(aws, name)["EndpointStatus"] == "InService"
    yield name
    aws.client("sagemaker").delete_endpoint(EndpointName=name)


def described(aws: EmbeddedAws, name: str) -> dict[str, Any]:
    told: dict[str, Any] = aws.client("sagemaker").describe_endpoint(EndpointName=name)
    return told


def settled(aws: EmbeddedAws, name: str) -> dict[str, Any]:
    busy = ("Creating", "Updating", "RollingBack")
    return wait_for(lambda: None if (now := described(aws, name))["EndpointStatus"] in busy else now)


def alarms(aws: EmbeddedAws, name: str) -> list[str]:
    """Make an endpoint's alarms: errors above 5 %, 1 in 100 slower than a second; returns their names."""
    cloudwatch = aws.client("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": VARIANT}]
    for metric, statistic, bound in (
        ("Invocation5XXErrors", {"Statistic": "Average"}, 0.05),
        ("ModelLatency", {"ExtendedStatistic": "p99"}, 1e6),
    ):
        cloudwatch.put_metric_alarm(
            AlarmName=f"{name}-{metric}",
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=dimensions,
            Period=60,
            EvaluationPeriods=1,
            Threshold=bound,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            **statistic,
        )
    return [f"{name}-Invocation5XXErrors", f"{name}-ModelLatency"]


def performance_alarm(aws: EmbeddedAws, name: str) -> str:
    """Make an alarm on a metric of quality, which has no data yet."""
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=f"{name}-performance",
        Namespace="AssemblyLine",
        MetricName="Performance",
        Dimensions=[{"Name": "Line", "Value": name}],
        Statistic="Maximum",
        Period=3600,
        EvaluationPeriods=1,
        Threshold=0.6,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="notBreaching",
    )
    return f"{name}-performance"


def guarded(kind: str, watched: Sequence[str], *, share: int = 20, step: int = 30, bake: int = 20) -> dict[str, Any]:
    """Return a DeploymentConfig."""
    size = {"Type": "CAPACITY_PERCENT", "Value": share}
    sizes = {"CANARY": {"CanarySize": size}, "LINEAR": {"LinearStepSize": size}}
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": step, **sizes.get(kind, {})},
            "TerminationWaitInSeconds": bake,
            "MaximumExecutionTimeoutInSeconds": 1800,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in watched]},
    }


class Load:
    """Asks an endpoint from several threads until it is stopped; each request is sent once."""

    def __init__(self, aws: EmbeddedAws, name: str, threads: int = 3) -> None:
        self.answers: list[str] = []
        self.failures: list[str] = []
        self._stop = threading.Event()
        once = Config(retries={"total_max_attempts": 1}, max_pool_connections=threads)
        self._client = boto3.client(
            "sagemaker-runtime",
            endpoint_url=aws.endpoint,
            region_name=aws.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=once,
        )
        self._name = name
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        wait_for(lambda: len(self.answers) > 10)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._client.close()

    def _ask(self) -> None:
        while not self._stop.is_set():
            try:
                answer = self._client.invoke_endpoint(EndpointName=self._name, Body=b"{}")
            except ClientError as error:
                self.failures.append(str(error))
            else:
                self.answers.append(json.loads(answer["Body"].read())["mode"])
            time.sleep(0.002)
