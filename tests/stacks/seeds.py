"""The table of faults: at least one for each rule of our own pack."""

from __future__ import annotations

from stacks.pack.flow import MACHINE
from tests.stacks.faults import Fault, add, allowing, drop, gone, put, task, trusting

BUCKET, TABLE, KEY, QUEUE = "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::SQS::Queue"
FUNCTION, JOB, ALARM = "AWS::Lambda::Function", "AWS::Batch::JobDefinition", "AWS::CloudWatch::Alarm"
STAGE, METHOD, GROUP = "AWS::ApiGateway::Stage", "AWS::ApiGateway::Method", "AWS::EC2::SecurityGroup"
GITHUB = "token.actions.githubusercontent.com"
OIDC = {"Federated": f"arn:aws:iam::222222222222:oidc-provider/{GITHUB}"}
ROLE = "arn:aws:iam::222222222222:role/worker"


def _claims(operator: str, subject: str) -> dict[str, dict[str, str]]:
    return {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}, operator: {f"{GITHUB}:sub": subject}}


STORAGE = [
    Fault(
        "the lake loses its public access block",
        "BucketPrivate",
        drop(BUCKET, "Properties/PublicAccessBlockConfiguration", like="Lake"),
    ),
    Fault(
        "one of four public access blocks is off",
        "BucketPrivate",
        put(BUCKET, "Properties/PublicAccessBlockConfiguration/RestrictPublicBuckets", False, like="Models"),
    ),
    Fault(
        "the raw bucket loses its policy",
        "BucketTls",
        gone("AWS::S3::BucketPolicy", like="Raw", of=BUCKET),
    ),
    Fault("the lake is not encrypted", "BucketKey", drop(BUCKET, "Properties/BucketEncryption", like="Lake")),
    Fault(
        "the lake is encrypted with S3's own key",
        "BucketKey",
        put(
            BUCKET,
            "Properties/BucketEncryption/ServerSideEncryptionConfiguration",
            [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}],
            like="Lake",
        ),
    ),
    Fault(
        "models have no versions", "BucketVersioned", drop(BUCKET, "Properties/VersioningConfiguration", like="Models")
    ),
    Fault(
        "nobody sees who reads the lake", "BucketLogged", drop(BUCKET, "Properties/LoggingConfiguration", like="Lake")
    ),
    Fault(
        "the ledger is encrypted with DynamoDB's own key",
        "TableKey",
        drop(TABLE, "Properties/SSESpecification", like="Ledger"),
    ),
    Fault(
        "the ledger cannot be restored",
        "TableRestorable",
        put(TABLE, "Properties/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", False, like="Ledger"),
    ),
    Fault(
        "a volume in plain text", "VolumeEncrypted", add("AWS::EC2::Volume", AvailabilityZone="eu-central-1a", Size=100)
    ),
    Fault(
        "hosts with a disk in plain text",
        "VolumeEncrypted",
        add(
            "AWS::EC2::LaunchTemplate",
            LaunchTemplateData={
                "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 100}}],
                "MetadataOptions": {"HttpTokens": "required"},
            },
        ),
    ),
    Fault("images that nobody scans", "ImagesScanned", add("AWS::ECR::Repository", ImageTagMutability="IMMUTABLE")),
    Fault("a log that is kept for ever", "LogRetention", drop("AWS::Logs::LogGroup", "Properties/RetentionInDays")),
    Fault("a log in plain text", "LogKey", drop("AWS::Logs::LogGroup", "Properties/KmsKeyId")),
    Fault("the key does not rotate", "KeyRotates", drop(KEY, "Properties/EnableKeyRotation", like="Encryption")),
    Fault(
        "everybody may use the key",
        "KeyClosed",
        put(KEY, "Properties/KeyPolicy/Statement/0/Principal", {"AWS": "*"}, like="Encryption"),
    ),
    Fault(
        "any account's topics may use the key",
        "KeySource",
        drop(KEY, "Properties/KeyPolicy/Statement/1/Condition", like="Encryption"),
    ),
]
IDENTITY = [
    Fault("a role may do anything", "ActionNamed", allowing(Action="*", Resource="*")),
    Fault("a role may do anything with S3", "ActionNamed", allowing(Action=["s3:*"], Resource="*")),
    Fault("a role may do all but one thing", "NothingExcluded", allowing(NotAction="iam:CreateUser", Resource="*")),
    Fault(
        "a role on everything but one bucket",
        "NothingExcluded",
        allowing(Action="s3:GetObject", NotResource="arn:aws:s3:::secret/*"),
    ),
    Fault(
        "an administrator",
        "NoAdministrator",
        add(
            "AWS::IAM::Role",
            ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"],
            AssumeRolePolicyDocument={"Statement": []},
        ),
    ),
    Fault(
        "all of SageMaker for a job",
        "NoAdministrator",
        add(
            "AWS::IAM::Role",
            ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"],
            AssumeRolePolicyDocument={"Statement": []},
        ),
    ),
    Fault("a user with a key", "NoUsers", add("AWS::IAM::AccessKey", UserName="robot")),
    Fault("a role is passed to whatever service", "PassedTo", allowing(Action="iam:PassRole", Resource=ROLE)),
    Fault(
        "any role is passed to SageMaker",
        "PassedTo",
        allowing(
            Action="iam:PassRole",
            Resource="*",
            Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
    ),
    Fault("any account may take a role", "TrustNamed", trusting(Principal={"AWS": "*"})),
    Fault(
        "Step Functions of any account may take the run's role",
        "TrustSource",
        drop("AWS::IAM::Role", "Properties/AssumeRolePolicyDocument/Statement/0/Condition", like="RunRole"),
    ),
    Fault(
        "any branch of a repository deploys",
        "OidcSubject",
        trusting(Principal=OIDC, Condition=_claims("StringLike", "repo:acme/line:*")),
    ),
    Fault(
        "a wildcard in an exact subject",
        "OidcSubject",
        trusting(
            Principal=OIDC,
            Condition={"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": "repo:*"}},
        ),
    ),
    Fault(
        "no subject at all",
        "OidcSubject",
        trusting(Principal=OIDC, Condition={"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}),
    ),
    Fault(
        "no audience",
        "OidcSubject",
        trusting(Principal=OIDC, Condition={"StringEquals": {f"{GITHUB}:sub": "repo:acme/line:environment:prod"}}),
    ),
    Fault(
        "everybody may read a bucket",
        "NotForAnyone",
        add(
            "AWS::S3::BucketPolicy",
            Bucket="data",
            PolicyDocument={
                "Statement": [
                    {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
                ]
            },
        ),
    ),
    Fault(
        "everybody may publish",
        "NotForAnyone",
        put(
            "AWS::SNS::TopicPolicy",
            "Properties/PolicyDocument/Statement/0",
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sns:Publish", "Resource": "*"},
            like="Alarms",
        ),
    ),
    Fault(
        "alarms of any account may speak",
        "ServiceSource",
        drop("AWS::SNS::TopicPolicy", "Properties/PolicyDocument/Statement/1/Condition", like="Alarms"),
    ),
    Fault(
        "rules of any account may fill a queue",
        "ServiceSource",
        drop("AWS::SQS::QueuePolicy", "Properties/PolicyDocument/Statement/1/Condition", like="Unrecorded"),
    ),
    Fault(
        "rules of any account may call a function",
        "PermissionSource",
        drop("AWS::Lambda::Permission", "Properties/SourceArn"),
    ),
    Fault(
        "everybody may call a function", "PermissionSource", put("AWS::Lambda::Permission", "Properties/Principal", "*")
    ),
]
MESSAGES = [
    Fault("messages in plain text", "QueueKey", drop(QUEUE, "Properties/KmsMasterKeyId", like="Labels")),
    Fault("a topic in plain text", "TopicKey", drop("AWS::SNS::Topic", "Properties/KmsMasterKeyId")),
    Fault(
        "poison comes back for ever", "QueuePoison", drop(QUEUE, "Properties/RedrivePolicy", like="CaptureEventsQueue")
    ),
    Fault(
        "dead letters are gone before the queue's messages",
        "PoisonOutlives",
        put(QUEUE, "Properties/MessageRetentionPeriod", 1_209_600, like="LabelsQueue"),
    ),
    Fault(
        "nobody hears of dead letters",
        "PoisonHeard",
        gone(ALARM, like="Unrecorded", of=QUEUE),
    ),
    Fault(
        "a message is handled twice at once",
        "QueueHides",
        put(QUEUE, "Properties/VisibilityTimeout", 60, like="LabelsQueue"),
    ),
    Fault(
        "one bad label brings back a hundred",
        "PartialBatches",
        drop("AWS::Lambda::EventSourceMapping", "Properties/FunctionResponseTypes"),
    ),
    Fault(
        "an event that cannot be handed over is lost",
        "EventKept",
        drop("AWS::Events::Rule", "Properties/Targets/0/DeadLetterConfig", like="Announcements"),
    ),
    Fault(
        "an event at which a handler fails is lost",
        "FailureKept",
        drop(FUNCTION, "Properties/DeadLetterConfig", like="Retrain"),
    ),
    Fault(
        "alarms cannot use the key of their topic",
        "AlarmHeard",
        put(KEY, "Properties/KeyPolicy/Statement/1/Principal", {"Service": "sns.amazonaws.com"}, like="Encryption"),
    ),
]
COMPUTE = [
    Fault(
        "a password in a function's variables",
        "NoPlainSecret",
        put(FUNCTION, "Properties/Environment/Variables/DB_PASSWORD", "hunter2", like="Retrain"),
    ),
    Fault(
        "an access key under another name",
        "NoPlainSecret",
        put(FUNCTION, "Properties/Environment/Variables/WHO", "AKIAIOSFODNN7EXAMPLE", like="Retrain"),
    ),
    Fault(
        "a password within a URL in a job's variables",
        "NoPlainSecret",
        put(
            JOB,
            "Properties/ContainerProperties/Environment",
            [{"Name": "SOURCE", "Value": "postgresql://reader:hunter2@db.example.com/x"}],
        ),
    ),
    Fault(
        "a token among a Glue job's arguments",
        "NoPlainSecret",
        put("AWS::Glue::Job", "Properties/DefaultArguments/--token", "ghp_0123456789"),
    ),
    Fault(
        "a function's URL for everybody", "FunctionUrl", add("AWS::Lambda::Url", AuthType="NONE", TargetFunctionArn="f")
    ),
    Fault("a privileged job", "NotPrivileged", put(JOB, "Properties/ContainerProperties/Privileged", True)),
    Fault("a job without a limit of time", "JobEnds", drop(JOB, "Properties/Timeout")),
    Fault("a Glue job without a limit of time", "JobEnds", drop("AWS::Glue::Job", "Properties/Timeout")),
    Fault(
        "a job waits for ever for a machine",
        "JobStarts",
        drop("AWS::Batch::JobQueue", "Properties/JobStateTimeLimitActions"),
    ),
    Fault(
        "a Glue job without a security configuration",
        "GlueSecured",
        drop("AWS::Glue::Job", "Properties/SecurityConfiguration"),
    ),
    Fault(
        "Glue's logs in plain text",
        "GlueEncrypts",
        drop("AWS::Glue::SecurityConfiguration", "Properties/EncryptionConfiguration/CloudWatchEncryption"),
    ),
    Fault(
        "a model without network isolation",
        "ModelIsolated",
        add("AWS::SageMaker::Model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "i"}),
    ),
    Fault("an endpoint without guardrails", "EndpointGuarded", add("AWS::SageMaker::Endpoint", EndpointConfigName="c")),
    Fault(
        "an endpoint whose canary no alarm takes back",
        "EndpointGuarded",
        add(
            "AWS::SageMaker::Endpoint",
            EndpointConfigName="c",
            DeploymentConfig={"AutoRollbackConfiguration": {"Alarms": []}},
        ),
    ),
    Fault(
        "an endpoint's volumes in plain text",
        "EndpointKey",
        add(
            "AWS::SageMaker::EndpointConfig", ProductionVariants=[{"VariantName": "v", "InstanceType": "ml.m6i.large"}]
        ),
    ),
    Fault(
        "a feature group without a key",
        "FeaturesKey",
        add(
            "AWS::SageMaker::FeatureGroup",
            FeatureGroupName="f",
            OnlineStoreConfig={"EnableOnlineStore": True},
            OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://x"}},
        ),
    ),
    Fault(
        "a notebook with root on the internet",
        "NotebookClosed",
        add("AWS::SageMaker::NotebookInstance", InstanceType="ml.t3.medium", RoleArn=ROLE),
    ),
    Fault(
        "a workbench outside of its VPC",
        "DomainInside",
        add("AWS::SageMaker::Domain", AppNetworkAccessType="PublicInternetOnly"),
    ),
    Fault(
        "a workbench whose spaces are never shut down",
        "DomainIdle",
        add("AWS::SageMaker::Domain", AppNetworkAccessType="VpcOnly", KmsKeyId="k", DefaultUserSettings={}),
    ),
    Fault("a workbench in plain text", "DomainKey", add("AWS::SageMaker::Domain", AppNetworkAccessType="VpcOnly")),
]
NETWORK = [
    Fault(
        "SSH for the world",
        "NoWayIn",
        put(
            GROUP,
            "Properties/SecurityGroupIngress",
            [{"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}],
        ),
    ),
    Fault(
        "a database for the world, by IPv6",
        "NoWayIn",
        add("AWS::EC2::SecurityGroupIngress", CidrIpv6="::/0", IpProtocol="tcp", FromPort=5432, ToPort=5432),
    ),
    Fault(
        "anything may leave",
        "WayOutNamed",
        put(GROUP, "Properties/SecurityGroupEgress", [{"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}]),
    ),
    Fault(
        "subnets that give public addresses",
        "NoPublicAddress",
        put("AWS::EC2::Subnet", "Properties/MapPublicIpOnLaunch", True),
    ),
    Fault(
        "a host with a public address",
        "NoPublicAddress",
        add(
            "AWS::EC2::Instance",
            NetworkInterfaces=[{"AssociatePublicIpAddress": True, "DeviceIndex": "0"}],
            MetadataOptions={"HttpTokens": "required"},
        ),
    ),
    Fault(
        "a host whose metadata anybody on it may read",
        "MetadataTokens",
        add("AWS::EC2::LaunchTemplate", LaunchTemplateData={}),
    ),
    Fault("a VPC whose traffic nobody sees", "TrafficLogged", gone("AWS::EC2::FlowLog", like="", of="AWS::EC2::VPC")),
    Fault("predictions for everybody", "RestAuthorised", put(METHOD, "Properties/AuthorizationType", "NONE")),
    Fault("unchecked bodies", "RestChecked", drop(METHOD, "Properties/RequestValidatorId")),
    Fault("an API without a limit", "RestThrottled", drop(STAGE, "Properties/MethodSettings/0/ThrottlingRateLimit")),
    Fault("an API without a log", "RestLogged", drop(STAGE, "Properties/AccessLogSetting")),
    Fault("bodies in the log", "RestQuiet", put(STAGE, "Properties/MethodSettings/0/DataTraceEnabled", True)),
]
FLOW = [
    Fault("a task waits for ever", "TaskEnds", task(lambda state: state.pop("TimeoutSeconds"))),
    Fault("a task gives up at once", "TaskRetries", task(lambda state: state.pop("Retry"))),
    Fault(
        "all tasks try again at the same moment",
        "TaskJitter",
        task(lambda state: state["Retry"][0].pop("JitterStrategy")),
    ),
    Fault("a failure that nobody catches", "TaskCaught", task(lambda state: state.pop("Catch"))),
    Fault(
        "only some failures are caught",
        "TaskCaught",
        task(lambda state: state["Catch"][0].update(ErrorEquals=["States.Timeout"])),
    ),
    Fault("a state machine without a log", "MachineLogged", drop(MACHINE, "Properties/LoggingConfiguration")),
    Fault("a state machine without traces", "MachineLogged", drop(MACHINE, "Properties/TracingConfiguration")),
]
REMOVAL = [
    Fault(
        "production's lake is deleted with its stack", "DataKept", put(BUCKET, "DeletionPolicy", "Delete", like="Lake")
    ),
    Fault(
        "production's key is deleted when it is replaced",
        "DataKept",
        put(KEY, "UpdateReplacePolicy", "Delete", like="Encryption"),
    ),
    Fault(
        "production's ledger can be deleted by accident",
        "TableProtected",
        put(TABLE, "Properties/DeletionProtectionEnabled", False, like="Ledger"),
    ),
]
LEFT = Fault("a bucket is left behind", "NothingLeft", put(BUCKET, "DeletionPolicy", "Retain", like="Lake"))
"""Only where an environment does not keep its data."""

SEEDS = [*STORAGE, *IDENTITY, *MESSAGES, *COMPUTE, *NETWORK, *FLOW, *REMOVAL]
