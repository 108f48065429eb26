"""Each resource type is really made: the API knows it afterwards, with its settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.deployment import Deployment
from local.resources.catalogue import KINDS
from local.server import EmbeddedAws
from tests.local.assemblies import allow, function, role_for, write_assembly


def _att(name: str, attribute: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


def _ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def _of(type_: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{type_}", "Properties": properties}


_TAGS = [{"Key": "line", "Value": "flights"}]
_PUBLISH = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": _ref("Topic")}
_TLS = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": [_att("Bucket", "Arn"), {"Fn::Sub": "${Bucket.Arn}/*"}],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def _document(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


_OLD_IMAGES = (
    '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", '
    '"countNumber": 1}, "action": {"type": "expire"}}]}'
)
STORAGE = {
    "Repository": _of(
        "ECR::Repository",
        LifecyclePolicy={"LifecyclePolicyText": _OLD_IMAGES},
        RepositoryPolicyText=_document({"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}),
        Tags=_TAGS,
    ),
    "Key": _of("KMS::Key", KeyPolicy=_document(allow("kms:*", "*")), EnableKeyRotation=True, Tags=_TAGS),
    "KeyAlias": _of("KMS::Alias", AliasName="alias/line", TargetKeyId=_att("Key", "Arn")),
    "Logs": _of("S3::Bucket"),
    "Bucket": _of(
        "S3::Bucket",
        BucketEncryption={
            "ServerSideEncryptionConfiguration": [
                {
                    "BucketKeyEnabled": True,
                    "ServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": _att("Key", "Arn"),
                    },
                }
            ]
        },
        VersioningConfiguration={"Status": "Enabled"},
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        LifecycleConfiguration={
            "Rules": [
                {
                    "Status": "Enabled",
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 90}],
                }
            ]
        },
        NotificationConfiguration={"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        Tags=_TAGS,
    ),
    "BucketPolicy": _of("S3::BucketPolicy", Bucket=_ref("Bucket"), PolicyDocument=_document(_TLS)),
    "Table": _of(
        "DynamoDB::Table",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": _att("Key", "Arn")},
        TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True},
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        Tags=_TAGS,
    ),
    "GlobalTable": _of(
        "DynamoDB::GlobalTable",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        Replicas=[{"Region": _ref("AWS::Region"), "Tags": _TAGS}],
    ),
    "Database": _of("Glue::Database", CatalogId=_ref("AWS::AccountId"), DatabaseInput={"Name": "lake"}),
    "GlueTable": _of("Glue::Table", CatalogId="1", DatabaseName=_ref("Database"), TableInput={"Name": "t"}),
    "Security": _of(
        "Glue::SecurityConfiguration",
        Name="security",
        EncryptionConfiguration={"S3Encryptions": [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": _att("Key", "Arn")}]},
    ),
    "Connection": _of(
        "Glue::Connection",
        CatalogId=_ref("AWS::AccountId"),
        ConnectionInput={
            "Name": "registry",
            "ConnectionType": "JDBC",
            "ConnectionProperties": {"JDBC_CONNECTION_URL": "jdbc:postgresql://db.example.com:5432/registry"},
        },
    ),
    "WorkGroup": _of("Athena::WorkGroup", Name="group", WorkGroupConfiguration={"EnforceWorkGroupConfiguration": True}),
}
COMPUTE = {
    "Role": role_for("lambda", managed=["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]),
    "Policy": _of("IAM::Policy", PolicyName="p", PolicyDocument=_document(allow("s3:*", "*")), Roles=[_ref("Role")]),
    "Managed": _of("IAM::ManagedPolicy", PolicyDocument=_document(allow("sqs:*", "*")), Roles=[_ref("Role")]),
    "Profile": _of("IAM::InstanceProfile", Roles=[_ref("Role")]),
    "Vpc": _of("EC2::VPC", CidrBlock="10.0.0.0/16", EnableDnsSupport=True, EnableDnsHostnames=True, Tags=_TAGS),
    "Subnet": _of(
        "EC2::Subnet",
        VpcId=_ref("Vpc"),
        CidrBlock={"Fn::Select": [0, {"Fn::Cidr": [_att("Vpc", "CidrBlock"), 2, 8]}]},
        AvailabilityZone={"Fn::Select": [0, {"Fn::GetAZs": ""}]},
        MapPublicIpOnLaunch=True,
        Tags=_TAGS,
    ),
    "RouteTable": _of("EC2::RouteTable", VpcId=_ref("Vpc"), Tags=_TAGS),
    "Association": _of("EC2::SubnetRouteTableAssociation", RouteTableId=_ref("RouteTable"), SubnetId=_ref("Subnet")),
    "Gateway": _of("EC2::InternetGateway", Tags=_TAGS),
    "Attachment": _of("EC2::VPCGatewayAttachment", VpcId=_ref("Vpc"), InternetGatewayId=_ref("Gateway")),
    "Route": {
        **_of(
            "EC2::Route", RouteTableId=_ref("RouteTable"), DestinationCidrBlock="0.0.0.0/0", GatewayId=_ref("Gateway")
        ),
        "DependsOn": ["Attachment"],
    },
    "Group": _of(
        "EC2::SecurityGroup",
        GroupDescription="jobs",
        VpcId=_ref("Vpc"),
        SecurityGroupEgress=[{"CidrIp": "0.0.0.0/0", "IpProtocol": "-1", "Description": "out"}],
    ),
    "Ingress": _of(
        "EC2::SecurityGroupIngress",
        GroupId=_att("Group", "GroupId"),
        IpProtocol="tcp",
        FromPort=443,
        ToPort=443,
        SourceSecurityGroupId=_att("Group", "GroupId"),
    ),
    "Egress": _of(
        "EC2::SecurityGroupEgress",
        GroupId=_att("Group", "GroupId"),
        IpProtocol="tcp",
        FromPort=1,
        ToPort=2,
        CidrIp="10.0.0.0/8",
    ),
    "Endpoint": _of(
        "EC2::VPCEndpoint",
        VpcId=_ref("Vpc"),
        ServiceName={"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
        VpcEndpointType="Gateway",
        RouteTableIds=[_ref("RouteTable")],
    ),
    "Hosts": _of(
        "EC2::LaunchTemplate",
        LaunchTemplateData={"MetadataOptions": {"HttpTokens": "required"}, "TagSpecifications": []},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": _TAGS}],
    ),
    "FlowLogs": _of("Logs::LogGroup", RetentionInDays=7, KmsKeyId="arn:aws:kms:us-east-1:123456789012:key/k"),
    "FlowLog": _of(
        "EC2::FlowLog",
        ResourceId=_ref("Vpc"),
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="cloud-watch-logs",
        LogGroupName=_ref("FlowLogs"),
        DeliverLogsPermissionArn=_att("Role", "Arn"),
    ),
    "Environment": _of(
        "Batch::ComputeEnvironment",
        Type="managed",
        State="ENABLED",
        ComputeResources={
            "Type": "FARGATE",
            "MaxvCpus": 4,
            "Subnets": [_ref("Subnet")],
            "SecurityGroupIds": [_att("Group", "GroupId")],
            "UpdateToLatestImageVersion": True,
        },
        ReplaceComputeEnvironment=False,
    ),
    "Jobs": _of(
        "Batch::JobQueue",
        Priority=1,
        ComputeEnvironmentOrder=[{"ComputeEnvironment": _att("Environment", "ComputeEnvironmentArn"), "Order": 1}],
    ),
    "Definition": _of(
        "Batch::JobDefinition",
        Type="container",
        PlatformCapabilities=["FARGATE"],
        Parameters={"line": "flights"},
        RetryStrategy={},
        Timeout={"AttemptDurationSeconds": 60},
        ContainerProperties={
            "Image": "image",
            "Command": ["train", "--line", "Ref::line"],
            "ResourceRequirements": [{"Type": "VCPU", "Value": "1"}, {"Type": "MEMORY", "Value": "2048"}],
            "ExecutionRoleArn": _att("Role", "Arn"),
            "JobRoleArn": _att("Role", "Arn"),
            "Environment": [{"Name": "A", "Value": "b"}],
            "RuntimePlatform": {"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"},
            "FargatePlatformConfiguration": {"PlatformVersion": "LATEST"},
            "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "x"}},
            "ReadonlyRootFilesystem": True,
        },
    ),
    "GlueJob": _of(
        "Glue::Job",
        Role=_att("Role", "Arn"),
        Command={"Name": "glueetl", "ScriptLocation": "s3://x/y.py", "PythonVersion": "3"},
        DefaultArguments={"--line": "flights"},
        GlueVersion="6.0",
        NumberOfWorkers=2,
        WorkerType="G.1X",
        ExecutionProperty={"MaxConcurrentRuns": 1},
        Tags={"line": "flights"},
    ),
}
EVENTS = {
    "Role": role_for("lambda"),
    "DeadLetters": _of("SQS::Queue", SqsManagedSseEnabled=True),
    "Queue": _of(
        "SQS::Queue",
        VisibilityTimeout=60,
        RedrivePolicy={"deadLetterTargetArn": _att("DeadLetters", "Arn"), "maxReceiveCount": 3},
        Tags=_TAGS,
    ),
    "Topic": _of("SNS::Topic", DisplayName="alarms", Tags=_TAGS),
    "OrderedQueue": _of("SQS::Queue", FifoQueue=True),
    "OrderedTopic": _of("SNS::Topic", FifoTopic=True),
    "TopicPolicy": _of("SNS::TopicPolicy", Topics=[_ref("Topic")], PolicyDocument=_document(_PUBLISH)),
    "Subscription": _of(
        "SNS::Subscription",
        TopicArn=_ref("Topic"),
        Protocol="sqs",
        Endpoint=_att("Queue", "Arn"),
        RawMessageDelivery=True,
    ),
    "QueuePolicy": _of("SQS::QueuePolicy", Queues=[_ref("Queue")], PolicyDocument=_document(_PUBLISH)),
    "Function": function("def handler(event, context): return event", Tags=_TAGS, TracingConfig={"Mode": "Active"}),
    "Version": _of("Lambda::Version", FunctionName=_ref("Function")),
    "Alias": _of(
        "Lambda::Alias", FunctionName=_ref("Function"), FunctionVersion=_att("Version", "Version"), Name="live"
    ),
    "Permission": _of(
        "Lambda::Permission",
        FunctionName=_att("Function", "Arn"),
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=_att("Rule", "Arn"),
    ),
    "Mapping": _of(
        "Lambda::EventSourceMapping",
        FunctionName=_ref("Function"),
        EventSourceArn=_att("Queue", "Arn"),
        BatchSize=100,
        MaximumBatchingWindowInSeconds=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    ),
    "Invocation": _of(
        "Lambda::EventInvokeConfig", FunctionName=_ref("Function"), Qualifier="$LATEST", MaximumRetryAttempts=1
    ),
    "Bus": _of("Events::EventBus", Name="line"),
    "Rule": _of(
        "Events::Rule",
        EventBusName=_ref("Bus"),
        EventPattern={"source": ["assembly-line"]},
        State="ENABLED",
        Targets=[{"Arn": _att("Function", "Arn"), "Id": "Target0"}],
    ),
    "Archive": _of("Events::Archive", SourceArn=_att("Bus", "Arn"), RetentionDays=7),
    "Schedules": _of("Scheduler::ScheduleGroup", Name="lines"),
    "Schedule": _of(
        "Scheduler::Schedule",
        GroupName=_ref("Schedules"),
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        State="DISABLED",
        Target={"Arn": _ref("Machine"), "RoleArn": _att("Role", "Arn"), "Input": "{}"},
    ),
    "Machine": _of(
        "StepFunctions::StateMachine",
        RoleArn=_att("Role", "Arn"),
        DefinitionString={"Fn::Join": ["", ['{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}']]},
        LoggingConfiguration={
            "Level": "ALL",
            "IncludeExecutionData": True,
            "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": _att("Group", "Arn")}}],
        },
        TracingConfiguration={"Enabled": True},
        Tags=_TAGS,
    ),
    "Group": _of("Logs::LogGroup", LogGroupName="/aws/vendedlogs/line", RetentionInDays=30),
    "LogPolicy": _of("Logs::ResourcePolicy", PolicyName="lp", PolicyDocument='{"Version":"2012-10-17","Statement":[]}'),
    "Filter": _of(
        "Logs::MetricFilter",
        LogGroupName=_ref("Group"),
        FilterPattern="ERROR",
        MetricTransformations=[{"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1"}],
    ),
    "Alarm": _of(
        "CloudWatch::Alarm",
        Namespace="AssemblyLine",
        MetricName="DriftMax",
        Dimensions=[{"Name": "Line", "Value": "flights"}],
        Statistic="Maximum",
        Period=300,
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        Threshold=0.2,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[_ref("Topic")],
    ),
    "Composite": _of("CloudWatch::CompositeAlarm", AlarmRule={"Fn::Sub": "ALARM(${Alarm})"}),
    "Dashboard": _of("CloudWatch::Dashboard", DashboardBody='{"widgets":[]}'),
    "Budget": _of(
        "Budgets::Budget",
        Budget={
            "BudgetName": "month",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": 100, "Unit": "USD"},
            "CostFilters": {"TagKeyValue": ["user:environment$dev"]},
        },
    ),
    "Packages": _of("SageMaker::ModelPackageGroup", ModelPackageGroupName="flights"),
    "Setting": _of("SSM::Parameter", Type="String", Value="v", Name="/line/setting", Tags={"a": "b"}),
    "Secret": _of(
        "SecretsManager::Secret",
        GenerateSecretString={"SecretStringTemplate": '{"user":"u"}', "GenerateStringKey": "password"},
    ),
    "LayerBucket": _of("S3::Bucket"),
}
API = {
    "Api": _of("ApiGateway::RestApi", Name="line", EndpointConfiguration={"Types": ["REGIONAL"]}, Tags=_TAGS),
    "Resource": _of(
        "ApiGateway::Resource", RestApiId=_ref("Api"), ParentId=_att("Api", "RootResourceId"), PathPart="predictions"
    ),
    "Model": _of(
        "ApiGateway::Model",
        RestApiId=_ref("Api"),
        Name="Request",
        ContentType="application/json",
        Schema={"type": "object"},
    ),
    "Validator": _of("ApiGateway::RequestValidator", RestApiId=_ref("Api"), Name="v", ValidateRequestBody=True),
    "Method": _of(
        "ApiGateway::Method",
        RestApiId=_ref("Api"),
        ResourceId=_ref("Resource"),
        HttpMethod="POST",
        AuthorizationType="AWS_IAM",
        RequestValidatorId=_ref("Validator"),
        RequestModels={"application/json": _ref("Model")},
        Integration={"Type": "MOCK", "IntegrationResponses": [{"StatusCode": "200"}]},
        MethodResponses=[{"StatusCode": "200"}],
    ),
    "Deployment": {**_of("ApiGateway::Deployment", RestApiId=_ref("Api"), Description="d"), "DependsOn": ["Method"]},
    "Stage": _of(
        "ApiGateway::Stage",
        RestApiId=_ref("Api"),
        DeploymentId=_ref("Deployment"),
        StageName="live",
        TracingEnabled=True,
        MethodSettings=[
            {
                "HttpMethod": "*",
                "ResourcePath": "/*",
                "LoggingLevel": "INFO",
                "DataTraceEnabled": False,
                "MetricsEnabled": True,
                "ThrottlingBurstLimit": 10,
                "ThrottlingRateLimit": 5,
            }
        ],
        AccessLogSetting={
            "DestinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:access",
            "Format": "$context.requestId",
        },
        Tags=_TAGS,
    ),
    "GatewayResponse": _of(
        "ApiGateway::GatewayResponse", RestApiId=_ref("Api"), ResponseType="DEFAULT_4XX", StatusCode="400"
    ),
    "AccountRole": role_for("apigateway"),
    "Account": _of("ApiGateway::Account", CloudWatchRoleArn=_att("AccountRole", "Arn")),
    "ApiKey": _of("ApiGateway::ApiKey", Enabled=True),
    "Plan": {
        **_of("ApiGateway::UsagePlan", ApiStages=[{"ApiId": _ref("Api"), "Stage": _ref("Stage")}]),
    },
    "PlanKey": _of("ApiGateway::UsagePlanKey", KeyId=_ref("ApiKey"), KeyType="API_KEY", UsagePlanId=_ref("Plan")),
}
TEMPLATES = {
    "Storage": {"Resources": STORAGE},
    "Compute": {"Resources": COMPUTE},
    "Events": {"Resources": EVENTS},
    "Api": {"Resources": API},
}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def deployment(aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return aws.deploy(write_assembly(tmp_path_factory.mktemp("all"), TEMPLATES))


def test_each_type_of_the_catalogue_is_made_here(deployment: Deployment) -> None:
    elsewhere = {"AWS::Lambda::LayerVersion", "AWS::Events::EventBusPolicy"}
    assert {resource.type for resource in deployment.resources} | elsewhere == set(KINDS)
