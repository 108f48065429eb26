import math

import pyarrow as pa
import pytest

from config.errors import LineError
from runtime import encoding
from tests.runtime.modelled import COLUMNS, rows


def table(carriers: list[str | None]) -> pa.Table:
    n = len(carriers)
    return pa.table({"carrier": pa.array(carriers, pa.string()), "distance": [1.0] * n, "weather__wind": [None] * n})


def test_a_category_that_was_never_seen_is_missing() -> None:
    fitted = encoding.fit(table(["UA", "AA", None]), COLUMNS)

    frame = fitted.frame(table(["AA", "ZZ", None]))

    assert fitted.columns[0].categories == ("AA", "UA")
    assert frame["carrier"].cat.codes.tolist() == [0, -1, -1]


def test_a_number_that_is_null_is_not_a_number() -> None:
    frame = encoding.fit(rows(5), COLUMNS).frame(table(["AA"]))

    assert math.isnan(frame["weather__wind"][0])
    assert frame["distance"].dtype == "float64"


def test_an_encoding_survives_its_artefact() -> None:
    fitted = encoding.fit(rows(20), COLUMNS, only=["carrier"])

    assert encoding.decode(fitted.encoded()) == fitted
    assert fitted.ignored == ("distance", "weather__wind")


def test_a_category_without_any_value_is_missing_throughout() -> None:
    fitted = encoding.fit(table([None, None]), COLUMNS)

    assert fitted.frame(table(["AA"]))["carrier"].isna().all()


def test_rows_that_lack_a_column_are_refused() -> None:
    fitted = encoding.fit(rows(5), COLUMNS)

    with pytest.raises(LineError) as error:
        fitted.frame(table(["AA"]).drop_columns(["distance"]))

    assert str(error.value) == (
        "column 'distance', with which the model was trained, is missing from the rows: "
        "give it back to the dataset or train and release a model without it"
    )


def test_a_column_that_is_gone_may_count_as_missing() -> None:
    fitted = encoding.fit(rows(5), COLUMNS)

    frame = fitted.frame(table(["AA"]).select(["weather__wind"]), absent="missing")

    assert frame.isna().all(axis=None)


@pytest.mark.parametrize("index", [pa.int8(), pa.int32()])
def test_a_dictionary_is_read_as_its_texts(index: pa.DataType) -> None:
    words = [f"{i:03}" for i in range(127)]
    chunks = [[*words, None, "126", "new"][-127:], ["005", None, "new"], [], [None]]
    fitted = encoding.fit(table(["005", "126", "060"]), COLUMNS[:1])
    texts = pa.chunked_array(chunks, pa.string())
    listed = pa.chunked_array([pa.array(chunk, pa.string()).dictionary_encode() for chunk in chunks])
    narrow = pa.chunked_array(
        [pa.DictionaryArray.from_arrays(chunk.indices.cast(index), chunk.dictionary) for chunk in listed.chunks]
    )

    frames = [fitted.frame(pa.table({"carrier": values})) for values in (texts, narrow)]

    assert frames[1]["carrier"].cat.codes.tolist() == frames[0]["carrier"].cat.codes.tolist()
    assert set(frames[0]["carrier"].cat.codes) == {-1, 0, 1, 2}


def test_what_is_written_to_a_frame_does_not_reach_its_rows() -> None:
    given = pa.table({"distance": [1.0, 2.0]})
    frame = encoding.fit(given, [column for column in COLUMNS if column["name"] == "distance"]).frame(given)

    frame.loc[0, "distance"] = 9.0

    assert frame["distance"].tolist() == [9.0, 2.0]
    assert given["distance"].to_pylist() == [1.0, 2.0]
