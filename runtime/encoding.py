"""How a model's columns are read: fixed at training, kept in its artefact, the same wherever it predicts.

A number becomes a float with NaN for null. A category becomes one of the texts seen in the training rows, or missing:
a value that was never seen says nothing to the model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from config.errors import LineError

if TYPE_CHECKING:  # a model server starts without them
    import pandas as pd
    import pyarrow as pa

REQUEST = "request"
"""Source of a column that comes with the request; the others come from the feature view of that name."""


@dataclass(frozen=True)
class Column:
    name: str
    type: Literal["number", "category"]
    source: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Encoding:
    """The columns that a model takes, in their order, and the names of the dataset's columns that it does not."""

    columns: tuple[Column, ...]
    ignored: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def categorical(self) -> list[str]:
        return [column.name for column in self.columns if column.type == "category"]

    def frame(self, rows: pa.Table, *, absent: Literal["error", "missing"] = "error") -> pd.DataFrame:
        """Return the rows as the model takes them.

        A column that the rows lack raises LineError, unless ``absent`` lets it count as missing throughout.
        """
        import pandas as pd

        lacking = [column.name for column in self.columns if column.name not in rows.column_names]
        if lacking and absent == "error":
            raise LineError(
                f"column {lacking[0]!r}, with which the model was trained, is missing from the rows: "
                "give it back to the dataset or train and release a model without it"
            )
        return pd.DataFrame(
            {column.name: _encoded(column, rows) for column in self.columns}, index=pd.RangeIndex(rows.num_rows)
        )

    def framed(self, matrix: Any) -> pd.DataFrame:
        """Return the frame that a matrix stands for: rows × columns, a category as its position, NaN for missing."""
        import pandas as pd

        return pd.DataFrame(
            {
                column.name: matrix[:, j] if column.type == "number" else codes(column, _whole(matrix[:, j]))
                for j, column in enumerate(self.columns)
            }
        )

    def matrix(self, frame: pd.DataFrame) -> Any:
        """Return a frame, as ``frame`` gives it, as the matrix of floats that stands for it."""
        found = np.empty((len(frame), len(self.columns)))
        for j, column in enumerate(self.columns):
            values = frame[column.name]
            found[:, j] = values.cat.codes if column.type == "category" else values
            if column.type == "category":
                found[found[:, j] < 0, j] = np.nan
        return found

    def encoded(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True).encode()


def decode(body: bytes) -> Encoding:
    """Return the encoding that an artefact holds."""
    given = json.loads(body)
    columns = [Column(**{**column, "categories": tuple(column["categories"])}) for column in given["columns"]]
    return Encoding(columns=tuple(columns), ignored=tuple(given["ignored"]))


def fit(rows: pa.Table, columns: Sequence[Mapping[str, str]], only: Sequence[str] | None = None) -> Encoding:
    """Fix the encoding from training rows; ``columns`` is what the dataset's manifest says of them.

    ``only`` restricts the model to some of them; a name that is no column raises LineError.
    """
    names = [column["name"] for column in columns]
    unknown = [name for name in only or [] if name not in names]
    if unknown:
        raise LineError(f"columns: {unknown[0]!r} is not a column of the dataset, expected some of {', '.join(names)}")
    chosen = [column for column in columns if only is None or column["name"] in only]
    return Encoding(
        columns=tuple(_fitted(rows[column["name"]], column) for column in chosen),
        ignored=tuple(name for name in names if only is not None and name not in only),
    )


def _fitted(values: pa.ChunkedArray, column: Mapping[str, str]) -> Column:
    if column["type"] == "number":
        return Column(name=column["name"], type="number", source=column["source"])
    import pyarrow.compute as pc

    categories = sorted(value for value in pc.unique(_texts(values)).to_pylist() if value is not None)
    return Column(name=column["name"], type="category", source=column["source"], categories=tuple(categories))


def _encoded(column: Column, rows: pa.Table) -> Any:
    missing = column.name not in rows.column_names
    if column.type == "number":
        return np.full(rows.num_rows, np.nan) if missing else _numbers(rows[column.name])
    if missing:
        return codes(column, np.full(rows.num_rows, -1))
    return codes(column, _positions(column, rows[column.name]))


def _positions(column: Column, values: pa.ChunkedArray) -> Any:
    """Return each value's position in the column's vocabulary, -1 for missing; a dictionary's words are found once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    vocabulary = pa.array(column.categories, pa.string())
    if not pa.types.is_dictionary(values.type):
        return pc.fill_null(pc.index_in(_texts(values), value_set=vocabulary), -1).to_numpy()
    found = [np.empty(0, dtype=np.int32)]
    for chunk in values.chunks:
        words = pc.fill_null(pc.index_in(chunk.dictionary.cast(pa.string()), value_set=vocabulary), -1)
        places = np.append(words.to_numpy(), np.int32(-1))
        found.append(places[pc.fill_null(chunk.indices.cast(pa.int64()), len(words)).to_numpy()])
    return np.concatenate(found)


def codes(column: Column, positions: Any) -> pd.Categorical:
    """Return categories by their positions in the column's vocabulary, -1 for missing."""
    import pandas as pd

    return pd.Categorical.from_codes(positions, categories=pd.Index(list(column.categories), dtype="object"))


def _whole(positions: Any) -> Any:
    return np.where(np.isnan(positions), -1, positions).astype(np.int64)


def _numbers(values: pa.ChunkedArray) -> Any:
    import pyarrow as pa

    return values.cast(pa.float64()).to_numpy()  # read-only, which the frame copies


def _texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):  # as parquet may give them back
        values = values.cast(values.type.value_type)
    return values.cast(pa.string())
