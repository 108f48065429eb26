from __future__ import annotations

import io
import json
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.instances import Reader, RefusedError
from runtime.serving import media
from runtime.serving.service import Request, Service
from tests.runtime.serving.served import ENCODING, ROW, artefact, classifier, post

ROWS = [ROW, {"distance": None, "carrier": "never seen"}, {"carrier": True, "distance": 7.25, "weather__wind": None}]
PARQUET = "application/vnd.apache.parquet"


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(artefact(classifier()), 7)


@pytest.fixture(scope="module")
def scores(service: Service) -> list[float]:
    answer = json.loads(post(service, {"instances": ROWS}).body)
    return [prediction["score"] for prediction in answer["predictions"]]


def parquet(**columns: Any) -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body)
    return body.getvalue()


def error(service: Service, body: object, content_type: str = "application/json", accept: str = "") -> tuple[int, str]:
    answer = post(service, body, content_type, accept)
    assert answer.content_type == "application/json"
    told = json.loads(answer.body)
    assert list(told) == ["error"]
    return answer.status, told["error"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", b"300,UA,30.5\n,never seen,\n7.25,true,\n"),
        ("text/csv; header=absent", b"300,UA,30.5\r\n,never seen,\r\n7.25,true,\r\n"),
        ("text/csv; header=present", b'carrier,"distance"\nUA,300\n'),
        (
            "text/csv;charset=utf-8",
            b"\xef\xbb\xbfdistance,carrier,weather__wind\n300,UA,30.5\n,never seen,\n7.25,true,\n",
        ),
    ],
)
def test_csv_is_read_with_names_or_in_the_models_order(
    service: Service, scores: list[float], content_type: str, body: bytes
) -> None:
    answer = post(service, body, content_type, "text/csv")

    assert (answer.status, answer.content_type) == (200, "text/csv")
    found = [float(line) for line in answer.body.decode().splitlines()]
    if len(found) == 3:
        assert found == scores
    else:  # without a column that a feature view would give, which is missing then
        assert len(found) == 1
    assert answer.headers == (("X-Amzn-SageMaker-Custom-Attributes", "model_version=7"),)


def test_csv_is_answered_with_a_header_line_where_it_is_asked_for(service: Service, scores: list[float]) -> None:
    answer = post(service, {"instances": ROWS}, accept="text/csv; header=present")

    assert answer.body.decode() == "score\r\n" + "".join(f"{score!r}\r\n" for score in scores)


@pytest.mark.parametrize("content_type", [PARQUET, "application/x-parquet"])
def test_parquet_is_read_and_written(service: Service, scores: list[float], content_type: str) -> None:
    body = parquet(
        carrier=pa.array(["UA", None, "true"]).dictionary_encode(),
        distance=pa.array([300.0, None, 7.25], pa.float32()),
        weather__wind=pa.array([30.5, None, None]),
        colour=pa.array([[1], [2], [3]]),  # a column of the dataset that the model does not use
    )

    answer = post(service, body, content_type, content_type)

    assert (answer.status, answer.content_type) == (200, content_type)
    assert pq.read_table(io.BytesIO(answer.body)).to_pydict() == {"score": scores}


def test_columns_of_parquet_may_be_whole_numbers_or_empty(service: Service) -> None:
    body = parquet(carrier=[7], distance=[300], weather__wind=pa.nulls(1))

    expected = post(service, {"instances": [{"carrier": 7, "distance": 300}]}).body
    assert post(service, body, PARQUET).body == expected


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "instances: expected at least one row of values"),
        (b"distance,carrier,weather__wind\n", "instances: expected at least one row of values"),
        (b"300,UA\n", "instances[0]: 2 fields, expected 3: distance, carrier, weather__wind"),
        (b"300,UA,1\nfar,UA,1\n", 'instances[1].distance: "far" is not a number, expected one or an empty field'),
        (b"1_000,UA,1\n", 'instances[0].distance: "1_000" is not a number, expected one or an empty field'),
        (b"nan,UA,1\n", "instances[0].distance: not a finite number, expected one that fits a double, or null"),
        (b"1,UA,-inf\n", "instances[0].weather__wind: not a finite number, expected one that fits a double, or null"),
        (b"1e999,UA,\n", "instances[0].distance: not a finite number, expected one that fits a double, or null"),
        (b"distance,carrier,distance\n1,UA,2\n", "header.distance: named twice, expected each column once"),
        (b"distance\n1\n", "header.carrier: missing: add it (empty fields where it is unknown)"),
        (b"\xff\xfe1\n", "the body is not text, expected CSV in UTF-8"),
        (b'"1,UA\n', "the body is not CSV: unexpected end of data, expected comma-separated rows"),
    ],
)
def test_csv_at_fault_is_told_where(service: Service, body: bytes, told: str) -> None:
    assert error(service, body, "text/csv") == (400, told)


