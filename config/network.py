"""Where the compute of an environment runs: what ``network`` in its file may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.strict import Strict

PrefixList = Annotated[str, Field(pattern=r"^pl-[0-9a-f]+$")]


class PrefixLists(Strict):
    """The addresses of S3 and DynamoDB in a region, as AWS numbers the lists of them."""

    s3: PrefixList
    dynamodb: PrefixList


PREFIX_LISTS = {
    "eu-central-1": PrefixLists(s3="pl-6ea54007", dynamodb="pl-66a5400f"),
    "us-east-1": PrefixLists(s3="pl-63a5400a", dynamodb="pl-02cd2c6b"),
    "us-east-2": PrefixLists(s3="pl-7ba54012", dynamodb="pl-4ca54025"),
    "us-west-1": PrefixLists(s3="pl-6ba54002", dynamodb="pl-6ea54007"),
    "us-west-2": PrefixLists(s3="pl-68a54001", dynamodb="pl-00a54069"),
}
"""Region -> what ``aws ec2 describe-managed-prefix-lists`` says there; they do not change."""


class Network(Strict):
    """Public subnets that nothing reaches from outside, or, with ``vpc_only``, no way between them and the internet."""

    vpc_only: bool = Field(
        default=False,
        description="everything runs in subnets without a route to the internet, and reaches AWS by VPC endpoints",
    )
    prefix_lists: PrefixLists | None = Field(
        default=None, description="of S3 and DynamoDB, where the region is none of those that are known"
    )

    def lists(self, region: str) -> PrefixLists:
        """Return the prefix lists of a region; raises ValueError where neither the file nor this project knows them."""
        found = self.prefix_lists or PREFIX_LISTS.get(region)
        if found is None:
            raise ValueError(
                f"network.prefix_lists: missing, and those of region {region!r} are not known here, expected s3 and "
                "dynamodb: add what `aws ec2 describe-managed-prefix-lists` says"
            )
        return found
