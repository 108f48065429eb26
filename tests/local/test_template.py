"""Templates: functions, conditions, parameters and order."""

from __future__ import annotations

from typing import Any

import pytest

from config.errors import LineError
from local.template import Template, references


def template(body: dict[str, Any], **given: Any) -> Template:
    def attribute(name: str, attribute: str | None) -> str:
        return f"{name}.{attribute}" if attribute else f"ref-{name}"

    return Template(
        body,
        stack="S",
        account="123456789012",
        region="eu-west-1",
        attribute=attribute,
        export=lambda name: f"import-{name}",
        ssm=lambda name: f"ssm-{name}",
        **given,
    )


BODY: dict[str, Any] = {
    "Parameters": {
        "Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk/version"},
        "Names": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Size": {"Type": "Number"},
    },
    "Mappings": {"Sizes": {"eu-west-1": {"small": 3}}},
    "Conditions": {
        "Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
        "Elsewhere": {"Fn::Not": [{"Condition": "Here"}]},
        "Both": {"Fn::And": [{"Condition": "Here"}, {"Fn::Or": [{"Condition": "Elsewhere"}, {"Condition": "Here"}]}]},
    },
    "Resources": {"A": {"Type": "T"}, "B": {"Type": "T"}},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "A"}, "ref-A"),
        ({"Fn::GetAtt": ["A", "Arn"]}, "A.Arn"),
        ({"Fn::GetAtt": "A.Outputs.X"}, "A.Outputs.X"),
        ({"Ref": "AWS::AccountId"}, "123456789012"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Ref": "Version"}, "ssm-/cdk/version"),
        ({"Ref": "Names"}, ["a", "b"]),
        ({"Fn::Join": ["-", ["x", {"Ref": "B"}, 3, True]]}, "x-ref-B-3-true"),
        ({"Fn::Sub": "${A} ${A.Arn} ${AWS::Region} ${!kept}"}, "ref-A A.Arn eu-west-1 ${kept}"),
        ({"Fn::Sub": ["${x}-${A}", {"x": {"Ref": "B"}}]}, "ref-B-ref-A"),
        ({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b/c"]}]}, "b"),
        ({"Fn::Select": [1, {"Fn::GetAZs": ""}]}, "eu-west-1b"),
        ({"Fn::ImportValue": {"Fn::Sub": "${AWS::StackName}:x"}}, "import-S:x"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}, 3),
        ({"Fn::Base64": "hi"}, "aGk="),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::If": ["Both", 1, 2]}, 1),
        ({"Fn::If": ["Elsewhere", 1, 2]}, 2),
        ({"k": {"Fn::If": ["Elsewhere", 1, {"Ref": "AWS::NoValue"}]}, "l": [{"Ref": "AWS::NoValue"}, 2]}, {"l": [2]}),
        ({"Ref": "x", "other": 1}, {"Ref": "x", "other": 1}),
    ],
)
def test_a_function_is_replaced_by_its_result(value: Any, expected: Any) -> None:
    assert template(BODY).resolve(value) == expected


def test_a_parameter_can_be_given() -> None:
    assert template(BODY, parameters={"Size": "3"}).resolve({"Ref": "Size"}) == "3"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": "Nobody"}, "stack S: nothing in the template is called 'Nobody'"),
        ({"Ref": "Size"}, "stack S: parameter Size has neither a value nor a default"),
        ({"Fn::Transform": {}}, "stack S: the embedded AWS does not support the function Fn::Transform"),
        ({"Fn::If": ["Never", 1, 2]}, "stack S: there is no condition 'Never'"),
        ({"Fn::FindInMap": ["Sizes", "mars", "small"]}, "stack S: the mapping Sizes has no entry mars.small"),
    ],
)
def test_what_cannot_be_resolved_is_named(value: Any, message: str) -> None:
    with pytest.raises(LineError) as raised:
        template(BODY).resolve(value)
    assert str(raised.value) == message


def test_resources_come_after_those_they_depend_on() -> None:
    resources = {
        "Last": {"Type": "T", "Properties": {"x": {"Fn::Sub": "${Middle.Arn}"}}},
        "Middle": {"Type": "T", "DependsOn": ["First"]},
        "First": {"Type": "T"},
        "Never": {"Type": "T", "Condition": "Elsewhere"},
    }
    assert template({**BODY, "Resources": resources}).order() == ["First", "Middle", "Last"]


def test_a_circle_of_resources_is_an_error() -> None:
    resources = {
        "A": {"Type": "T", "Properties": {"x": {"Ref": "B"}}},
        "B": {"Type": "T", "Properties": {"x": {"Ref": "A"}}},
    }
    with pytest.raises(
        LineError, match=r"^stack S: resources depend on each other in a circle: (A → B → A|B → A → B)$"
    ):
        template({"Resources": resources}).order()


def test_references_see_into_substitutions() -> None:
    assert set(references({"Fn::Sub": ["${A} ${x} ${!B}", {"x": {"Ref": "C"}}]})) == {"A", "C"}
