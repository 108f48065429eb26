"""Endpoints serve their models."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.images import Image
from local.server import EmbeddedAws
from tests.local.embedded import role, wait_for

IMAGE = "serve:1"
SERVER = """
import http.server, json, os, pathlib, sys
if sys.argv[1] != "serve": sys.exit("not serve")
word = (pathlib.Path(os.environ["SM_MODEL_DIR"]) / "word").read_text()
if word == "broken": sys.exit("the model does not match its manifest")
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def answer(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status); self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_GET(self): self.answer(200, {})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "carrier" not in asked: return self.answer(400, {"error": "carrier is missing"})
        self.answer(200, {"word": word, "stage": os.environ.get("STAGE"), "pid": os.getpid()})
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    directory = tmp_path_factory.mktemp("image")
    (directory / "server.py").write_text(SERVER)
    with EmbeddedAws() as aws:
        aws.images.publish(IMAGE, Image(directory, ["python", "server.py"]))
        role(aws, "endpoint")
        aws.client("s3").create_bucket(Bucket="models")
        for word in ("old", "new", "broken"):
            model(aws, word, archive({"word": word}))
            config(aws, word, word)
        yield aws


@pytest.fixture
def endpoint(aws: EmbeddedAws) -> Iterator[str]:
    aws.client("sagemaker").create_endpoint(EndpointName="flights", EndpointConfigName="old")
    assert settled(aws)["EndpointStatus"] == "InService"
    yield "flights"
    aws.client("sagemaker").delete_endpoint(EndpointName="flights")
    wait_for(lambda: not aws.processes.running)


def archive(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def model(aws: EmbeddedAws, name: str, data: bytes) -> None:
    aws.client("s3").put_object(Bucket="models", Key=f"{name}.tar.gz", Body=data)
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://models/{name}.tar.gz", "Environment": {"STAGE": "test"}}
    arn = f"arn:aws:iam::{aws.account}:role/endpoint"
    aws.client("sagemaker").create_model(ModelName=name, ExecutionRoleArn=arn, PrimaryContainer=container)


def config(aws: EmbeddedAws, name: str, *models: str) -> None:
    variants = [
        {"VariantName": m, "ModelName": m, "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1}}
        for m in models
    ]
    aws.client("sagemaker").create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)


def settled(aws: EmbeddedAws, name: str = "flights") -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        described: dict[str, Any] = aws.client("sagemaker").describe_endpoint(EndpointName=name)
        return None if described["EndpointStatus"] in ("Creating", "Updating") else described

    return wait_for(look)


def ask(aws: EmbeddedAws, name: str = "flights", body: str = '{"carrier": "UA"}', **options: Any) -> dict[str, Any]:
    answer = aws.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, ContentType="application/json", Body=body, **options
    )
    told: dict[str, Any] = json.loads(answer["Body"].read()) | {"variant": answer["InvokedProductionVariant"]}
    return told


def test_an_endpoint_answers_with_its_model(aws: EmbeddedAws, endpoint: str) -> None:
    told = ask(aws, endpoint)
    assert (told["word"], told["stage"], told["variant"]) == ("old", "test", "old")


def test_an_update_swaps_without_an_answer_lost(aws: EmbeddedAws, endpoint: str) -> None:
    aws.client("sagemaker").update_endpoint(EndpointName=endpoint, EndpointConfigName="new")
    during = aws.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", "old")
    words = {ask(aws, endpoint)["word"]}
    while aws.client("sagemaker").describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "Updating":
        words.add(ask(aws, endpoint)["word"])
    described = settled(aws)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "new")
    assert ask(aws, endpoint)["word"] == "new"
    assert words <= {"old", "new"}
    wait_for(lambda: len(aws.processes.running) == 1)


def test_a_failed_update_keeps_the_old_model_in_service(aws: EmbeddedAws, endpoint: str) -> None:
    aws.client("sagemaker").update_endpoint(EndpointName=endpoint, EndpointConfigName="broken")
    described = settled(aws)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "old")
    assert described["FailureReason"] == (
        "The primary container for production variant broken did not pass the ping health check: it exited with code "
        "1; its last words: the model does not match its manifest. Please check CloudWatch logs for this endpoint."
    )
    assert ask(aws, endpoint)["word"] == "old"