def test_a_header_that_is_said_to_be_there_is_read_as_one(service: Service) -> None:
    assert error(service, b"300,UA,1\n", "text/csv; header=present") == (
        400,
        "header.300: unknown field, expected some of carrier, colour, distance, weather__wind: remove it",
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"PAR1", "the body is not a Parquet file, expected one with a column for each field"),
        (
            parquet(distance=[1.0], carrier=["UA"])[:-9],
            "the body is not a Parquet file, expected one with a column for",
        ),
        (parquet(distance=[1.0]), "columns.carrier: missing: add it (nulls where it is unknown)"),
        (parquet(distance=[1.0], carrier=["UA"], extra=[1]), "columns.extra: unknown field, expected some of carrier"),
        (parquet(distance=["far"], carrier=["UA"]), "columns.distance: string, expected numbers"),
        (parquet(distance=[True], carrier=["UA"]), "columns.distance: bool, expected numbers"),
        (parquet(distance=[1.0], carrier=[2.5]), "columns.carrier: double, expected text"),
        (
            parquet(distance=[1.0, math.inf], carrier=["UA", "AA"]),
            "instances[1].distance: not a finite number, expected",
        ),
        (
            parquet(distance=[1.0, math.nan], carrier=["UA", "A"]),
            "instances[1].distance: not a finite number, expected",
        ),
        (parquet(distance=pa.array([], pa.float64()), carrier=pa.nulls(0)), "instances: expected at least one row of"),
    ],
)
def test_parquet_at_fault_is_told_where(service: Service, body: bytes, told: str) -> None:
    status, said = error(service, body, PARQUET)

    assert status == 400
    assert said.startswith(told)


def test_a_small_file_of_many_rows_is_refused_before_it_is_unpacked(service: Service) -> None:
    n = 5_000_000
    body = parquet(distance=np.zeros(n), carrier=pa.nulls(n, pa.string()))

    assert len(body) < 100_000
    assert error(service, body, PARQUET) == (
        413,
        "instances: 5000000 rows, expected at most 100000: send fewer at once",
    )


