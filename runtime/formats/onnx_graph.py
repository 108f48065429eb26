"""ONNX: one graph in one file, of standard operators only, run by ONNX Runtime.

It takes one tensor of floats, rows × columns, and answers with a tensor of one number a row, or of two probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx
import onnxruntime

from runtime.formats.native import UnreadableError

_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64}


def read(body: bytes, columns: int) -> Callable[[Any], Any]:
    """Return what scores matrices with the graph; raises UnreadableError."""
    try:
        model = onnx.ModelProto.FromString(body)
    except Exception:  # noqa: BLE001 (protobuf's own error for what it cannot decode)
        raise UnreadableError("it is not an ONNX model: train again") from None
    if not model.HasField("graph") or not model.graph.node:
        raise UnreadableError("it is not an ONNX model: train again")
    for part in _parts(model):
        if isinstance(part, onnx.TensorProto) and (part.external_data or part.data_location):
            raise UnreadableError(f"tensor {part.name!r} lies in another file, expected all in one: save it within")
        if isinstance(part, onnx.NodeProto) and part.domain not in _DOMAINS:
            raise UnreadableError(f"operator {part.domain}.{part.op_type} is not standard: expected ONNX's own")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(body, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 (ONNX Runtime has an exception for each fault, without a common base)
        raise UnreadableError(f"ONNX Runtime refuses it: {' '.join(str(error).split())[:200]}") from None
    return _scorer(session, columns)


def _scorer(session: Any, columns: int) -> Callable[[Any], Any]:
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type not in _TYPES or len(inputs[0].shape) != 2:
        raise UnreadableError("expected one input, a tensor of floats of rows × columns: convert it so")
    width = inputs[0].shape[1]
    if isinstance(width, int) and width != columns:
        raise UnreadableError(f"it takes {width} columns, expected the dataset's {columns}: fit it on dataset.train")
    outputs = [output.name for output in session.get_outputs() if output.type in _TYPES]
    if not outputs:
        raise UnreadableError("no output is a tensor of floats: convert a classifier without ZipMap")
    name, kind, chosen = inputs[0].name, _TYPES[inputs[0].type], [outputs[-1]]

    def score(matrix: Any) -> Any:
        found = np.asarray(session.run(chosen, {name: matrix.astype(kind)})[0], dtype=float).reshape(len(matrix), -1)
        return found[:, -1]

    try:
        found = session.run(chosen, {name: np.zeros((2, columns), kind)})[0]
    except Exception as error:  # noqa: BLE001
        raise UnreadableError(f"it cannot predict: {' '.join(str(error).split())[:200]}") from None
    if found.size not in (2, 4):
        raise UnreadableError(f"it answers with {found.size // 2} numbers a row, expected one, or two probabilities")
    return score


def _parts(message: Any) -> Iterator[Any]:
    """Yield every message within a message, at any depth: subgraphs and functions hold tensors, too."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        repeated = not hasattr(value, "ListFields")
        for part in value if repeated else (value,):
            yield part
            yield from _parts(part)
