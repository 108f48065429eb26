"""What is inside the resources of stacks and keeps CloudFormation from deleting them: objects, network interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runtime.teardown.gone import BusyError, StuckError, found, gone, pages
from runtime.teardown.owned import Clients, Owned
from runtime.teardown.pace import Pace
from runtime.teardown.sweep import Sweep


def sweeps(clients: Clients, pace: Pace) -> list[Sweep]:
    """Return how an environment's buckets and network are emptied, as far as there is time."""
    return [
        Sweep(
            "contents of bucket",
            lambda owned: _filled(clients("s3"), owned),
            lambda name: empty(clients("s3"), name, pace),
        ),
        _interfaces(clients),
    ]


def buckets(owned: Owned) -> list[str]:
    """Return the environment's buckets: those of its stacks, and those that carry its tag."""
    kept = [arn.rpartition(":::")[2] for arn in owned.tagged if arn.split(":")[2] == "s3"]
    return list(dict.fromkeys([*owned.names("AWS::S3::Bucket"), *kept]))


def _filled(s3: Any, owned: Owned) -> Iterator[str]:
    for name in buckets(owned):
        versions = found(s3.list_object_versions, Bucket=name, MaxKeys=1) or {}
        uploads = found(s3.list_multipart_uploads, Bucket=name, MaxUploads=1) or {}
        if versions.get("Versions") or versions.get("DeleteMarkers") or uploads.get("Uploads"):
            yield name


def empty(s3: Any, name: str, pace: Pace) -> None:
    """Delete every version, delete marker and unfinished upload of a bucket; first let it log nowhere any more.

    The deletions themselves would be logged, into a bucket of the same environment, hours later.
    """
    gone(s3.put_bucket_logging, Bucket=name, BucketLoggingStatus={})
    while told := found(s3.list_object_versions, Bucket=name):
        doomed = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for one in (*told.get("Versions", []), *told.get("DeleteMarkers", []))
        ]
        if not doomed:
            break
        answer = s3.delete_objects(Bucket=name, Delete={"Objects": doomed, "Quiet": True})
        if refused := answer.get("Errors"):
            first = refused[0]  # never its key, in which a person's name may be
            raise StuckError(f"S3 refuses {len(refused)} of its objects: {first.get('Message') or first['Code']}")
        if pace.over:
            raise BusyError("it holds more than there was time to delete")
    for upload in pages(s3, "list_multipart_uploads", "Uploads", Bucket=name):
        gone(s3.abort_multipart_upload, Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])


def _interfaces(clients: Clients) -> Sweep:
    """Functions and tasks leave their network interfaces behind for a while, and the network cannot go before them."""

    def find(owned: Owned) -> Iterator[str]:
        if networks := owned.names("AWS::EC2::VPC"):
            within = [{"Name": "vpc-id", "Values": networks}]
            found = pages(clients("ec2"), "describe_network_interfaces", "NetworkInterfaces", Filters=within)
            # one that is attached belongs to what is attached to it, and goes with that
            yield from (one["NetworkInterfaceId"] for one in found if one["Status"] == "available")

    return Sweep(
        "network interface",
        find,
        lambda name: gone(clients("ec2").delete_network_interface, NetworkInterfaceId=name),
    )
