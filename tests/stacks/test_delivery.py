"""What the channels of a line become in its template."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import aws_cdk as cdk

import app
from config.bundle import Bundle
from config.connections import Connection, JdbcConnection, Place
from config.loading import load_bundle, load_environment
from stacks.checks import check
from stacks.foundation import FoundationStack
from stacks.line import LineStack
from tests.stacks.synthesis import Json

POLICY = {"score": [{"numeric": [">=", 0.5]}]}
CHANNELS: dict[str, Any] = {
    "files": [{"name": "files"}, {"name": "desk", "format": "csv"}],
    "topics": [
        {"name": "decisions", "consumers": ["operations", {"name": "late", "filter": POLICY}]},
        {"name": "ordered", "fifo": True, "consumers": ["gate_desk"]},
    ],
    "rest": False,
    "tables": [{"name": "warehouse", "connection": "ops_db", "table": "ops.predictions"}],
}
PLACE = Place(subnet="subnet-0a1", security_groups=["sg-0b2"], availability_zone="eu-central-1a")
DATABASE = JdbcConnection(engine="postgresql", host="db.example", database="ops", secret="ops/writer", network=PLACE)


def line() -> Bundle:
    flights = load_bundle("flights")
    definition = {**flights.definition.model_dump(), "delivery": CHANNELS}
    return Bundle.model_validate({**flights.model_dump(), "definition": definition})


@lru_cache
def stack() -> LineStack:
    return made(ops_db=DATABASE)


def made(**connections: Connection) -> LineStack:
    chosen = load_environment("prod").model_copy(update={"connections": connections})
    root = app.new_app(context={"aws:cdk:bundling-stacks": []}, builtin_cloud_formation_validation=False)
    env = cdk.Environment(account=chosen.account, region=chosen.region)
    kept: dict[str, Any] = {"env": env, "termination_protection": chosen.retain_data}
    foundation = FoundationStack(root, "Foundation", environment=chosen, **kept)
    return LineStack(root, "Flights", foundation=foundation, bundle=line(), **kept)


@lru_cache
def template() -> Json:
    found: Json = json.loads(json.dumps(cdk.assertions.Template.from_stack(stack()).to_json()))
    return found


def of_type(kind: str) -> dict[str, Json]:
    found = template()["Resources"].items()
    return {name: resource["Properties"] for name, resource in found if resource["Type"] == kind}


def statements(role: str) -> list[Json]:
    (policy,) = [one for one in of_type("AWS::IAM::Policy").values() if one["PolicyName"].startswith(role)]
    found: list[Json] = policy["PolicyDocument"]["Statement"]
    return found


def test_every_channel_is_a_branch_of_the_delivery() -> None:
    (machine,) = [
        one for one in of_type("AWS::StepFunctions::StateMachine").values() if "DeliverRest" in json.dumps(one)
    ]
    text = json.dumps(machine["DefinitionString"])
    for name in ("Rest", "Files", "Desk", "Decisions", "Ordered", "Warehouse"):
        assert f'\\"Deliver{name}\\"' in text.replace('\\\\"', '\\"')


def test_a_filter_is_over_the_body_and_of_its_consumer_alone() -> None:
    policies = [
        (one.get("FilterPolicy"), one.get("FilterPolicyScope")) for one in of_type("AWS::SNS::Subscription").values()
    ]
    assert sorted(policies, key=str) == sorted([(None, None), (None, None), (POLICY, "MessageBody")], key=str)


def test_a_fifo_topic_has_fifo_queues_and_fifo_dead_letters() -> None:
    (topic,) = [one for one in of_type("AWS::SNS::Topic").values() if one.get("FifoTopic")]
    assert topic["TopicName"].endswith(".fifo")
    assert "KmsMasterKeyId" in topic
    fifo = [name for name, one in of_type("AWS::SQS::Queue").items() if one.get("FifoQueue")]
    assert len(fifo) == 2
    assert all("OrderedMessages" in name for name in fifo)


def test_each_consumers_queue_is_encrypted_and_has_dead_letters_of_its_own() -> None:
    queues = {name: one for name, one in of_type("AWS::SQS::Queue").items() if "Messages" in name}
    assert len(queues) == 6
    assert all("KmsMasterKeyId" in one for one in queues.values())
    letters = [
        one["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for one in queues.values()
        if "RedrivePolicy" in one
    ]
    assert len(set(letters)) == 3
    outputs = template()["Outputs"]
    for name in ("Operations", "Late", "GateDesk"):
        assert {f"ConsumerQueueUrl{name}", f"ConsumerDeadLettersUrl{name}"} <= set(outputs)
    assert {"TopicArnDecisions", "TopicArnOrdered"} <= set(outputs)


def test_the_publishing_handler_may_publish_to_the_lines_topics_alone() -> None:
    (publish,) = [one for one in statements("DeliveryTopicHandler") if one["Action"] == "sns:Publish"]
    assert sorted(one["Ref"] for one in publish["Resource"]) == sorted(of_type("AWS::SNS::Topic"))


def test_the_files_handler_deletes_nothing() -> None:
    text = json.dumps(statements("DeliveryFilesHandler"))
    assert "s3:AbortMultipartUpload" in text
    assert "DeleteObject" not in text


def test_the_table_job_may_use_its_connection_its_secret_and_the_runs_alone() -> None:
    found = statements("DeliveryWarehouseTableJob")
    (secret,) = [one for one in found if one["Action"] == "secretsmanager:GetSecretValue"]
    assert secret["Resource"] == "arn:aws:secretsmanager:eu-central-1:222222222222:secret:ops/writer-??????"
    (glue,) = [one for one in found if "glue:" in json.dumps(one["Action"])]
    assert glue["Action"] == "glue:GetConnection"
    assert "connection/assembly-line-prod-flights-ops_db-warehouse" in json.dumps(glue["Resource"])
    (create,) = [one for one in found if one["Action"] == "ec2:CreateNetworkInterface"]
    assert "subnet/subnet-0a1" in json.dumps(create["Resource"])
    text = json.dumps(found)
    assert "runs/flights/*" in text
    assert not any(word in text for word in ("warehouse/assembly", "dynamodb:", "DeleteObject", "UpdateTable"))


def test_the_table_job_enters_the_network_of_its_connection() -> None:
    (connection,) = of_type("AWS::Glue::Connection").values()
    assert connection["ConnectionInput"]["PhysicalConnectionRequirements"]["SubnetId"] == "subnet-0a1"
    (job,) = [one for one in of_type("AWS::Glue::Job").values() if "--table" in one["DefaultArguments"]]
    assert job["Connections"] == {"Connections": ["assembly-line-prod-flights-ops_db-warehouse"]}
    assert job["DefaultArguments"]["--table"] == "ops.predictions"


def test_no_pack_finds_anything_that_was_not_accepted() -> None:
    assert [str(one) for one in check(stack().node.root) if not one.reason] == []
