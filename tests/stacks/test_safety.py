"""Encryption, removal, queues and logs, in every environment."""

from __future__ import annotations

import json

import pytest

from tests.stacks.synthesis import Assembly, Json, synthesized

DATA = ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key")


def access_logs(properties: Json) -> bool:
    return "LoggingConfiguration" not in properties


def test_buckets_are_private_versioned_and_encrypted(assembly: Assembly) -> None:
    for name, bucket in assembly.properties("AWS::S3::Bucket").items():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        algorithm = rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
        assert algorithm == ("AES256" if access_logs(bucket) else "aws:kms"), name
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, name
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert bucket["LifecycleConfiguration"]["Rules"], name


def test_buckets_refuse_what_is_not_tls(assembly: Assembly) -> None:
    policies = assembly.properties("AWS::S3::BucketPolicy")
    assert len(policies) == len(assembly.properties("AWS::S3::Bucket"))
    for name, policy in policies.items():
        assert '"aws:SecureTransport": "false"' in json.dumps(policy), name


def test_tables_are_encrypted_with_the_key_and_can_be_restored(assembly: Assembly) -> None:
    for name, table in assembly.properties("AWS::DynamoDB::Table").items():
        assert table["SSESpecification"]["SSEType"] == "KMS", name
        assert table["SSESpecification"]["KMSMasterKeyId"], name
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name
        assert table["BillingMode"] == "PAY_PER_REQUEST", name


