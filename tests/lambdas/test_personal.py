"""No personal value leaves a handler by a log, a metric, an error, a reason or a refusal.

Canaries stand in every place where a person's data may be: in requests, labels, events and records, well formed or
not, with calls that fail. They may be where the data itself belongs, in tables, files, messages and answers, and in
nothing else.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.lambdas.faults import Striker
from tests.lambdas.inside import SERVICES, Inside, client, inside
from tests.lambdas.loaded import Given, Loaded, Outcome
from tests.lambdas.stores import stores
from tests.lambdas.tables import delivery, monitoring
from tests.runtime.delivery.deliveries import record

TEXT, NUMBER = "kanari-Ünüsual", 7331337.0625
TRACES = ("kanari", "7331337")
ODD: tuple[Any, ...] = (TEXT, NUMBER, int(NUMBER), [TEXT], {TEXT[:6]: TEXT}, None, TEXT * 100)
"""What stands in the place of a value."""
OURS = {"schema", "line", "run", "model_version"}
"""What says nothing of a person."""


@pytest.fixture(scope="module")
def aws() -> Iterator[Inside]:
    with inside() as found:
        yield found


def planted(value: Any) -> Iterator[Any]:
    """Yield copies of a document with something odd in each place in turn."""
    if isinstance(value, Mapping):
        for name in value.keys() - OURS:
            yield from ({**value, name: other} for other in planted(value[name]))
    elif isinstance(value, list):
        for i, one in enumerate(value[:2]):
            yield from ([*value[:i], other, *value[i + 1 :]] for other in planted(one))
    else:
        yield from ODD


def bodies(document: Any) -> list[str]:
    """Return bodies that hold canaries: a document's, each odd one, and what is no document at all."""
    whole = json.dumps(document)
    broken = [whole[:-1], f'"{TEXT}"', f"[{NUMBER}]", TEXT, f'{{"{TEXT}": NaN}}', f'{{"x": "\\ud800{TEXT}"}}']
    return [whole, *(json.dumps(one) for one in planted(document)), *broken]


def told(aws: Inside, outcome: Outcome) -> Iterator[str]:
    """Yield what an attempt says to others than its caller: errors, refusals, reasons, messages of receipts, alarms."""
    if outcome.raised is not None:
        yield "".join(traceback.format_exception(outcome.raised))
    if isinstance(outcome.answer, dict) and outcome.answer.get("statusCode", 0) >= 400:
        yield outcome.answer["body"]
    for queue in aws.backend("sqs").queues.values():
        yield from (json.dumps(message.message_attributes, default=str) for message in queue._messages)
    for objects in stores(aws)["s3"].values():
        documents = (found for found in objects.values() if isinstance(found, dict))
        yield from (str(found["message"]) for found in documents if "message" in found)


Prepare = Callable[[Inside], Given]


def leaks(
    aws: Inside, capfd: pytest.CaptureFixture[str], handler: str, prepare: Prepare, events: Callable[[Given], list[Any]]
) -> list[str]:
    """Return what of the canaries is heard when a handler gets events, and when each of its calls fails."""
    aws.put_back({service: {} for service in SERVICES})
    given = prepare(aws)
    kept, striker = aws.keep(), Striker(aws)
    found: list[str] = []
    capfd.readouterr()
    with striker.on([client(service) for service in SERVICES]), Loaded(handler, given) as loaded:

        def heard(event: Any) -> None:
            outcome = loaded.call(event)
            logged = capfd.readouterr()
            for text in [logged.out, logged.err, *told(aws, outcome)]:
                found.extend(line for line in text.splitlines() if any(trace in line for trace in TRACES))

        for event in events(given):
            aws.put_back(kept)
            heard(event)
        striker.calls = []
        aws.put_back(kept)
        heard(given.event)
        for at in range(len(striker.calls)):
            for fault in ("throttled", "after"):
                aws.put_back(kept)
                striker.at, striker.fault, striker.calls = at, fault, []
                heard(given.event)
                striker.at = -1
    return list(dict.fromkeys(found))


def about(prepare: Prepare, event: Any) -> Prepare:
    """The same world with another event."""
    return lambda aws: Given(prepare(aws).environment, event)


REQUEST = {**delivery.REQUEST, "id": TEXT, "tailnum": TEXT, "carrier": TEXT}


@pytest.mark.parametrize(("resource", "document"), [("/predictions", REQUEST), ("/batches", {"instances": [REQUEST]})])
def test_of_a_request_nothing_is_told(
    aws: Inside, capfd: pytest.CaptureFixture[str], resource: str, document: Any
) -> None:
    def prepare(aws: Inside) -> Given:
        return delivery.requested(aws, resource, document)

    assert leaks(aws, capfd, "lambdas.delivery.predict", prepare, lambda given: requests(given, document)) == []


