"""Endpoints change under load: good versions come, bad ones go, and nobody's request is lost over it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from moto.sagemaker.models import sagemaker_backends

from config.errors import LineError
from local.server import EmbeddedAws
from local.traffic import Traffic, steps
from tests.local.embedded import wait_for
from tests.local.serving import (
    VARIANT,
    Load,
    alarms,
    configured,
    described,
    endpoint,
    guarded,
    performance_alarm,
    serving,
    settled,
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with serving(tmp_path_factory.mktemp("image")) as aws:
        yield aws


def update(aws: EmbeddedAws, name: str, config: str, **deployment: Any) -> None:
    aws.client("sagemaker").update_endpoint(EndpointName=name, EndpointConfigName=config, **deployment)


def traffic(aws: EmbeddedAws, name: str) -> Traffic:
    found: Traffic = sagemaker_backends[aws.account][aws.region].serving[name]  # type: ignore[attr-defined]
    return found


def metric(aws: EmbeddedAws, name: str, variant: str, metric: str) -> float:
    """Return the sum of a metric of a variant."""
    aws.evaluate_alarms()  # type: ignore[attr-defined]
    return sum(
        float(datum.value)
        for datum in _data(aws)
        if datum.name == metric and {d.value for d in datum.dimensions} == {name, variant}
    )


def _data(aws: EmbeddedAws) -> list[Any]:
    from moto.cloudwatch.models import cloudwatch_backends

    return list(cloudwatch_backends[aws.account][aws.region].get_all_metrics())


def test_a_good_version_is_promoted_by_a_canary_without_one_failed_request(aws: EmbeddedAws) -> None:
    with endpoint(aws, "good") as name:
        watched = [*alarms(aws, name), performance_alarm(aws, name)]  # the last has no data: it holds nothing up
        with Load(aws, name) as load:
            update(aws, name, "new", DeploymentConfig=guarded("CANARY", watched, step=60))
            during = wait_for(lambda: _baking(aws, name, "20% of the traffic"))
            began = len(load.answers)
            wait_for(lambda: not _baking(aws, name, "20% of the traffic"))
            canary = load.answers[began:]
            told = settled(aws, name)
            wait_for(lambda: load.answers[-5:] == ["new"] * 5)
        assert load.failures == []
        assert (told["EndpointStatus"], told["EndpointConfigName"]) == ("InService", "new")
        assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", "old")
        pending = during["PendingDeploymentSummary"]
        assert pending["EndpointConfigName"] == "new"
        assert pending["ProductionVariants"][0]["CurrentWeight"] == pytest.approx(0.2)
        assert 0.05 <= canary.count("new") / len(canary) <= 0.4
        assert "PendingDeploymentSummary" not in told


def _baking(aws: EmbeddedAws, name: str, message: str) -> dict[str, Any] | None:
    told = described(aws, name)
    variants = told.get("PendingDeploymentSummary", {}).get("ProductionVariants", [{}])
    status = variants[0].get("VariantStatus", [{}])[0]
    return told if (status.get("Status"), status.get("StatusMessage")) == ("Baking", message) else None


def test_an_erring_version_is_rolled_back_with_failures_in_its_share_only(aws: EmbeddedAws) -> None:
    with endpoint(aws, "erring") as name:
        watched = alarms(aws, name)
        with Load(aws, name) as load:
            before = len(load.answers)
            update(aws, name, "errors", DeploymentConfig=guarded("CANARY", watched, step=600))
            wait_for(lambda: load.failures)
            told = settled(aws, name)
            asked = len(load.answers) + len(load.failures) - before
            failed = len(load.failures)
            after = len(load.answers)
            wait_for(lambda: len(load.answers) > after + 20)
        assert len(load.failures) <= failed + 3  # what was in flight on each thread
        assert 0 < failed <= 0.2 * asked + 2
        assert (told["EndpointStatus"], told["EndpointConfigName"]) == ("InService", "old")
        assert told["FailureReason"] == (
            "The deployment of errors was rolled back with 20% of the traffic on it: in ALARM: "
            "erring-Invocation5XXErrors."
        )


def test_a_slow_version_is_rolled_back_without_one_failed_request(aws: EmbeddedAws) -> None:
    with endpoint(aws, "slow") as name:
        watched = alarms(aws, name)
        with Load(aws, name) as load:
            update(aws, name, "slow", DeploymentConfig=guarded("CANARY", watched, step=600))
            told = settled(aws, name)
        assert load.failures == []
        assert (told["EndpointConfigName"], "in ALARM: slow-ModelLatency" in told["FailureReason"]) == ("old", True)


def test_a_version_whose_quality_is_worse_is_rolled_back_by_the_alarm_that_watches_it(aws: EmbeddedAws) -> None:
    with endpoint(aws, "worse") as name:
        watched = performance_alarm(aws, name)
        update(aws, name, "new", DeploymentConfig=guarded("CANARY", [watched], step=600))
        wait_for(lambda: _baking(aws, name, "20% of the traffic"))
        datum = {"MetricName": "Performance", "Value": 0.4, "Dimensions": [{"Name": "Line", "Value": name}]}
        aws.client("cloudwatch").put_metric_data(Namespace="AssemblyLine", MetricData=[datum])
        told = settled(aws, name)
        assert (told["EndpointConfigName"], "in ALARM: worse-performance" in told["FailureReason"]) == ("old", True)

        update(aws, name, "new", DeploymentConfig=guarded("CANARY", [watched]))  # it rings before the start
        told = settled(aws, name)
        assert (told["EndpointConfigName"], "with 20% of the traffic" in told["FailureReason"]) == ("old", True)


def test_an_endpoint_does_one_thing_at_a_time_and_a_version_that_never_is_ready_changes_nothing(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with endpoint(aws, "unready") as name, Load(aws, name) as load:
        monkeypatch.setattr("local.fleets.LONGEST_START", 1.2)
        update(aws, name, "never", DeploymentConfig=guarded("CANARY", alarms(aws, name)))
        with pytest.raises(aws.client("sagemaker").exceptions.ClientError, match="Cannot update in-progress endpoint"):
            update(aws, name, "new")
        told = settled(aws, name)
        assert (told["EndpointStatus"], told["EndpointConfigName"]) == ("InService", "old")
        assert "did not pass the ping health check: it gave no answer within 1 seconds" in told["FailureReason"]
    assert (load.failures, set(load.answers)) == ([], {"old"})


def test_an_alarm_that_the_endpoints_role_may_not_see_takes_the_version_back(aws: EmbeddedAws) -> None:
    aws.client("sagemaker").create_model(
        ModelName="blind",
        ExecutionRoleArn=_blind(aws),
        PrimaryContainer={"Image": "tiny:1", "Environment": {"MODE": "new"}},
    )
    configured(aws, "blind")
    with endpoint(aws, "blindly") as name:
        update(aws, name, "blind", DeploymentConfig=guarded("CANARY", alarms(aws, name)))
        told = settled(aws, name)
    assert told["EndpointConfigName"] == "old"
    assert "is not authorized to perform: cloudwatch:DescribeAlarms" in told["FailureReason"]


def _blind(aws: EmbeddedAws) -> str:
    from tests.local.embedded import role

    return role(aws, "blind", "logs:CreateLogStream")


@pytest.mark.parametrize("config", ["old", "serverless-old"])
def test_a_server_that_is_killed_under_load_is_started_again_and_no_request_fails(
    aws: EmbeddedAws, config: str
) -> None:
    with endpoint(aws, f"killed-{config}", config) as name, Load(aws, name) as load:
        worker = traffic(aws, name).blue.workers(VARIANT)[0]
        dead = worker.pid
        os.kill(dead, signal.SIGKILL)
        wait_for(lambda: worker.up and worker.pid != dead)
        before = len(load.answers)
        wait_for(lambda: len(load.answers) > before + 20)
        assert described(aws, name)["EndpointStatus"] == "InService"
    assert load.failures == []


def test_the_only_server_on_an_instance_is_missed_until_it_is_up_again(aws: EmbeddedAws) -> None:
    configured(aws, "alone", model="old", count=1)
    with endpoint(aws, "alone", "alone") as name, Load(aws, name) as load:
        (worker,) = traffic(aws, name).blue.workers(VARIANT)
        os.kill(worker.pid, signal.SIGKILL)
        wait_for(lambda: load.failures)
        before = len(load.answers)
        wait_for(lambda: len(load.answers) > before + 20)
    assert all("Received server error (503) from champion" in failure for failure in load.failures)
    assert metric(aws, "alone", VARIANT, "Invocation5XXErrors") == len(load.failures)


def test_a_shadow_gets_copies_and_its_failures_harm_nobody(aws: EmbeddedAws) -> None:
    shadow = {
        "VariantName": "shadow",
        "ModelName": "errors",
        "InstanceType": "ml.m6i.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 0.5,
    }
    configured(aws, "shadowed", model="old", shadow=shadow)
    with endpoint(aws, "beside", "shadowed") as name:
        with Load(aws, name) as load:
            wait_for(lambda: len(load.answers) > 60)
        wait_for(lambda: metric(aws, name, "shadow", "Invocations") >= len(load.answers) // 2)
        told = described(aws, name)
        assert load.failures == []
        assert [variant["VariantName"] for variant in told["ShadowProductionVariants"]] == ["shadow"]
        assert metric(aws, name, VARIANT, "Invocations") == len(load.answers)
        assert metric(aws, name, "shadow", "Invocations") == len(load.answers) // 2
        assert metric(aws, name, "shadow", "Invocation5XXErrors") == len(load.answers) // 2
        assert metric(aws, name, VARIANT, "Invocation5XXErrors") == 0


def test_what_sagemaker_does_not_take_is_refused(aws: EmbeddedAws) -> None:
    configured(aws, "renamed", model="new", variant="other")
    sagemaker = aws.client("sagemaker")
    canary = guarded("CANARY", ["alarm"])
    with endpoint(aws, "strict") as name:
        for config, deployment, message in (
            ("new", guarded("CANARY", ["alarm"], share=60), "CanarySize must be 1 to 50 percent"),
            ("new", guarded("LINEAR", ["alarm"], share=5), "LinearStepSize must be 10 to 50 percent"),
            ("renamed", canary, "variant names"),
            ("serverless-old", canary, "Cannot update an instance-based endpoint to a serverless one"),
        ):
            with pytest.raises(sagemaker.exceptions.ClientError, match=message):
                update(aws, name, config, DeploymentConfig=deployment)
        assert described(aws, name)["EndpointStatus"] == "InService"
    refused = pytest.raises(sagemaker.exceptions.ClientError, match="not supported for serverless")
    with endpoint(aws, "strictly", "serverless-old") as name, refused:
        update(aws, name, "new", DeploymentConfig=canary)
    beside = {"VariantName": "s", "ModelName": "new", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1}}
    with pytest.raises(sagemaker.exceptions.ClientError, match="both on instances"):
        configured(aws, "wrong", model="old", shadow=beside)


def test_a_linear_rollout_has_a_step_for_each_share() -> None:
    linear = steps(guarded("LINEAR", [], share=30, step=60, bake=90))
    assert [(step.share, step.wait) for step in linear] == [(0.3, 60), (0.6, 60), (0.9, 60), (1.0, 90)]
    at_once = steps(guarded("ALL_AT_ONCE", [], bake=90))
    assert [(step.share, step.wait) for step in at_once] == [(1.0, 90)]


@pytest.mark.parametrize("scale", ["fast", "0", "-1", "inf", "nan"])
def test_a_time_scale_that_is_no_number_above_0_is_told(monkeypatch: pytest.MonkeyPatch, scale: str) -> None:
    monkeypatch.setenv("ASSEMBLY_LINE_TIME_SCALE", scale)
    with pytest.raises(LineError) as caught:
        EmbeddedAws()
    assert str(caught.value) == (
        f"variable ASSEMBLY_LINE_TIME_SCALE is {scale!r}, expected a number above 0: correct or unset it"
    )
