import json
from typing import Any

import pytest

from runtime.delivery import lookup
from tests.lambdas.processes import call
from tests.moto_server import Aws
from tests.runtime.delivery.deliveries import record


@pytest.mark.parametrize(
    ("asked", "status"), [({"id": "UA-1"}, 200), ({"id": "UA%2D1"}, 200), ({"id": "UA-2"}, 404), (None, 404)]
)
def test_it_answers_with_the_newest_prediction_of_an_id(aws: Aws, asked: Any, status: int) -> None:
    table = aws.table("prediction_key")
    lookup.put(aws.client("dynamodb"), table, [record(1)])

    called = call(
        "lambdas.delivery.look_up",
        {"pathParameters": asked},
        aws.environment(PREDICTIONS_TABLE=table, LINE="flights"),
    )

    assert called.answer["statusCode"] == status
    assert status != 200 or json.loads(called.answer["body"]) == record(1)
