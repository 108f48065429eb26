from runtime import receipts
from tests.lambdas.processes import call
from tests.moto_server import Aws
from tests.runtime.delivery.deliveries import scored


def test_it_leaves_the_receipt_of_its_channel(aws: Aws) -> None:
    paths, (topic, queue) = scored(aws, 12), aws.topic()

    called = call(
        "lambdas.delivery.topic",
        {"line": "flights", "run": paths.run, "channel": "decisions", "topic": topic},
        aws.environment(LAKE_BUCKET=paths.lake),
    )

    receipt = receipts.read(aws.client("s3"), paths, "delivery-decisions")
    assert receipt is not None
    assert receipt.outputs == {"kind": "topic", "topic": topic, "count": 12}
    assert called.answer == {"channel": "decisions", "status": "succeeded", **receipt.outputs}
    assert len(aws.messages(queue)) == 12
