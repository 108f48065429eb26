from runtime import receipts
from tests.lambdas.processes import call
from tests.moto_server import Aws
from tests.runtime.delivery.deliveries import scored


def test_it_leaves_the_receipt_of_its_channel(aws: Aws) -> None:
    paths, table = scored(aws, 3), aws.table("prediction_key")

    called = call(
        "lambdas.delivery.rest",
        {"line": "flights", "run": paths.run},
        aws.environment(
            LAKE_BUCKET=paths.lake,
            PREDICTIONS_TABLE=table,
            WINDOWS_TABLE=aws.table("window", "part"),
            TASK="binary",
            WINDOW_HOURS="24",
            WINDOW_COUNT="0",
            KEEP_DAYS="90",
            SLICES='["origin"]',
            LINE="flights",
        ),
    )

    receipt = receipts.read(aws.client("s3"), paths, "delivery-rest")
    assert receipt is not None
    assert receipt.outputs == {"kind": "rest", "count": 3, "superseded": 0}
    assert called.answer == {"channel": "rest", "status": "succeeded", **receipt.outputs}
    assert aws.client("dynamodb").scan(TableName=table)["Count"] == 6  # each as the newest of its id, and itself
