"""Everything that an account holds, as its services list it: what a destroyed environment must not leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from local.server import EmbeddedAws

Look = Callable[[Any], Iterator[str]]


def inventory(aws: EmbeddedAws) -> set[str]:
    """Return ``service: name`` of each thing in the account, keys that wait for their deletion left out."""
    return {f"{service}: {name}" for service, look in _LOOKS for name in look(aws.client(service))}


def _listed(operation: str, key: str, name: str = "", **parameters: Any) -> Look:
    """Return a look that lists one kind of thing; ``name`` is the field that tells it apart."""

    def look(client: Any) -> Iterator[str]:
        if client.can_paginate(operation):
            pages = client.get_paginator(operation).paginate(**parameters)
        else:
            pages = [getattr(client, operation)(**parameters)]
        for page in pages:
            for item in page.get(key, []):
                yield f"{key} {item[name] if name else item}"

    return look


def _objects(client: Any) -> Iterator[str]:
    for bucket in client.list_buckets()["Buckets"]:
        yield f"bucket {bucket['Name']}"
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
            for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                yield f"object {bucket['Name']}/{item['Key']}"


def _keys(client: Any) -> Iterator[str]:
    for key in client.list_keys()["Keys"]:
        told = client.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if told["KeyState"] != "PendingDeletion" and told["KeyManager"] != "AWS":
            yield f"key {key['KeyId']}"


def _roles(client: Any) -> Iterator[str]:
    for role in client.list_roles()["Roles"]:
        if not role["Path"].startswith("/aws-service-role/"):  # the service makes and keeps it
            yield f"role {role['RoleName']}"


def _rules(client: Any) -> Iterator[str]:
    for bus in client.list_event_buses()["EventBuses"]:
        yield f"bus {bus['Name']}"
        for rule in client.list_rules(EventBusName=bus["Name"])["Rules"]:
            yield f"rule {bus['Name']}/{rule['Name']}"


def _tables(client: Any) -> Iterator[str]:
    for database in client.get_databases()["DatabaseList"]:
        yield f"database {database['Name']}"
        for table in client.get_tables(DatabaseName=database["Name"])["TableList"]:
            yield f"table {database['Name']}.{table['Name']}"


def _definitions(client: Any) -> Iterator[str]:
    for item in client.describe_job_definitions(status="ACTIVE")["jobDefinitions"]:
        yield f"job definition {item['jobDefinitionArn']}"


def _packages(client: Any) -> Iterator[str]:
    for group in client.list_model_package_groups()["ModelPackageGroupSummaryList"]:
        yield f"group {group['ModelPackageGroupName']}"
        packages = client.list_model_packages(ModelPackageGroupName=group["ModelPackageGroupName"])
        for package in packages["ModelPackageSummaryList"]:
            yield f"package {package['ModelPackageArn']}"


def _endpoints(client: Any) -> Iterator[str]:
    for item in client.describe_vpc_endpoints()["VpcEndpoints"]:
        if item["State"] != "deleted":  # EC2 lists one for a while after its deletion
            yield f"endpoint {item['VpcEndpointId']}"


def _images(client: Any) -> Iterator[str]:
    for repository in client.describe_repositories()["repositories"]:
        yield f"repository {repository['repositoryName']}"


_LOOKS: list[tuple[str, Look]] = [
    ("apigateway", _listed("get_rest_apis", "items", "name")),
    ("apigateway", _listed("get_api_keys", "items", "id")),
    ("apigateway", _listed("get_usage_plans", "items", "id")),
    ("athena", _listed("list_work_groups", "WorkGroups", "Name")),
    ("batch", _listed("describe_compute_environments", "computeEnvironments", "computeEnvironmentName")),
    ("batch", _listed("describe_job_queues", "jobQueues", "jobQueueName")),
    ("batch", _definitions),
    ("cloudformation", _listed("describe_stacks", "Stacks", "StackName")),
    ("cloudformation", _listed("list_exports", "Exports", "Name")),
    ("cloudwatch", _listed("describe_alarms", "MetricAlarms", "AlarmName")),
    ("cloudwatch", _listed("describe_alarms", "CompositeAlarms", "AlarmName")),
    ("cloudwatch", _listed("list_dashboards", "DashboardEntries", "DashboardName")),
    ("dynamodb", _listed("list_tables", "TableNames")),
    ("ec2", _listed("describe_vpcs", "Vpcs", "VpcId")),
    ("ec2", _listed("describe_subnets", "Subnets", "SubnetId")),
    ("ec2", _listed("describe_route_tables", "RouteTables", "RouteTableId")),
    ("ec2", _listed("describe_security_groups", "SecurityGroups", "GroupId")),
    ("ec2", _listed("describe_flow_logs", "FlowLogs", "FlowLogId")),
    ("ec2", _listed("describe_launch_templates", "LaunchTemplates", "LaunchTemplateName")),
    ("ec2", _listed("describe_internet_gateways", "InternetGateways", "InternetGatewayId")),
    ("ec2", _endpoints),
    ("ec2", _listed("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId")),
    ("ecr", _images),
    ("events", _rules),
    ("events", _listed("list_archives", "Archives", "ArchiveName")),
    ("glue", _tables),
    ("glue", _listed("get_jobs", "Jobs", "Name")),
    ("glue", _listed("get_connections", "ConnectionList", "Name")),
    ("glue", _listed("get_security_configurations", "SecurityConfigurations", "Name")),
    ("iam", _roles),
    ("iam", _listed("list_policies", "Policies", "Arn", Scope="Local")),
    ("iam", _listed("list_instance_profiles", "InstanceProfiles", "InstanceProfileName")),
    ("kms", _keys),
    ("kms", _listed("list_aliases", "Aliases", "AliasName")),
    ("lambda", _listed("list_functions", "Functions", "FunctionName")),
    ("lambda", _listed("list_layers", "Layers", "LayerName")),
    ("lambda", _listed("list_event_source_mappings", "EventSourceMappings", "UUID")),
    ("logs", _listed("describe_log_groups", "logGroups", "logGroupName")),
    ("logs", _listed("describe_resource_policies", "resourcePolicies", "policyName")),
    ("s3", _objects),
    ("sagemaker", _listed("list_models", "Models", "ModelName")),
    ("sagemaker", _listed("list_endpoints", "Endpoints", "EndpointName")),
    ("sagemaker", _listed("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName")),
    ("sagemaker", _packages),
    ("scheduler", _listed("list_schedules", "Schedules", "Name")),
    ("scheduler", _listed("list_schedule_groups", "ScheduleGroups", "Name")),
    ("secretsmanager", _listed("list_secrets", "SecretList", "Name")),
    ("sns", _listed("list_topics", "Topics", "TopicArn")),
    ("sns", _listed("list_subscriptions", "Subscriptions", "SubscriptionArn")),
    ("sqs", _listed("list_queues", "QueueUrls")),
    ("ssm", _listed("describe_parameters", "Parameters", "Name")),
    ("stepfunctions", _listed("list_state_machines", "stateMachines", "name")),
]
