"""The services of the AWS in memory that hold data: objects, tables, logs, parameters, keys, networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.runtime.teardown.account import Account, refuse

Json = dict[str, Any]


@dataclass
class Data:
    """A method is ``<service>_<operation>``: it gets the parameters and returns the answer."""

    account: Account

    def s3_list_object_versions(self, given: Json) -> Json:
        self.account.has("bucket", given["Bucket"], "NoSuchBucket")
        found = self.account.within("object", bucket=given["Bucket"])[: given.get("MaxKeys", 2)]  # two are a page
        split: Json = {"Versions": [], "DeleteMarkers": []}
        for name in found:
            kind = "DeleteMarkers" if self.account.things["object", name].facts.get("marker") else "Versions"
            split[kind].append({"Key": name, "VersionId": "1"})
        return split

    def s3_delete_objects(self, given: Json) -> Json:
        for one in given["Delete"]["Objects"]:
            if ("object", one["Key"]) in self.account.things:
                self.account.drop("s3.delete_objects", "object", one["Key"])
        return {}

    def s3_list_multipart_uploads(self, given: Json) -> Json:
        self.account.has("bucket", given["Bucket"], "NoSuchBucket")
        found = self.account.within("upload", bucket=given["Bucket"])
        return {"Uploads": [{"Key": name, "UploadId": name} for name in found]}

    def s3_abort_multipart_upload(self, given: Json) -> Json:
        self.account.drop("s3.abort_multipart_upload", "upload", given["UploadId"], "NoSuchUpload")
        return {}

    def s3_put_bucket_logging(self, given: Json) -> Json:
        self.account.change("s3.put_bucket_logging", "bucket", given["Bucket"], "NoSuchBucket")
        return {}

    def s3_head_bucket(self, given: Json) -> Json:
        self.account.has("bucket", given["Bucket"], "404")
        return {"ResponseMetadata": {}}

    def s3_delete_bucket(self, given: Json) -> Json:
        if self.account.within("object", bucket=given["Bucket"]):
            refuse("BucketNotEmpty")
        self.account.drop("s3.delete_bucket", "bucket", given["Bucket"], "NoSuchBucket")
        return {}

    def ec2_describe_network_interfaces(self, given: Json) -> Json:
        found = [name for vpc in given["Filters"][0]["Values"] for name in self.account.within("interface", vpc=vpc)]
        return {"NetworkInterfaces": [{"NetworkInterfaceId": name, "Status": "available"} for name in found]}

    def ec2_delete_network_interface(self, given: Json) -> Json:
        self.account.drop(
            "ec2.delete_network_interface",
            "interface",
            given["NetworkInterfaceId"],
            "InvalidNetworkInterfaceID.NotFound",
        )
        return {}

    def glue_get_database(self, given: Json) -> Json:
        self.account.has("database", given["Name"], "EntityNotFoundException")
        return {"Database": {}}

    def glue_get_tables(self, given: Json) -> Json:
        self.account.has("database", given["DatabaseName"], "EntityNotFoundException")
        found = self.account.within("gluetable", database=given["DatabaseName"])
        return {"TableList": [{"Name": name} for name in found]}

    def glue_delete_table(self, given: Json) -> Json:
        self.account.drop("glue.delete_table", "gluetable", given["Name"], "EntityNotFoundException")
        return {}

    def glue_delete_database(self, given: Json) -> Json:
        self.account.drop("glue.delete_database", "database", given["Name"], "EntityNotFoundException")
        return {}

    def glue_get_security_configuration(self, given: Json) -> Json:
        self.account.has("security", given["Name"], "EntityNotFoundException")
        return {"SecurityConfiguration": {}}

    def glue_delete_security_configuration(self, given: Json) -> Json:
        self.account.drop("glue.delete_security_configuration", "security", given["Name"], "EntityNotFoundException")
        return {}

    def logs_describe_log_groups(self, given: Json) -> Json:
        found = self.account.named("loggroup", given["logGroupNamePrefix"])
        return {
            "logGroups": [
                {"logGroupName": name, "kmsKeyId": self.account.things["loggroup", name].facts.get("key", "")}
                for name in found
            ]
        }

    def logs_delete_log_group(self, given: Json) -> Json:
        self.account.drop("logs.delete_log_group", "loggroup", given["logGroupName"])
        return {}

    def ssm_get_parameters_by_path(self, given: Json) -> Json:
        found = self.account.named("parameter", f"{given['Path'].rstrip('/')}/")
        values = [self.account.things["parameter", name].facts.get("value", "") for name in found]
        return {"Parameters": [{"Name": name, "Value": value} for name, value in zip(found, values, strict=True)]}

    def ssm_delete_parameter(self, given: Json) -> Json:
        self.account.drop("ssm.delete_parameter", "parameter", given["Name"], "ParameterNotFound")
        return {}

    def dynamodb_describe_table(self, given: Json) -> Json:
        self.account.has("table", given["TableName"])
        return {"Table": {"TableStatus": "ACTIVE"}}

    def dynamodb_delete_table(self, given: Json) -> Json:
        self.account.drop("dynamodb.delete_table", "table", given["TableName"])
        return {}

    def kms_describe_key(self, given: Json) -> Json:
        found = self.account.has("key", given["KeyId"].rpartition("/")[2], "NotFoundException")
        return {"KeyMetadata": {"KeyState": found.facts.get("state", "Enabled")}}

    def kms_schedule_key_deletion(self, given: Json) -> Json:
        found = self.account.change("kms.schedule_key_deletion", "key", given["KeyId"].rpartition("/")[2])
        found.facts["state"] = "PendingDeletion"
        return {}

    def sns_publish(self, given: Json) -> Json:
        self.account.add("message", str(self.account.number()), "people", text=given["Message"])
        return {}
