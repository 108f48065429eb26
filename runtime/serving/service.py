"""A model's answers: what ``/ping`` and ``/invocations`` give for a request, whatever carries it."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runtime.artefact import Artefact
from runtime.delivery.records import SMALLEST, carried
from runtime.instances import Reader, RefusedError
from runtime.serving import csv_rows, media, parquet_rows, scorer

JSON = "application/json"
_PATHS = {"/ping": ("GET", "HEAD"), "/invocations": ("POST",)}


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    content_type: str
    accept: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


PONG = Answer(200, "text/plain", b"")


class Service:
    """Answers requests about one model; raises nothing."""

    def __init__(self, model: Artefact, version: int | None) -> None:
        self._reader = Reader(model.encoding)
        self._score = scorer.of(model)
        self._version = version
        self._tail = f'}}], "model_version": {json.dumps(version)}}}'.encode()

    def answer(self, request: Request) -> Answer:
        if request.path == "/invocations" and request.method == "POST":
            try:
                return self._predicted(request)
            except RefusedError as error:
                return refusal(error.status, str(error))
            except Exception:  # noqa: BLE001 (of the model: the sender hears that, the log hears what)
                traceback.print_exc(file=sys.stderr)
                return refusal(500, "the model could not predict: see the endpoint's log")
        return _elsewhere(request)

    def _predicted(self, request: Request) -> Answer:
        content_type, format_ = media.wanted(request.accept)
        scores = self._scores(self._matrix(request))
        if format_ == "json":
            return Answer(200, JSON, self._json(scores))
        version = (("X-Amzn-SageMaker-Custom-Attributes", f"model_version={self._version}"),)
        if format_ == "csv":
            header = media.header_wanted(request.accept)
            return Answer(200, content_type, csv_rows.answer(scores, header), version)
        return Answer(200, content_type, parquet_rows.answer(scores), version)

    def _matrix(self, request: Request) -> Any:
        format_, header = media.given(request.content_type)
        if format_ == "json":
            return self._reader.matrix(request.body)
        if format_ == "csv":
            return csv_rows.matrix(self._reader, request.body, header)
        return parquet_rows.matrix(self._reader, request.body)

    def _scores(self, matrix: Any) -> list[float]:
        """Return what each row gets; what is too small to be carried is 0, what nothing could carry is refused."""
        scores: list[float] = self._score(matrix).tolist()
        for i, score in enumerate(scores):
            if not carried(score):
                if abs(score) < SMALLEST:
                    scores[i] = 0.0
                    continue
                raise RefusedError(f"instances[{i}]: the model's answer is no finite number: ask about likelier values")
        return scores

    def _json(self, scores: Sequence[float]) -> bytes:
        """A score is written by its shortest text that reads back the same, which is JSON as it is."""
        return b'{"predictions": [{"score": ' + '}, {"score": '.join(map(repr, scores)).encode() + self._tail


def refusal(status: int, message: str) -> Answer:
    """Return an answer of one line that says what was wrong."""
    return Answer(status, JSON, json.dumps({"error": message}).encode())


def _elsewhere(request: Request) -> Answer:
    methods = _PATHS.get(request.path)
    if methods is None:
        return refusal(404, f"{request.path[:80]}: there is nothing here, expected {' or '.join(_PATHS)}")
    if request.method not in methods:
        answer = refusal(405, f"{request.path}: {request.method} is not allowed, expected {methods[0]}")
        return Answer(answer.status, answer.content_type, answer.body, (("Allow", ", ".join(methods)),))
    return PONG
