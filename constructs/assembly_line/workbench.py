"""The workbench: a SageMaker Studio domain, a profile and a role for each person, how their spaces start and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_athena as athena
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from assembly_line.naming import slug
from assembly_line.shared import Shared
from assembly_line.storage import QUERIES
from assembly_line.workbench_role import ProfileRights, space_role
from assembly_line.workbench_start import digest, encoded, start_script
from config.workbench import Workbench

APPS = ("JupyterLab", "CodeEditor")

_MOST_BYTES = 100 * 1024**3
"""That one query in Athena may read."""


@dataclass(frozen=True)
class Place:
    """Where spaces are: in the environment's VPC alone where ``group`` is given, else with a way to the internet."""

    vpc: ec2.IVpc
    subnets: Sequence[ec2.ISubnet]
    group: ec2.ISecurityGroup | None = None


class Studio(Construct):
    """A domain whose spaces ready themselves when they start, and are shut down when nothing runs in them.

    Where the environment retains data, homes lie on a file system that survives the stack, as the domain does;
    elsewhere there is none, and a space has its own disk alone.
    """

    def __init__(self, scope: Construct, id_: str, *, shared: Shared, wanted: Workbench, place: Place) -> None:
        super().__init__(scope, id_)
        self._shared, self._wanted, self._place = shared, wanted, place
        self._keep = shared.environment.retain_data
        self.starts = {app: self._start(app) for app in APPS}
        self.newcomer = space_role(self, "Newcomer", description="a profile that the environment's file does not name")
        self.domain = self._domain()
        self.queries = self._queries()
        self.profiles = {name: self._profile(name) for name in wanted.profiles}

    def _start(self, app: str) -> sagemaker.CfnStudioLifecycleConfig:
        """SageMaker changes no script that is there, so another script has another name."""
        script = start_script(self._shared.environment)
        return sagemaker.CfnStudioLifecycleConfig(
            self,
            f"{app}Start",
            studio_lifecycle_config_app_type=app,
            studio_lifecycle_config_name=f"{slug(self._shared.environment.name)}-{app.lower()[:4]}-{digest(script)}",
            studio_lifecycle_config_content=encoded(script),
        )

    def _domain(self) -> sagemaker.CfnDomain:
        domain = sagemaker.CfnDomain
        groups = [self._place.group.security_group_id] if self._place.group else None
        idle = domain.AppLifecycleManagementProperty(
            idle_settings=domain.IdleSettingsProperty(
                lifecycle_management="ENABLED",
                idle_timeout_in_minutes=self._wanted.idle.minutes,
                min_idle_timeout_in_minutes=self._wanted.idle.least,
                max_idle_timeout_in_minutes=self._wanted.idle.most,
            )
        )
        machine = domain.ResourceSpecProperty(instance_type=self._wanted.instance_type)
        jupyter, editor = (self.starts[app].attr_studio_lifecycle_config_arn for app in APPS)
        made = domain(
            self,
            "Domain",
            domain_name=slug(self._shared.environment.name),
            auth_mode=self._wanted.auth,
            app_network_access_type="VpcOnly" if groups else "PublicInternetOnly",
            vpc_id=self._place.vpc.vpc_id,
            subnet_ids=[subnet.subnet_id for subnet in self._place.subnets],
            kms_key_id=self._shared.key.key_arn,
            home_efs_file_system_creation="Enabled" if self._keep else "Disabled",
            tag_propagation="ENABLED",  # so that a space is paid for by its environment
            default_user_settings=domain.UserSettingsProperty(
                execution_role=self.newcomer.role_arn,
                security_groups=groups,
                studio_web_portal="ENABLED",
                default_landing_uri="studio::",
                auto_mount_home_efs="Enabled" if self._keep else "Disabled",
                jupyter_lab_app_settings=domain.JupyterLabAppSettingsProperty(
                    app_lifecycle_management=idle, built_in_lifecycle_config_arn=jupyter, default_resource_spec=machine
                ),
                code_editor_app_settings=domain.CodeEditorAppSettingsProperty(
                    app_lifecycle_management=idle, built_in_lifecycle_config_arn=editor, default_resource_spec=machine
                ),
                space_storage_settings=domain.DefaultSpaceStorageSettingsProperty(
                    default_ebs_storage_settings=domain.DefaultEbsStorageSettingsProperty(
                        default_ebs_volume_size_in_gb=self._wanted.storage_gb,
                        maximum_ebs_volume_size_in_gb=self._wanted.most_storage_gb,
                    )
                ),
                studio_web_portal_settings=domain.StudioWebPortalSettingsProperty(
                    hidden_app_types=["JupyterServer", "Canvas", "RStudioServerPro"]
                ),
            ),
        )
        self._kept(made)
        return made

    def _queries(self) -> athena.CfnWorkGroup:
        """Where people ask Athena: answers are encrypted and lie in the lake, and no query reads without a limit."""
        group = athena.CfnWorkGroup
        answers = f"s3://{self._shared.lake.bucket_name}/{QUERIES}/"
        return group(
            self,
            "Queries",
            name=slug(self._shared.environment.name, "workbench"),
            description=f"Queries from the workbench of {self._shared.environment.name}",
            recursive_delete_option=True,
            work_group_configuration=group.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=_MOST_BYTES,
                result_configuration=group.ResultConfigurationProperty(
                    output_location=answers,
                    encryption_configuration=group.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS", kms_key=self._shared.key.key_arn
                    ),
                ),
            ),
        )

    def _profile(self, name: str) -> sagemaker.CfnUserProfile:
        scope = Construct(self, f"Profile{''.join(part.capitalize() for part in name.split('-'))}")
        role = space_role(scope, "Role", description=f"{name} in the workbench of {self._shared.environment.name}")
        group = f"arn:{self.domain.stack.partition}:athena:{self.domain.stack.region}:{self.domain.stack.account}"
        rights = ProfileRights(
            role,
            shared=self._shared,
            domain=self.domain.ref,
            profile=name,
            group=f"{group}:workgroup/{self.queries.ref}",
        )
        rights.grant(self._wanted)
        by_name = self._wanted.auth == "SSO"
        made = sagemaker.CfnUserProfile(
            scope,
            "Profile",
            domain_id=self.domain.ref,
            user_profile_name=name,
            single_sign_on_user_identifier="UserName" if by_name else None,
            single_sign_on_user_value=name if by_name else None,
            user_settings=sagemaker.CfnUserProfile.UserSettingsProperty(execution_role=role.role_arn),
        )
        self._kept(made)
        return made

    def _kept(self, made: sagemaker.CfnDomain | sagemaker.CfnUserProfile) -> None:
        made.apply_removal_policy(RemovalPolicy.RETAIN if self._keep else RemovalPolicy.DESTROY)
