"""A challenger in the shadow of a champion, in an embedded AWS whose endpoints really serve."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.errors import LineError
from local.images import Image
from runtime import artefact, endpoint
from runtime.endpoint import State
from runtime.shadow import Look, Shadow
from tests.runtime.released import IMAGE, Embedded, embedded, hosting

SERVER = """
import http.server, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
if os.environ["MODEL_VERSION"] == "broken": raise SystemExit("broken")
http.server.HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Answer).serve_forever()
"""
NOW = dt.datetime.now(dt.UTC)
LATER = NOW + dt.timedelta(days=1)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with embedded() as found:
        directory = Path(tmp_path_factory.mktemp("image"))
        found.aws.images.publish(IMAGE, Image(directory=directory, entrypoint=["python", "-c", SERVER]))
        found.client("s3").create_bucket(Bucket="models")
        found.client("s3").put_object(Bucket="models", Key="model.tar.gz", Body=artefact.archive({}))
        yield found


def shadow(aws: Embedded, name: str, version: str = "2", **changes: Any) -> Shadow:
    given: dict[str, Any] = {
        "sagemaker": aws.client("sagemaker"),
        "cloudwatch": aws.client("cloudwatch"),
        "autoscaling": aws.client("application-autoscaling"),
        "endpoint": name,
        "hosting": hosting(aws, kind="instance"),
        "model_data": "s3://models/model.tar.gz",
        "environment": {"MODEL_VERSION": version},
        "share": 50,
        "seconds": 600.0,
        **changes,
    }
    return Shadow(**given)


def champion(aws: Embedded, name: str, **changes: Any) -> str:
    """Put version 1 into service; returns its configuration."""
    config = endpoint.deploy(
        aws.client("sagemaker"),
        endpoint=name,
        hosting=hosting(aws, kind="instance", **changes),
        model_data="s3://models/model.tar.gz",
        environment={"MODEL_VERSION": "1"},
    )
    settled(aws, name)
    return config


def settled(aws: Embedded, name: str) -> State:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        state = endpoint.state(aws.client("sagemaker"), name)
        if state is not None and not state.in_progress:
            return state
        time.sleep(0.03)
    raise AssertionError(f"endpoint {name} did not settle")


def test_a_shadow_is_asked_for_watched_and_taken_away_before_the_challenger_comes(aws: Embedded) -> None:
    former, beside = champion(aws, "whole"), shadow(aws, "whole")

    assert beside.look("", NOW) == Look("asked", 15)
    assert beside.look("", NOW) == Look("asked", 15)  # an answer that was lost changes nothing
    config = settled(aws, "whole").config
    described = aws.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
    (variant,) = described["ShadowProductionVariants"]
    assert (variant["InitialVariantWeight"], variant["ModelName"]) == (0.5, beside._model)
    assert described["ProductionVariants"][0]["ModelName"] == former
    first = beside.look("asked", dt.datetime.now(dt.UTC))
    assert first == Look("asked", 60)
    assert beside.look("asked", LATER) == Look("watched", 15)
    assert settled(aws, "whole") == State("InService", former)
    assert beside.look("watched", LATER) == Look("watched", 0)


def test_a_shadow_whose_alarm_rings_is_taken_away_and_ends_the_release(aws: Embedded) -> None:
    former = champion(aws, "failing")
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="shadow-errors",
        Namespace="Test",
        MetricName="Nothing",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    beside = shadow(aws, "failing", alarms=["shadow-errors"])
    beside.look("", NOW)
    settled(aws, "failing")
    aws.client("cloudwatch").set_alarm_state(AlarmName="shadow-errors", StateValue="ALARM", StateReason="test")

    with pytest.raises(LineError, match=r"failed in the champion's shadow, in ALARM: shadow-errors, expected OK: "):
        beside.look("asked", dt.datetime.now(dt.UTC))

    assert settled(aws, "failing") == State("InService", former)


def test_a_shadow_that_does_not_come_up_ends_the_release(aws: Embedded) -> None:
    former, beside = champion(aws, "silent"), shadow(aws, "silent", version="broken")
    beside.look("", NOW)
    assert settled(aws, "silent").config == former
    with pytest.raises(LineError, match=r"the shadow on endpoint 'silent' did not come up \(The primary container"):
        beside.look("asked", NOW)


def test_without_a_champion_on_instances_there_is_no_shadow(aws: Embedded) -> None:
    assert shadow(aws, "nobody").look("", NOW) == Look("watched", 0)
    endpoint.deploy(
        aws.client("sagemaker"),
        endpoint="serverless",
        hosting=hosting(aws),
        model_data="s3://models/model.tar.gz",
        environment={"MODEL_VERSION": "1"},
    )
    settled(aws, "serverless")
    assert shadow(aws, "serverless").look("", NOW) == Look("watched", 0)


def test_a_version_that_is_in_service_already_has_no_shadow(aws: Embedded) -> None:
    champion(aws, "same")
    assert shadow(aws, "same", version="1").look("", NOW) == Look("watched", 0)
