import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from moto.applicationautoscaling.models import FakeScalableTarget, applicationautoscaling_backends

from runtime import endpoint, lifecycle
from tests.runtime.released import Embedded, embedded

Answers = tuple[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    with embedded() as found:
        yield found


@pytest.fixture
def answers() -> Iterator[Answers]:
    """A ResponseURL, and what is put there."""
    told: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            assert not self.headers["Content-Type"]  # else the presigned URL's signature does not match
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/answer", told
        server.shutdown()
        thread.join()


def event(kind: str, url: str, **more: str) -> dict[str, str]:
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "MadeByRuns",
        **more,
    }


def answer(aws: Embedded, told: dict[str, str], group: str = "group", seconds: float = 60) -> dict[str, Any]:
    return lifecycle.answer(
        told,
        sagemaker=aws.client("sagemaker"),
        endpoint_name="local-flights",
        group=group,
        seconds_left=lambda: seconds,
    )


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_only_a_deletion_does_anything(aws: Embedded, answers: Answers, kind: str) -> None:
    url, told = answers

    answer(aws, event(kind, url, PhysicalResourceId="known"), group="no such group")

    assert told == [
        {
            "Status": "SUCCESS",
            "Reason": "endpoint local-flights",
            "PhysicalResourceId": "known",
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "MadeByRuns",
        }
    ]


def test_a_deletion_empties_the_group_and_can_be_done_again(aws: Embedded, answers: Answers) -> None:
    url, told = answers
    sagemaker = aws.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="full")
    for _ in range(3):
        sagemaker.create_model_package(ModelPackageGroupName="full")

    answer(aws, event("Delete", url), group="full")
    answer(aws, event("Delete", url), group="full")

    assert sagemaker.list_model_packages(ModelPackageGroupName="full")["ModelPackageSummaryList"] == []
    assert [one["Status"] for one in told] == ["SUCCESS", "SUCCESS"]


def test_a_failure_is_answered_with_its_reason(
    aws: Embedded, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise PermissionError("not allowed")

    monkeypatch.setattr(endpoint, "delete", fail)
    url, told = answers

    answer(aws, event("Delete", url))

    assert (told[0]["Status"], told[0]["Reason"]) == ("FAILED", "PermissionError: not allowed")


def test_an_endpoint_that_stays_busy_is_answered_before_time_runs_out(
    aws: Embedded, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "state", lambda *_: endpoint.State("Updating", "config"))
    url, told = answers

    answer(aws, event("Delete", url), seconds=10)

    assert told[0]["Status"] == "FAILED"
    assert told[0]["Reason"] == (
        "TimeoutError: endpoint 'local-flights' is still busy: delete the stack again when it is InService"
    )


def test_a_deletion_ends_the_scaling_of_an_endpoint(aws: Embedded, answers: Answers) -> None:
    url, told = answers
    autoscaling = aws.client("application-autoscaling")
    backend = applicationautoscaling_backends[aws.aws.account][aws.aws.region]
    variant, dimension = "endpoint/local-flights/variant/champion", "sagemaker:variant:DesiredInstanceCount"
    backend._add_scalable_target(FakeScalableTarget(backend, "sagemaker", variant, dimension, 1, 2, "", ""))

    lifecycle.answer(
        event("Delete", url),
        sagemaker=aws.client("sagemaker"),
        autoscaling=autoscaling,
        endpoint_name="local-flights",
        group="no-group",
        seconds_left=lambda: 60,
    )

    assert told[0]["Status"] == "SUCCESS", told[0]["Reason"]
    assert autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