@pytest.mark.parametrize(
    ("content_type", "accept", "expected"),
    [
        (
            "text/html",
            "",
            (415, f"Content-Type: 'text/html' is not read here, expected one of {', '.join(media.TYPES)}"),
        ),
        ("text/csv; charset=latin-1", "", (415, "Content-Type: charset 'latin-1' is not read here, expected utf-8")),
        ("text/csv; header=maybe", "", (415, "Content-Type: header 'maybe' is unknown, expected present or absent")),
        ("", "text/html", (406, f"Accept: 'text/html' is not given here, expected one of {', '.join(media.TYPES)}")),
        ("", "application/json;q=0", (406, "Accept: 'application/json;q=0' is not given here, expected one of appl")),
    ],
)
def test_formats_that_are_not_spoken_are_refused(
    service: Service, content_type: str, accept: str, expected: tuple[int, str]
) -> None:
    status, said = error(service, {"instances": [ROW]}, content_type, accept)

    assert status == expected[0]
    assert said.startswith(expected[1])


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html, application/*;q=0.8", "application/json"),
        ("application/json;q=0.1, text/csv", "text/csv"),
        ("TEXT/CSV", "text/csv"),
    ],
)
def test_the_answer_has_the_format_that_is_liked_most(accept: str, expected: str) -> None:
    assert media.wanted(accept)[0] == expected


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/ping", 200),
        ("HEAD", "/ping", 200),
        ("POST", "/ping", 405),
        ("GET", "/invocations", 405),
        ("GET", "/", 404),
    ],
)
def test_there_is_nothing_beside_the_contract(service: Service, method: str, path: str, status: int) -> None:
    assert service.answer(Request(method, path, "", "", b"")).status == status


class Broken:
    def predict_proba(self, _frame: Any) -> Any:
        raise ZeroDivisionError("a secret of the model")


def test_a_model_that_fails_tells_its_log_not_the_sender(capsys: pytest.CaptureFixture[str]) -> None:
    assert error(Service(artefact(Broken()), 1), {"instances": [ROW]}) == (
        500,
        "the model could not predict: see the endpoint's log",
    )
    assert "ZeroDivisionError: a secret of the model" in capsys.readouterr().err


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["UA", "AA", "7", "true", "", "1", "NaN"]),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)
names = st.sampled_from(["distance", "carrier", "weather__wind", "colour", "other"])
instances = st.one_of(
    st.fixed_dictionaries(
        {"distance": values, "carrier": values}, optional={"weather__wind": values, "colour": values, "other": values}
    ),
    st.dictionaries(names, values, max_size=5),
    values,
)
bodies = st.one_of(
    st.lists(instances, max_size=4).map(lambda rows: json.dumps({"instances": rows}).encode()),
    st.dictionaries(st.sampled_from(["instances", "other"]), values).map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=60),
    st.text(alphabet='{}[]",:1eE+-.NaIfinstaces \\u', max_size=60).map(str.encode),
    st.text(alphabet='1.5,UA"\r\n_e-', max_size=60).map(str.encode),
)
mutated = st.tuples(
    st.sampled_from([json.dumps({"instances": ROWS}).encode(), parquet(distance=[1.0, 2.0], carrier=["UA", None])]),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
).map(lambda pair: _mutated(*pair))


def _mutated(body: bytes, changes: list[tuple[int, int]]) -> bytes:
    changed = bytearray(body)
    for place, value in changes:
        changed[place % len(changed)] = value
    return bytes(changed)


@settings(max_examples=300, deadline=None)
@given(
    body=st.one_of(bodies, mutated),
    content_type=st.one_of(st.sampled_from([*media.TYPES, "", "text/csv; header=present"]), st.text(max_size=20)),
    accept=st.one_of(st.sampled_from([*media.TYPES, "", "*/*", "a;q=b,,;"]), st.text(max_size=20)),
)
@example(body=b'{"instances": [{"distance": 1, "carrier": "\\ud800"}]}', content_type="", accept="")
@example(body=b"[" * 100_000, content_type="", accept="")
@example(body=b'{"instances": [{"distance": ' + b"9" * 5000 + b', "carrier": ""}]}', content_type="", accept="")
def test_whatever_comes_is_answered_or_refused_in_one_line(
    service: Service, body: bytes, content_type: str, accept: str
) -> None:
    answer = post(service, body, content_type, accept)

    assert answer.status in (200, 400, 406, 413, 415)
    if answer.status != 200:
        told = json.loads(answer.body)["error"]
        assert "\n" not in told
        assert len(told) < 1200


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(instances, min_size=1, max_size=4))
@example(rows=[{"distance": 2**64 + 1, "carrier": 2**70}])
@example(rows=[{"distance": -(2**63) - 1, "carrier": False}])
@example(rows=[{"distance": 1e308 * 10, "carrier": None}])
@example(rows=[{"distance": 0.1 + 0.2, "carrier": "UA", "colour": {"any": ["thing"]}}])
def test_the_decoder_reads_what_the_careful_check_reads(rows: list[Any]) -> None:
    reader = Reader(ENCODING)
    body = json.dumps({"instances": rows}).encode()

    def outcome(read: Any, given: Any) -> Any:
        try:
            return read(given)
        except RefusedError as refused:
            return str(refused)

    quick, careful = outcome(reader.matrix, body), outcome(reader.checked, json.loads(body)["instances"])
    if isinstance(careful, str):
        assert quick == careful
    else:
        np.testing.assert_array_equal(quick, careful)