def test_the_ledger_lists_records_by_time(assembly: Assembly) -> None:
    tables = assembly.properties("AWS::DynamoDB::Table")
    (indexes,) = (table["GlobalSecondaryIndexes"] for name, table in tables.items() if "/Ledger" in name)
    assert indexes == [
        {
            "IndexName": "by-time",
            "KeySchema": [
                {"AttributeName": "listed", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ]


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
    ],
)
def test_messages_and_logs_are_encrypted_with_the_key(assembly: Assembly, kind: str, key: str) -> None:
    found = assembly.properties(kind)
    assert found
    assert [name for name, properties in found.items() if not properties.get(key)] == []


def test_glue_encrypts_what_it_writes_and_logs(assembly: Assembly) -> None:
    for security in assembly.properties("AWS::Glue::SecurityConfiguration").values():
        encryption = security["EncryptionConfiguration"]
        assert encryption["CloudWatchEncryption"]["CloudWatchEncryptionMode"] == "SSE-KMS"
        assert encryption["S3Encryptions"][0]["S3EncryptionMode"] == "SSE-KMS"
    assert all("SecurityConfiguration" in job for job in assembly.properties("AWS::Glue::Job").values())


def test_logs_are_kept_for_as_long_as_the_environment_says(assembly: Assembly) -> None:
    days = {"local": 7, "dev": 14, "prod": 365}[assembly.environment]
    assert {log["RetentionInDays"] for log in assembly.properties("AWS::Logs::LogGroup").values()} == {days}


@pytest.mark.parametrize(("environment", "policy"), [("local", "Delete"), ("dev", "Delete"), ("prod", "Retain")])
def test_data_survives_its_stack_only_where_the_environment_retains_it(environment: str, policy: str) -> None:
    found = {name: resource["DeletionPolicy"] for name, resource in synthesized(environment).resources(*DATA)}
    assert set(found.values()) == {policy}
    replaced = {resource["UpdateReplacePolicy"] for _, resource in synthesized(environment).resources(*DATA)}
    assert replaced == {policy}


@pytest.mark.parametrize(("environment", "protected"), [("local", False), ("dev", False), ("prod", True)])
def test_production_stacks_cannot_be_deleted_by_one_command(environment: str, protected: bool) -> None:
    manifest = json.loads((synthesized(environment).directory / "manifest.json").read_text())
    stacks = [one["properties"] for one in manifest["artifacts"].values() if one["type"] == "aws:cloudformation:stack"]
    assert {stack.get("terminationProtection", False) for stack in stacks} == {protected}
    assert len(stacks) >= 2


def test_production_tables_cannot_be_deleted_by_accident(prod: Assembly) -> None:
    tables = prod.properties("AWS::DynamoDB::Table")
    assert {table["DeletionProtectionEnabled"] for table in tables.values()} == {True}


def test_the_only_custom_resource_is_the_one_that_deletes_what_runs_made(assembly: Assembly) -> None:
    types = {resource["Type"] for _, resource in assembly.resources()}
    assert [kind for kind in types if kind.startswith("Custom::") or "CustomResource" in kind] == ["Custom::MadeByRuns"]


def test_every_function_is_ours(assembly: Assembly) -> None:
    for name, function in assembly.properties("AWS::Lambda::Function").items():
        assert function["Handler"].startswith("lambdas."), name
        assert function["Runtime"] == "python3.13", name
        assert function["Architectures"] == ["arm64"], name
        assert function["TracingConfig"] == {"Mode": "Active"}, name


def test_a_queue_hides_a_message_for_six_of_its_handlers_timeouts(assembly: Assembly) -> None:
    template = assembly.templates["Flights"]["Resources"]
    mappings = assembly.properties("AWS::Lambda::EventSourceMapping")
    assert mappings
    for mapping in mappings.values():
        queue = template[mapping["EventSourceArn"]["Fn::GetAtt"][0]]["Properties"]
        function = template[mapping["FunctionName"]["Ref"]]["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (100, 1)


def test_poison_outlives_the_queue_it_came_from(assembly: Assembly) -> None:
    queues = assembly.properties("AWS::SQS::Queue")
    working = {name: queue for name, queue in queues.items() if "RedrivePolicy" in queue}
    assert working
    for name, queue in working.items():
        letters = f"{name.partition('/')[0]}/{queue['RedrivePolicy']['deadLetterTargetArn']['Fn::GetAtt'][0]}"
        assert queues[letters]["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"], name


def test_a_queue_without_dead_letters_is_one_of_them_and_has_an_alarm(assembly: Assembly) -> None:
    watched = json.dumps(list(assembly.properties("AWS::CloudWatch::Alarm").values()))
    for name, queue in assembly.properties("AWS::SQS::Queue").items():
        if "RedrivePolicy" not in queue:
            assert name.partition("/")[2] in watched, name


def test_no_data_raises_no_alarm_and_every_alarm_says_what_to_do(assembly: Assembly) -> None:
    for name, alarm in assembly.properties("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmDescription"], name
        if alarm["MetricName"] == "Alarming":  # the judge tells, and a monitor stays as it was last judged
            assert (alarm["TreatMissingData"], "AlarmActions" in alarm) == ("ignore", False), name
        else:
            assert alarm["TreatMissingData"] == "notBreaching", name
            assert alarm["AlarmActions"], name


def test_one_alarm_of_a_line_stands_for_all_of_its_alarms(assembly: Assembly) -> None:
    ((_, composite),) = assembly.properties("AWS::CloudWatch::CompositeAlarm").items()
    rule = json.dumps(composite["AlarmRule"])
    alarms = {name.partition("/")[2] for name, _ in assembly.resources("AWS::CloudWatch::Alarm") if "Flights/" in name}
    assert {name for name in alarms if f'"{name}"' not in rule} == set()
    assert composite["AlarmActions"] == composite["OKActions"] != []
    assert len(alarms) <= 100  # CloudWatch takes no more in one rule


@pytest.mark.parametrize("environment", ["local", "dev"])  # without internet: test_network.py
def test_nothing_reaches_a_job_from_outside(environment: str) -> None:
    assembly = synthesized(environment)
    for group in assembly.properties("AWS::EC2::SecurityGroup").values():
        assert "SecurityGroupIngress" not in group
        assert [(rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupEgress"]] == [(443, 443)]
    assert assembly.properties("AWS::EC2::SecurityGroupIngress") == {}
    assert assembly.properties("AWS::EC2::NatGateway") == {}


def test_a_job_that_cannot_start_does_not_wait_for_ever(assembly: Assembly) -> None:
    (queue,) = assembly.properties("AWS::Batch::JobQueue").values()
    actions = queue["JobStateTimeLimitActions"]
    assert {action["State"] for action in actions} == {"RUNNABLE"}
    assert {action["Action"] for action in actions} == {"CANCEL"}


def test_requests_to_the_rest_api_are_signed_checked_and_throttled(assembly: Assembly) -> None:
    for name, method in assembly.properties("AWS::ApiGateway::Method").items():
        assert method["AuthorizationType"] == "AWS_IAM", name
        assert method["RequestValidatorId"], name
    (stage,) = assembly.properties("AWS::ApiGateway::Stage").values()
    (settings,) = stage["MethodSettings"]
    assert settings["ThrottlingRateLimit"] > 0
    assert settings["DataTraceEnabled"] is False
    assert stage["AccessLogSetting"]["DestinationArn"]
