from runtime import receipts
from tests.lambdas.processes import call
from tests.moto_server import Aws
from tests.runtime.delivery.deliveries import scored


def test_it_leaves_the_receipt_of_its_channel(aws: Aws) -> None:
    paths, bucket = scored(aws, 3), aws.bucket()

    called = call(
        "lambdas.delivery.files",
        {"line": "flights", "run": paths.run, "channel": "files", "format": "jsonl"},
        aws.environment(LAKE_BUCKET=paths.lake, DELIVERED_BUCKET=bucket),
    )

    receipt = receipts.read(aws.client("s3"), paths, "delivery-files")
    assert receipt is not None
    assert receipt.outputs == {"kind": "files", "s3": f"s3://{bucket}/flights/2013-08-15/{paths.run}/", "count": 3}
    assert called.answer == {"channel": "files", "status": "succeeded", **receipt.outputs}
