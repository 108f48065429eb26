import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.training import Variant
from runtime import artefact, manifest
from tests.lambdas.processes import ROOT
from tests.moto_server import Aws
from tests.runtime.modelled import world

ROW = {"carrier": "UA", "distance": 300, "weather__wind": 30.5}


@dataclass(frozen=True)
class Server:
    port: int
    process: subprocess.Popen[str]

    def post(self, body: object) -> tuple[int, Any]:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request("POST", "/invocations", text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def pings(self) -> bool:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
                connection.request("GET", "/ping")
                return connection.getresponse().status == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def model(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(aws, tmp_path_factory)


def folder_of(aws: Aws, tmp_path_factory: pytest.TempPathFactory, **line: Any) -> Path:
    """Train a model and return its folder, as SageMaker unpacks it."""
    root, folder = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("model")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root)
        made = world(aws, root, **line).candidate(Variant(name="only", parameters={} if line else {"max_iter": 5}))
    for name, body in {**made.files, manifest.NAME: made.manifest.encoded()}.items():
        (folder / name).write_bytes(body)
    return folder


def start(model: Path, **variables: str) -> Server:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "jobs", "serve"],
        cwd=ROOT,
        env={"SM_MODEL_DIR": str(model), "SAGEMAKER_BIND_TO_PORT": str(port), **variables},
        stderr=subprocess.PIPE,
        text=True,
    )
    return Server(port=port, process=process)


@contextmanager
def running(model: Path, **variables: str) -> Iterator[Server]:
    """Start the server as the image does, wait for its ping, and end it."""
    server = start(model, **variables)
    try:
        deadline = time.monotonic() + 60
        while not server.pings():
            assert server.process.poll() is None, server.process.stderr and server.process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


@pytest.fixture(scope="module")
def server(model: Path) -> Iterator[Server]:
    with running(model, MODEL_VERSION="7") as found:
        yield found


def test_it_predicts_each_instance_with_the_registered_version(server: Server, model: Path) -> None:
    status, answer = server.post({"instances": [ROW, {**ROW, "carrier": "AA", "distance": 1900}]})

    assert status == 200
    assert answer["model_version"] == 7
    assert [set(prediction) for prediction in answer["predictions"]] == [{"score"}, {"score"}]
    assert 0 < answer["predictions"][1]["score"] < answer["predictions"][0]["score"] < 1


def test_a_row_alone_scores_as_it_does_among_others_and_in_batch(server: Server, model: Path) -> None:
    loaded = artefact.read_folder(model)
    rows = [{**ROW, "distance": 100 + 10 * i} for i in range(1500)]

    status, together = server.post({"instances": rows})  # large enough to be predicted in a thread

    assert status == 200
    assert server.post({"instances": [rows[7]]})[1]["predictions"] == [together["predictions"][7]]
    assert len(together["predictions"]) == 1500
    assert loaded.manifest.columns == tuple(ROW)


@pytest.mark.parametrize(
    "row",
    [
        {**ROW, "weather__wind": None},
        {"carrier": "UA", "distance": 300},  # what no feature view knows is missing
        {**ROW, "carrier": None, "distance": None},
        {**ROW, "carrier": "never seen"},
    ],
)
def test_what_is_unknown_is_missing(server: Server, row: dict[str, Any]) -> None:
    assert server.post({"instances": [row]})[0] == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"instances": [ROW, {**ROW, "colour": "red"}]},
            "instances[1].colour: unknown field, expected some of carrier, distance, weather__wind: remove it",
        ),
        (
            {"instances": [{"carrier": "UA", "weather__wind": 1}]},
            "instances[0].distance: missing: add it (null when it is unknown)",
        ),
        (
            {"instances": [{**ROW, "distance": "far"}]},
            'instances[0].distance: "far" is not a number, expected one or null',
        ),
        (
            {"instances": [{**ROW, "distance": True}]},
            "instances[0].distance: true is not a number, expected one or null",
        ),
        (
            {"instances": [{**ROW, "carrier": ["UA"]}]},
            'instances[0].carrier: ["UA"] is not text, expected text or null',
        ),
        (
            '{"instances": [{"carrier": "UA", "distance": NaN}]}',
            "instances[0].distance: not a finite number, expected one that fits a double, or null",
        ),
        (
            '{"instances": [{"carrier": "UA", "distance": -Infinity}]}',
            "instances[0].distance: not a finite number, expected one that fits a double, or null",
        ),
        (
            '{"instances": [{"carrier": "UA", "distance": 1e999}]}',
            "instances[0].distance: not a finite number, expected one that fits a double, or null",
        ),
        (
            '{"instances": [{"carrier": "UA", "distance": ' + "9" * 400 + "}]}",
            "instances[0].distance: not a finite number, expected one that fits a double, or null",
        ),
        ({"instances": [1]}, "instances[0]: expected an object of columns and their values"),
        ({"instances": []}, "instances: expected a list of at least one object, and nothing beside it"),
        ([ROW], "instances: expected a list of at least one object, and nothing beside it"),
        ("", 'the body is not JSON, expected {"instances": [{column: value, ...}, ...]}'),
        ("[" * 100_000, 'the body is not JSON, expected {"instances": [{column: value, ...}, ...]}'),
        ("9" * 5000, 'the body is not JSON, expected {"instances": [{column: value, ...}, ...]}'),
        (b"\xff\xfe{}", 'the body is not JSON, expected {"instances": [{column: value, ...}, ...]}'),
    ],
)
def test_a_request_at_fault_is_told_which_field(server: Server, body: object, error: str) -> None:
    assert server.post(body) == (400, {"error": error})


