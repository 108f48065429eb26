"""Which actions and resources a call needs."""

from __future__ import annotations

from typing import Any

import pytest

from local.iam_checks import Place, checks
from local.requests import Call

PLACE = Place(account="1", region="r")


def needed(service: str, operation: str, **parameters: Any) -> list[tuple[str, str | None]]:
    found = checks(Call(service, operation, parameters), PLACE)
    return [(check.action, check.resources[0]) for check in found]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("s3", "ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k/l"}, [("s3:GetObject", "arn:aws:s3:::b/k/l")]),
        (
            "s3",
            "GetObject",
            {"Bucket": "b", "Key": "k", "VersionId": "1"},
            [("s3:GetObjectVersion", "arn:aws:s3:::b/k")],
        ),
        ("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "p"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("s3", "UploadPart", {"Bucket": "b", "Key": "k"}, [("s3:PutObject", "arn:aws:s3:::b/k")]),
        (
            "s3",
            "CopyObject",
            {"Bucket": "b", "Key": "k", "CopySource": "c/x"},
            [("s3:GetObject", "arn:aws:s3:::c/x"), ("s3:PutObject", "arn:aws:s3:::b/k")],
        ),
        (
            "s3",
            "DeleteObjects",
            {"Bucket": "b", "Keys": ["x", "y"]},
            [("s3:DeleteObject", "arn:aws:s3:::b/x"), ("s3:DeleteObject", "arn:aws:s3:::b/y")],
        ),
        ("dynamodb", "PutItem", {"TableName": "t"}, [("dynamodb:PutItem", "arn:aws:dynamodb:r:1:table/t")]),
        (
            "dynamodb",
            "Query",
            {"TableName": "t", "IndexName": "i"},
            [("dynamodb:Query", "arn:aws:dynamodb:r:1:table/t/index/i")],
        ),
        (
            "dynamodb",
            "BatchGetItem",
            {"RequestItems": {"t": {}, "u": {}}},
            [
                ("dynamodb:BatchGetItem", "arn:aws:dynamodb:r:1:table/t"),
                ("dynamodb:BatchGetItem", "arn:aws:dynamodb:r:1:table/u"),
            ],
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "t"}}, {"Update": {"TableName": "u"}}]},
            [
                ("dynamodb:PutItem", "arn:aws:dynamodb:r:1:table/t"),
                ("dynamodb:UpdateItem", "arn:aws:dynamodb:r:1:table/u"),
            ],
        ),
        ("lambda", "Invoke", {"FunctionName": "f"}, [("lambda:InvokeFunction", "arn:aws:lambda:r:1:function:f")]),
        ("sns", "PublishBatch", {"TopicArn": "arn:aws:sns:r:1:t"}, [("sns:Publish", "arn:aws:sns:r:1:t")]),
        ("sqs", "SendMessageBatch", {"QueueUrl": "http://h/1/q"}, [("sqs:SendMessage", "arn:aws:sqs:r:1:q")]),
        ("states", "StartExecution", {"stateMachineArn": "arn:m"}, [("states:StartExecution", "arn:m")]),
        (
            "events",
            "PutEvents",
            {"Entries": [{"EventBusName": "b"}, {}]},
            [
                ("events:PutEvents", "arn:aws:events:r:1:event-bus/b"),
                ("events:PutEvents", "arn:aws:events:r:1:event-bus/default"),
            ],
        ),
        ("glue", "StartJobRun", {"JobName": "j"}, [("glue:StartJobRun", "arn:aws:glue:r:1:job/j")]),
        (
            "glue",
            "GetTable",
            {"DatabaseName": "d", "Name": "t"},
            [
                ("glue:GetTable", "arn:aws:glue:r:1:catalog"),
                ("glue:GetTable", "arn:aws:glue:r:1:database/d"),
                ("glue:GetTable", "arn:aws:glue:r:1:table/d/t"),
            ],
        ),
        (
            "batch",
            "SubmitJob",
            {"jobDefinition": "arn:aws:batch:r:1:job-definition/d:3", "jobQueue": "q"},
            [
                ("batch:SubmitJob", "arn:aws:batch:r:1:job-definition/d:3"),
                ("batch:SubmitJob", "arn:aws:batch:r:1:job-queue/q"),
            ],
        ),
        (
            "application-autoscaling",
            "DeregisterScalableTarget",
            {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/v", "ScalableDimension": "d"},
            [
                (
                    "application-autoscaling:DeregisterScalableTarget",
                    "arn:aws:application-autoscaling:r:1:scalable-target/id",
                )
            ],
        ),
        (
            "sagemaker",
            "UpdateModelPackage",
            {"ModelPackageArn": "arn:aws:sagemaker:r:1:model-package/g/2"},
            [("sagemaker:UpdateModelPackage", "arn:aws:sagemaker:r:1:model-package/g/2")],
        ),
        (
            "sagemaker",
            "InvokeEndpoint",
            {"EndpointName": "e"},
            [("sagemaker:InvokeEndpoint", "arn:aws:sagemaker:r:1:endpoint/e")],
        ),
        (
            "sagemaker",
            "UpdateEndpoint",
            {"EndpointName": "e", "EndpointConfigName": "c"},
            [
                ("sagemaker:UpdateEndpoint", "arn:aws:sagemaker:r:1:endpoint/e"),
                ("sagemaker:UpdateEndpoint", "arn:aws:sagemaker:r:1:endpoint-config/c"),
            ],
        ),
        (
            "sagemaker",
            "CreateModel",
            {"ModelName": "m", "ExecutionRoleArn": "arn:aws:iam::1:role/x"},
            [("sagemaker:CreateModel", "arn:aws:sagemaker:r:1:model/m"), ("iam:PassRole", "arn:aws:iam::1:role/x")],
        ),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "g", "logStreamName": "s"},
            [("logs:PutLogEvents", "arn:aws:logs:r:1:log-group:g:log-stream:s")],
        ),
        ("kms", "Decrypt", {"KeyId": "k"}, [("kms:Decrypt", "arn:aws:kms:r:1:key/k")]),
        (
            "ssm",
            "GetParameters",
            {"Names": ["/a", "b"]},
            [
                ("ssm:GetParameters", "arn:aws:ssm:r:1:parameter/a"),
                ("ssm:GetParameters", "arn:aws:ssm:r:1:parameter/b"),
            ],
        ),
        ("monitoring", "PutMetricData", {"Namespace": "n"}, [("cloudwatch:PutMetricData", "*")]),
        ("sts", "GetCallerIdentity", {}, []),
        ("ec2", "DescribeVpcs", {}, [("ec2:DescribeVpcs", None)]),
    ],
)
def test_a_call_needs(service: str, operation: str, parameters: dict[str, Any], expected: list[Any]) -> None:
    assert needed(service, operation, **parameters) == expected


def test_a_passed_role_names_the_service_it_goes_to() -> None:
    call = Call("sagemaker", "CreateModel", {"ModelName": "m", "ExecutionRoleArn": "arn:aws:iam::1:role/x"})
    assert checks(call, PLACE)[-1].context == {"iam:passedtoservice": "sagemaker.amazonaws.com"}


def test_a_scalable_target_says_of_what_it_is() -> None:
    call = Call(
        "application-autoscaling",
        "RegisterScalableTarget",
        {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"},
    )
    assert checks(call, PLACE)[0].context == {
        "application-autoscaling:service-namespace": "sagemaker",
        "application-autoscaling:scalable-dimension": "sagemaker:variant:DesiredInstanceCount",
    }