def test_a_new_endpoint_that_does_not_come_up_failed(aws: EmbeddedAws) -> None:
    aws.client("sagemaker").create_endpoint(EndpointName="broken", EndpointConfigName="broken")
    assert settled(aws, "broken")["EndpointStatus"] == "Failed"


def test_a_request_that_the_model_refuses_is_a_model_error(aws: EmbeddedAws, endpoint: str) -> None:
    runtime = aws.client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ModelError) as refused:
        ask(aws, endpoint, body="{}")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert refused.value.response["OriginalStatusCode"] == 400
    assert json.loads(refused.value.response["OriginalMessage"]) == {"error": "carrier is missing"}


def test_an_unknown_endpoint_is_a_validation_error(aws: EmbeddedAws) -> None:
    runtime = aws.client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ValidationError, match="Endpoint nowhere of account 123456789012 not found"):
        ask(aws, "nowhere")


def test_only_a_role_with_the_grant_may_ask(aws: EmbeddedAws, endpoint: str) -> None:
    for name, action in (("asks", "sagemaker:InvokeEndpoint"), ("looks", "sagemaker:DescribeEndpoint")):
        role(aws, name, action)
    runtimes = {
        name: aws.client("sagemaker-runtime", f"arn:aws:iam::{aws.account}:role/{name}") for name in ("asks", "looks")
    }
    runtimes["asks"].invoke_endpoint(EndpointName=endpoint, Body=b'{"carrier": "UA"}')
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:InvokeEndpoint"):
        runtimes["looks"].invoke_endpoint(EndpointName=endpoint, Body=b'{"carrier": "UA"}')


def test_a_caller_may_name_the_variant(aws: EmbeddedAws) -> None:
    config(aws, "both", "old", "new")
    aws.client("sagemaker").create_endpoint(EndpointName="two", EndpointConfigName="both")
    assert settled(aws, "two")["EndpointStatus"] == "InService"
    assert [ask(aws, "two", TargetVariant=variant)["word"] for variant in ("old", "new")] == ["old", "new"]
    aws.client("sagemaker").delete_endpoint(EndpointName="two")


@pytest.mark.parametrize("what", ["model", "endpoint_config", "endpoint"])
def test_what_exists_is_not_overwritten(aws: EmbeddedAws, endpoint: str, what: str) -> None:
    create: dict[str, Callable[[], object]] = {
        "model": lambda: model(aws, "old", b""),
        "endpoint_config": lambda: config(aws, "old", "new"),
        "endpoint": lambda: aws.client("sagemaker").create_endpoint(EndpointName=endpoint, EndpointConfigName="new"),
    }
    data = aws.client("s3").get_object(Bucket="models", Key="old.tar.gz")["Body"].read()
    with pytest.raises(aws.client("sagemaker").exceptions.ClientError, match="Cannot create already existing"):
        create[what]()
    aws.client("s3").put_object(Bucket="models", Key="old.tar.gz", Body=data)


@pytest.mark.parametrize(("instance_type", "accepted"), [("ml.m6i.large", True), ("ml.m6i.tiny", False)])
def test_an_instance_type_is_one_that_aws_lists(aws: EmbeddedAws, instance_type: str, accepted: bool) -> None:
    sagemaker = aws.client("sagemaker")
    variant = {"VariantName": "v", "ModelName": "old", "InstanceType": instance_type, "InitialInstanceCount": 1}
    with nullcontext() if accepted else pytest.raises(sagemaker.exceptions.ClientError, match="not an instance type"):
        sagemaker.create_endpoint_config(EndpointConfigName="instances", ProductionVariants=[variant])
        sagemaker.delete_endpoint_config(EndpointConfigName="instances")


def test_an_archive_that_would_write_elsewhere_is_refused(aws: EmbeddedAws) -> None:
    model(aws, "escaping", archive({"../../escaped": "x"}))
    config(aws, "escaping", "escaping")
    aws.client("sagemaker").create_endpoint(EndpointName="escaping", EndpointConfigName="escaping")
    assert "it is not a model archive that may be unpacked" in settled(aws, "escaping")["FailureReason"]
