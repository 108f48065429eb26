"""The REST API in the templates: who may call it, how often, and that all of it is made from the description."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

import app
from config.bundle import Bundle
from config.loading import load_bundle, load_environment
from runtime.delivery.api import operations
from stacks.checks import check
from stacks.foundation import FoundationStack
from stacks.line import LineStack

ENV = cdk.Environment(account="123456789012", region="us-east-1")
KEYED = {"rest": {"authorization": "api_key", "rate": 7, "burst": 9, "quota_per_day": 11}}


@pytest.fixture(scope="module")
def line() -> Bundle:
    flights = load_bundle("flights")
    definition = flights.definition.model_dump()
    definition["delivery"] |= KEYED
    return Bundle.model_validate({**flights.model_dump(), "definition": definition})


@pytest.fixture(scope="module")
def keyed(line: Bundle, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[str]]:
    """The template of a line with API keys, and what cdk-nag finds in it."""
    made = app.new_app(outdir=str(tmp_path_factory.mktemp("keyed")), context={"aws:cdk:bundling-stacks": []})
    foundation = FoundationStack(made, "Foundation", environment=load_environment("local"), env=ENV)
    LineStack(made, "Flights", foundation=foundation, bundle=line, env=ENV)
    found = [str(one) for one in check(made) if not one.reason]
    folder = Path(made.synth().directory)
    return json.loads((folder / "Flights.template.json").read_text()), found


def properties(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in template["Resources"].values() if one["Type"] == f"AWS::ApiGateway::{kind}"]


def test_cdk_nag_finds_nothing_in_an_api_with_keys(keyed: tuple[dict[str, Any], list[str]]) -> None:
    assert keyed[1] == []


def test_every_call_of_the_description_is_there_and_demands_a_key(
    keyed: tuple[dict[str, Any], list[str]], line: Bundle
) -> None:
    methods = properties(keyed[0], "Method")
    assert {method["OperationName"] for method in methods} == {call.id for call in operations(line.definition)}
    assert {(method["AuthorizationType"], method["ApiKeyRequired"]) for method in methods} == {("NONE", True)}


def test_models_are_the_descriptions_schemas(keyed: tuple[dict[str, Any], list[str]], line: Bundle) -> None:
    schemas = {call.body.name: call.body.schema for call in operations(line.definition) if call.body}
    for model in properties(keyed[0], "Model"):
        found = {name: value for name, value in model["Schema"].items() if name not in ("$schema", "title")}
        assert found == schemas.pop(model["Name"])
    assert schemas == {}


def test_a_key_has_a_plan_with_a_quota(keyed: tuple[dict[str, Any], list[str]]) -> None:
    (plan,) = properties(keyed[0], "UsagePlan")
    assert plan["Quota"] == {"Limit": 11, "Period": "DAY"}
    assert plan["Throttle"] == {"BurstLimit": 9, "RateLimit": 7}
    assert len(properties(keyed[0], "ApiKey")) == len(properties(keyed[0], "UsagePlanKey")) == 1
    assert "RestKeyId" in keyed[0]["Outputs"]


def test_the_document_is_served_as_a_template_that_holds_nothing_to_replace(
    keyed: tuple[dict[str, Any], list[str]],
) -> None:
    (mock,) = [one for one in properties(keyed[0], "Method") if one["Integration"]["Type"] == "MOCK"]
    (answer,) = mock["Integration"]["IntegrationResponses"]
    text = answer["ResponseTemplates"]["application/json"]
    assert "$" not in text
    assert "#" not in text
    assert json.loads(text)["openapi"] == "3.1.0"
