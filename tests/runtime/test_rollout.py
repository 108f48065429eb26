from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.rollout import LONGEST
from config.rollout import Rollout as Settings
from runtime.rollout import Rollout, armed, deployment_config
from tests.runtime.released import Embedded, embedded


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    with embedded() as found:
        yield found


def routing(rollout: Rollout) -> dict[str, Any]:
    found: dict[str, Any] = deployment_config(rollout)["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    return found


def test_all_at_once_waits_only_at_the_end() -> None:
    config = deployment_config(Rollout("all_at_once", step_seconds=60, bake_seconds=90))
    assert routing(Rollout("all_at_once", step_seconds=60)) == {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    assert config["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 90
    assert "AutoRollbackConfiguration" not in config


def test_a_linear_rollout_says_its_step() -> None:
    size = {"Type": "CAPACITY_PERCENT", "Value": 25}
    expected = {"Type": "LINEAR", "WaitIntervalInSeconds": 60, "LinearStepSize": size}
    assert routing(Rollout("linear", share=25, step_seconds=60)) == expected


def test_sagemaker_gets_no_more_alarms_than_it_takes() -> None:
    config = deployment_config(Rollout("canary", alarms=[f"alarm-{i}" for i in range(12)]))
    assert len(config["AutoRollbackConfiguration"]["Alarms"]) == 10


@given(
    st.sampled_from(["all_at_once", "canary", "linear"]),
    st.integers(10, 50),
    st.integers(0, 3600),
    st.integers(0, 3600),
)
def test_whatever_the_settings_allow_sagemaker_allows(kind: Any, share: int, step: int, bake: int) -> None:
    try:
        settings = Settings(kind=kind, share=share, step_seconds=step, bake_seconds=bake)
    except ValueError:
        return  # it would take too long
    told = settings.model_dump(include={"kind", "share", "step_seconds", "bake_seconds"})
    policy = deployment_config(Rollout(**told, seconds=settings.seconds))["BlueGreenUpdatePolicy"]
    longest = policy["MaximumExecutionTimeoutInSeconds"]
    assert 600 <= longest <= 28_800
    assert longest > settings.seconds
    assert settings.seconds <= LONGEST


def test_an_alarm_that_rings_before_the_start_takes_nothing_back(aws: Embedded) -> None:
    cloudwatch = aws.client("cloudwatch")
    for name in ("quiet", "ringing", "no-data"):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Test",
            MetricName=name,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching" if name == "no-data" else "ignore",
        )
    cloudwatch.set_alarm_state(AlarmName="quiet", StateValue="OK", StateReason="test")
    cloudwatch.set_alarm_state(AlarmName="ringing", StateValue="ALARM", StateReason="test")

    left, ringing = armed(Rollout(alarms=["quiet", "ringing", "no-data"]), cloudwatch)

    assert (list(left.alarms), ringing) == (["quiet", "no-data"], ["ringing"])


def test_where_nothing_can_be_taken_back_no_alarm_is_asked() -> None:
    rollout = Rollout(alarms=["one"])
    assert armed(rollout, None) == (rollout, [])
