"""Cost Explorer's answers, checked against its own model, as stations' costs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from config.errors import LineError
from runtime.cost.actual import Row, spent

TODAY = dt.date(2026, 11, 26)


def group(station: str, service: str, usd: str) -> dict[str, Any]:
    return {"Keys": [f"station${station}", service], "Metrics": {"UnblendedCost": {"Amount": usd, "Unit": "USD"}}}


def explorer(*pages: dict[str, Any]) -> Any:
    client = boto3.client("ce", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    stub = Stubber(client)
    asked: dict[str, Any] = {
        "TimePeriod": {"Start": "2026-11-20", "End": "2026-11-27"},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        "Filter": {
            "And": [
                {"Tags": {"Key": "environment", "Values": ["prod"]}},
                {"Tags": {"Key": "line", "Values": ["flights"]}},
            ]
        },
        "GroupBy": [{"Type": "TAG", "Key": "station"}, {"Type": "DIMENSION", "Key": "SERVICE"}],
    }
    token: dict[str, str] = {}
    for page in pages:
        stub.add_response("get_cost_and_usage", page, {**asked, **token})
        token = {"NextPageToken": page.get("NextPageToken", "")}
    stub.activate()
    return client


def test_days_and_pages_are_added_up_by_station_the_dearest_first() -> None:
    days = {"ResultsByTime": [{"Groups": [group("training", "Fargate", "1.5"), group("", "KMS", "0.25")]}]}
    more = {"ResultsByTime": [{"Groups": [group("training", "Fargate", "2")]}, {"Groups": []}]}
    told = spent(
        explorer({**days, "NextPageToken": "n"}, more), environment="prod", line="flights", days=7, today=TODAY
    )
    assert told.rows == (Row("training", "Fargate", 3.5), Row("line", "KMS", 0.25))
    assert (told.since, told.until, told.usd) == ("2026-11-20", "2026-11-27", 3.75)


def test_no_cost_at_all_is_told_with_what_is_missing() -> None:
    with pytest.raises(LineError) as caught:
        spent(explorer({"ResultsByTime": []}), environment="prod", line="flights", days=7, today=TODAY)
    assert str(caught.value) == (
        "line flights in prod: Cost Explorer knows no cost of the last 7 days with the tags environment and line: "
        "activate them, and station, as cost allocation tags, and wait a day"
    )
