"""Labels that the line's own tables know are sent for predictions that were delivered, and for no other."""

import datetime as dt
import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pyarrow as pa

from jobs import known_labels
from jobs.main import Context, run_job
from runtime import engine, tables
from runtime.engine import Query
from runtime.predictions import PREDICTIONS
from runtime.receipts import Receipt
from tests.jobs import workshop as shops
from tests.jobs.workshop import Workshop
from tests.moto_server import Aws
from tests.runtime.shop import LINE


def predictions(placed: dict[int, dt.datetime]) -> pa.Table:
    """Return a prediction for each order, under the day that it was placed on."""
    at = dt.datetime(2024, 2, 1, tzinfo=dt.UTC)
    rows = [
        {
            "prediction_id": f"shop:{number}:{moment:%Y-%m-%d}",
            "line": "shop",
            "run": "run-1",
            "model_version": 1,
            "id": str(number),
            "event_time": moment,
            "score": 0.5,
            "score_date": moment.date(),
            "at": at,
        }
        for number, moment in placed.items()
    ]
    return pa.Table.from_pylist(rows, schema=PREDICTIONS)


def sent(aws: Aws, *, keep_days: int) -> tuple[int, list[Any], dict[int, Any]]:
    """Publish predictions of every second order and send labels; return how many, what, and the orders by id."""
    shop = Workshop(aws)
    monitoring = {"ground_truth": {"table": True, "keep_days": keep_days}}
    shop.stage(definition={**LINE, "monitoring": monitoring})
    for step in ("curate", "features"):
        shop.run(step)
    orders = {row["id"]: row for row in shop.rows("orders")}
    placed = {number: row["placed"].replace(tzinfo=dt.UTC) for number, row in orders.items() if number % 2}
    queue = aws.client("sqs").create_queue(QueueName=f"labels-{shop.database}")["QueueUrl"]

    def work(context: Context) -> Receipt:
        with engine.connect(folder=context.folder) as connection:
            connection.register("scored", predictions(placed))
            written = tables.write_audit(
                context.catalog,
                context.table("predictions"),
                Query(text="FROM scored", file="predictions"),
                connection=connection,
                folder=context.folder,
                run="run-1",
            )
        return Receipt("scoring", "succeeded", outputs={"sent": known_labels.send(context, written.snapshot)})

    job: Any = SimpleNamespace(main=lambda: run_job("scoring", "scoring", work))
    words = shop.words
    with (
        patch.object(shops, "JOBS", {**shops.JOBS, "send": job}),
        patch.object(shops, "RECEIPTS", {**shops.RECEIPTS, "send": "scoring"}),
        patch.object(shop, "words", lambda *given: [*words(*given), "--ground-truth-queue", queue], create=True),
    ):
        code, receipt = shop.run("send")
    assert (code, receipt.message) == (0, "")
    bodies = [one for body in aws.messages(queue) for one in json.loads(body)["labels"]]
    return receipt.outputs["sent"], bodies, {number: orders[number] for number in placed}


def expected(orders: dict[int, Any], since: str) -> list[Any]:
    """Return the labels of orders from a day on until before the day that is scored, by prediction id."""
    return sorted(
        (
            {"prediction_id": f"shop:{number}:{row['placed']:%Y-%m-%d}", "label": int(row["returned"])}
            for number, row in orders.items()
            if row["returned"] is not None and since <= f"{row['placed']:%Y-%m-%d}" < "2024-01-09"
        ),
        key=lambda one: str(one["prediction_id"]),
    )


def test_labels_of_delivered_predictions_are_sent_and_no_older_ones(aws: Aws) -> None:
    count, bodies, orders = sent(aws, keep_days=5)

    assert bodies == expected(orders, "2024-01-04")
    assert 0 < count == len(bodies) < len(expected(orders, "2024-01-01"))
