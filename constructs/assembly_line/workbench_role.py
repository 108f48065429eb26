"""What a person may do from a space of the workbench: read, build datasets, start runs, and nothing that releases."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from assembly_line.naming import slug
from assembly_line.permissions import allow, allow_key
from assembly_line.shared import Shared
from assembly_line.storage import QUERIES
from config import tags
from config.workbench import Workbench

PEOPLE = "workbench/people"
"""Key prefix in the lake bucket: a folder for each profile."""

_SPACES = "a person makes spaces by names of their own: the domain and the owner are named"
_RUNS = "names of executions are made by what starts them, and tell no environment"
_LINES = "lines come and go without the workbench: only the environment's name is known here"
_OBJECTS = "the objects there are made by runs and people: only their prefix is known here"
_LISTS = "AWS knows no resource for these listings"

_NEVER = (
    *("kms:Sign", "kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy"),
    *("sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage", "sagemaker:DeleteModelPackage"),
    *("sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint", "sagemaker:DeleteEndpoint"),
    *("sagemaker:UpdateEndpointWeightsAndCapacities", "iam:PassRole", "sts:AssumeRole"),
    *("cloudformation:CreateStack", "cloudformation:UpdateStack", "cloudformation:DeleteStack"),
    *("cloudformation:ExecuteChangeSet", "states:UpdateStateMachine", "lambda:UpdateFunctionCode"),
)
"""What releases or changes an environment: denied, whatever another policy would allow."""


def space_role(scope: Construct, id_: str, *, description: str) -> iam.Role:
    """Return a role that SageMaker takes for this account only, and that may nothing yet."""
    source = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    trusted = iam.ServicePrincipal("sagemaker.amazonaws.com", conditions=source)
    return iam.Role(scope, id_, assumed_by=trusted, description=description)


class ProfileRights:
    """The rights of one profile's role, in the environment of ``shared`` and the domain of an id."""

    def __init__(self, role: iam.Role, *, shared: Shared, domain: str, profile: str, group: str) -> None:
        """``group`` is the ARN of Athena's work group."""
        self._role, self._shared, self._domain, self._profile, self._group = role, shared, domain, profile, group
        self._stack, self._environment = Stack.of(role), shared.environment.name

    def grant(self, wanted: Workbench) -> None:
        """Give the role all that a person needs in a space."""
        self._spaces(wanted)
        self._read()
        self._write()
        self._runs()
        self._tables()
        if wanted.token_secret:
            secret = self._arn("secretsmanager", f"secret:{wanted.token_secret}-??????")
            allow(self._role, "secretsmanager:GetSecretValue", on=[secret])
        self._role.add_to_policy(
            iam.PolicyStatement(sid="NothingIsReleased", effect=iam.Effect.DENY, actions=list(_NEVER), resources=["*"])
        )

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self._stack.partition}:{service}:{self._stack.region}:{self._stack.account}:{resource}"

    def _spaces(self, wanted: Workbench) -> None:
        """Their own private spaces, on machines of the types that the environment names."""
        spaces, apps = (self._arn("sagemaker", f"{kind}/{self._domain}/*") for kind in ("space", "app"))
        profile = self._arn("sagemaker", f"user-profile/{self._domain}/{self._profile}")
        own = {
            "ArnEquals": {"sagemaker:OwnerUserProfileArn": profile},
            "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
        }
        verbs = ("sagemaker:CreateSpace", "sagemaker:UpdateSpace", "sagemaker:DeleteSpace")
        allow(self._role, *verbs, on=[spaces], why=_SPACES, when=own)
        allow(self._role, "sagemaker:DeleteApp", on=[apps], why=_SPACES, when=own)
        types = {"ForAllValues:StringEquals": {"sagemaker:InstanceTypes": [*wanted.instance_types, "system"]}}
        allow(self._role, "sagemaker:CreateApp", on=[apps], why=_SPACES, when={**own, **types})
        tagging = {"Null": {"sagemaker:TaggingAction": "false"}}  # while it is made, and never later
        allow(self._role, "sagemaker:AddTags", on=[spaces, apps], why=_SPACES, when=tagging)
        allow(self._role, "sagemaker:CreatePresignedDomainUrl", "sagemaker:DescribeUserProfile", on=[profile])
        allow(self._role, "sagemaker:DescribeDomain", on=[self._arn("sagemaker", f"domain/{self._domain}")])
        allow(self._role, "sagemaker:DescribeApp", "sagemaker:DescribeSpace", on=[spaces, apps], why=_SPACES)
        listed = ("sagemaker:ListApps", "sagemaker:ListDomains", "sagemaker:ListSpaces", "sagemaker:ListUserProfiles")
        allow(self._role, *listed, on=["*"], why=_LISTS)
        logs = self._arn("logs", "log-group:/aws/sagemaker/studio*")
        written = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
        allow(self._role, *written, on=[logs], why="SageMaker names the streams of a space's log after it")

    def _read(self) -> None:
        """Raw files, tables, receipts, reports, datasets, models, the ledger, and what CloudWatch measured."""
        shared, lake = self._shared, self._shared.lake.bucket_arn
        prefixes = (f"warehouse/{shared.database}", "published", "runs", "reports", "datasets")
        read = [f"{shared.raw.bucket_arn}/*", f"{shared.models.bucket_arn}/*", *(f"{lake}/{one}/*" for one in prefixes)]
        allow(self._role, "s3:GetObject", "s3:GetObjectVersion", on=read, why=_OBJECTS)
        buckets = [shared.raw.bucket_arn, lake, shared.models.bucket_arn]
        allow(self._role, "s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions", on=buckets)
        shared.allow_ledger(self._role, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
        indexes = f"{shared.ledger.table_arn}/index/*"
        allow(self._role, "dynamodb:Query", on=[indexes], why="an index shows the items of its table in another order")
        shared.allow_verifying(self._role)
        stacks = self._arn("cloudformation", f"stack/AssemblyLine-{self._environment}-*/*")
        allow(self._role, "cloudformation:DescribeStacks", on=[stacks], why=_LINES)
        named = slug(self._environment)
        models = [self._arn("sagemaker", f"{kind}/{named}-*") for kind in ("model-package-group", "model-package")]
        allow(
            self._role, "sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup", on=models, why=_LINES
        )
        endpoints = self._arn("sagemaker", f"endpoint/{named}-*")
        allow(self._role, "sagemaker:DescribeEndpoint", on=[endpoints], why=_LINES)
        everywhere = ("cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics")
        packages = ("sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages")
        allow(self._role, *everywhere, *packages, on=["*"], why=_LISTS)

    def _write(self) -> None:
        """Datasets, which nobody replaces, and a folder of their own; with the key, the disks of their spaces, too."""
        lake, key = self._shared.lake.bucket_arn, self._shared.key
        own, answers = f"{lake}/{PEOPLE}/{self._profile}/*", f"{lake}/{QUERIES}/*"
        allow(
            self._role,
            *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"),
            on=[f"{lake}/datasets/*", own, answers],
            why=_OBJECTS,
        )
        allow(self._role, "s3:GetObject", on=[own, answers], why=_OBJECTS)
        allow(self._role, "s3:DeleteObject", on=[own], why=_OBJECTS)
        allow_key(self._role, key, write=True)
        allow(self._role, "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", on=[key.key_arn])
        disks = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        allow(self._role, "kms:CreateGrant", on=[key.key_arn], when=disks)

    def _runs(self) -> None:
        """Runs of the environment's lines, which their tags tell; a release machine is a station's."""
        lines = {
            "StringEquals": {
                f"aws:ResourceTag/{tags.PROJECT}": tags.PROJECT_VALUE,
                f"aws:ResourceTag/{tags.ENVIRONMENT}": self._environment,
            },
            "Null": {f"aws:ResourceTag/{tags.STATION}": "true"},
        }
        machines = self._arn("states", "stateMachine:*")
        verbs = ("states:DescribeStateMachine", "states:ListExecutions", "states:StartExecution")
        allow(self._role, *verbs, on=[machines], why=_LINES, when=lines)
        executions = self._arn("states", "execution:*")
        allow(self._role, "states:DescribeExecution", "states:GetExecutionHistory", on=[executions], why=_RUNS)

    def _tables(self) -> None:
        """The catalog's tables, also by SQL in Athena."""
        database = self._shared.database
        kinds = ("catalog", f"database/{database}", f"table/{database}/*")
        verbs = ("glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables")
        allow(self._role, *verbs, on=[self._arn("glue", one) for one in kinds], why=_LINES)
        allow(
            self._role,
            *("athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup"),
            *("athena:StartQueryExecution", "athena:StopQueryExecution"),
            on=[self._group],
        )
        allow(self._role, "athena:GetDataCatalog", on=[self._arn("athena", "datacatalog/AwsDataCatalog")])