def test_of_what_a_model_refuses_nothing_is_told(aws: Inside, capfd: pytest.CaptureFixture[str]) -> None:
    """Entities that nobody knows, whose features are to be looked up."""

    def prepare(aws: Inside) -> Given:
        given = delivery.requested(aws, "/predictions", {name: REQUEST[name] for name in REQUEST if name != "carrier"})
        return Given({**given.environment, "KNOWN": '{"carrier": "plane.carrier"}'}, given.event)

    assert leaks(aws, capfd, "lambdas.delivery.predict", prepare, lambda given: [given.event]) == []


def requests(given: Given, document: Any) -> list[Any]:
    return [{**given.event, "body": body} for body in bodies(document)]


@pytest.mark.parametrize("id_", [TEXT, str(NUMBER), TEXT * 200, ""])
def test_of_a_look_up_nothing_is_told(aws: Inside, capfd: pytest.CaptureFixture[str], id_: str) -> None:
    prepare = about(delivery.look_up, {"pathParameters": {"id": id_}})

    assert leaks(aws, capfd, "lambdas.delivery.look_up", prepare, lambda given: [given.event]) == []


LABELS: Any = {"labels": [{"id": TEXT, "label": NUMBER, "time": TEXT, "known_at": TEXT, "outcome": NUMBER}]}
SURE = {"label": 1, "known_at": "2013-09-01T00:00:00Z", "outcome": NUMBER}
LABEL: Any = {"prediction_id": f"flights:{TEXT}:2013-08-15", **SURE}


def test_of_labels_over_rest_nothing_is_told(aws: Inside, capfd: pytest.CaptureFixture[str]) -> None:
    prepare = about(delivery.labels, {"resource": "/labels", "body": json.dumps({"labels": [LABEL]})})

    def events(given: Given) -> list[Any]:
        return [*requests(given, LABELS), *requests(given, {"labels": [LABEL]})]

    assert leaks(aws, capfd, "lambdas.delivery.labels", prepare, events) == []


def test_of_labels_in_a_queue_nothing_is_told(aws: Inside, capfd: pytest.CaptureFixture[str]) -> None:
    prepare = about(monitoring.labels, batch([json.dumps(LABEL), json.dumps({"id": TEXT, "label": 1}), TEXT]))

    def events(_: Given) -> list[Any]:
        other = {**LABEL, "label": 0}
        return [batch(bodies(LABELS)), batch(bodies(LABEL)), batch([json.dumps(LABEL), json.dumps(other)])]

    assert leaks(aws, capfd, "lambdas.monitoring.ground_truth", prepare, events) == []


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_of_labels_in_a_file_nothing_is_told(aws: Inside, capfd: pytest.CaptureFixture[str], ending: str) -> None:
    """What is no label is told by its place in the file."""

    def prepare(aws: Inside) -> Given:
        given, key = monitoring.dropped(aws), f"flights/ground_truth/labels.{ending}"
        table = ["id,label,known_at", f"{TEXT},1,{TEXT}", f"{TEXT},{NUMBER},", TEXT]
        lines = bodies(LABEL) if ending == "jsonl" else table
        body = "\n".join(lines).encode(errors="replace")
        aws.client("s3").put_object(Bucket=given.environment["RAW_BUCKET"], Key=key, Body=body)
        return Given(given.environment, {"detail": {"object": {"key": key}}})

    assert leaks(aws, capfd, "lambdas.monitoring.ground_truth_file", prepare, lambda given: [given.event]) == []


def batch(texts: list[str]) -> dict[str, Any]:
    return {"Records": [monitoring.message(f"m{i}", text) for i, text in enumerate(texts)]}


PERSONAL = {**record(1), "id": TEXT, "prediction_id": f"flights:{TEXT}:2013-08-15", "score": NUMBER}


def test_of_captured_events_nothing_is_told(aws: Inside, capfd: pytest.CaptureFixture[str]) -> None:
    event = {**monitoring.event(1), "prediction": PERSONAL, "inputs": {"carrier": TEXT, "distance": NUMBER}}
    document = {"schema": 1, "line": "flights", "events": [event]}
    prepare = about(monitoring.captured, batch([json.dumps(document), TEXT]))

    assert leaks(aws, capfd, "lambdas.monitoring.capture", prepare, lambda _: [batch(bodies(document))]) == []


@pytest.mark.parametrize("channel", ["files", "topic", "rest"])
def test_of_delivered_predictions_nothing_is_told(aws: Inside, capfd: pytest.CaptureFixture[str], channel: str) -> None:
    """Each record is delivered in a run of its own, whatever is wrong with it."""

    def prepare(aws: Inside) -> Given:
        given, s3 = getattr(delivery, channel)(aws), aws.client("s3")
        for i, body in enumerate(bodies(PERSONAL)):
            key = f"runs/flights/run-{i}/predictions.jsonl"
            s3.put_object(Bucket=given.environment["LAKE_BUCKET"], Key=key, Body=body.encode(errors="replace"))
        return Given(given.environment, {**given.event, "run": "run-0"})

    def events(given: Given) -> list[Any]:
        return [{**given.event, "run": f"run-{i}"} for i in range(len(bodies(PERSONAL)))]

    assert leaks(aws, capfd, f"lambdas.delivery.{channel}", prepare, events) == []