def test_a_body_that_is_too_large_is_refused_whatever_it_holds(server: Server) -> None:
    assert server.post(" " * 10_000_000) == (
        413,
        {"error": "the body is larger than 6291456 bytes: send fewer instances at once"},
    )
    assert server.pings()


def test_a_dataset_column_that_the_model_does_not_use_is_ignored(model: Path) -> None:
    from runtime.encoding import Column, Encoding
    from runtime.instances import Reader

    reader = Reader(
        Encoding(columns=(Column(name="distance", type="number", source="request"),), ignored=("weather__wind",))
    )

    assert reader.matrix(b'{"instances": [{"distance": 1, "weather__wind": 2}]}').tolist() == [[1.0]]


def test_it_ends_what_is_in_flight_before_it_stops(model: Path) -> None:
    with running(model) as server:
        answers: list[int] = []
        body = {"instances": [{**ROW, "distance": i} for i in range(20_000)]}
        request = threading.Thread(target=lambda: answers.append(server.post(body)[0]))
        request.start()
        time.sleep(0.05)
        server.process.send_signal(signal.SIGTERM)
        request.join(timeout=20)

        assert answers == [200]
        assert server.process.wait(timeout=10) == 0


def test_under_load_every_request_is_answered_before_it_stops(model: Path) -> None:
    """Clients ask without a pause over connections that stay open, until they are told that theirs is closed."""
    answered, lost, body = [0] * 8, [], json.dumps({"instances": [ROW] * 20})

    def ask(client: int, port: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.connect()
            while True:
                try:
                    connection.request("POST", "/invocations", body)
                    answer = connection.getresponse()
                    told = json.loads(answer.read())
                except OSError as error:
                    lost.append(error)
                    return
                answered[client] += answer.status == 200 and len(told["predictions"]) == 20
                if answer.getheader("Connection") == "close":
                    return

    with running(model) as server:
        clients = [threading.Thread(target=ask, args=(client, server.port)) for client in range(len(answered))]
        for client in clients:
            client.start()
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        asked_at = time.monotonic()
        code = server.process.wait(timeout=10)
        took = time.monotonic() - asked_at
        for client in clients:
            client.join(timeout=10)

    assert lost == []
    assert min(answered) > 1
    assert (code, took < 3) == (0, True)
    assert not server.pings()


def test_a_model_that_was_changed_is_not_served(model: Path, tmp_path: Path) -> None:
    for path in model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "encoding.json").write_text("{}")

    server = start(tmp_path)
    _, said = server.process.communicate(timeout=60)

    assert server.process.returncode == 65
    assert said.startswith(f"serving: model artefact {tmp_path}: encoding.json is not the file that was saved")
    assert "Traceback" not in said


def test_a_manifest_that_is_not_the_registered_one_is_not_served(model: Path) -> None:
    server = start(model, MANIFEST_SHA256="0" * 64)
    _, said = server.process.communicate(timeout=60)

    assert server.process.returncode == 65
    assert said.startswith(f"serving: model artefact {model}: manifest.json is not the file that was saved")


@pytest.fixture(scope="module")
def estimator(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a regression whose answer is a multiple of the distance: without bound."""
    train = """
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline


def train(dataset, parameters):
    distance = make_column_transformer(("passthrough", ["distance"]))
    return make_pipeline(distance, LinearRegression()).fit(dataset.train, dataset.train_labels)
"""
    with running(folder_of(aws, tmp_path_factory, train=train, task="regression")) as found:
        yield found


def test_a_regression_answers_with_values(estimator: Server) -> None:
    status, answer = estimator.post({"instances": [{**ROW, "distance": 100}, {**ROW, "distance": 1900}]})

    assert status == 200
    near, far = (prediction["score"] for prediction in answer["predictions"])
    assert (near > 1, far < 0) == (True, True)


def test_an_answer_that_nothing_could_carry_is_refused(estimator: Server) -> None:
    assert estimator.post({"instances": [ROW, {**ROW, "distance": 1e200}]}) == (
        400,
        {"error": "instances[1]: the model's answer is no finite number: ask about likelier values"},
    )
