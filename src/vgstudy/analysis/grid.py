"""From columns of tables to dense arrays and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def position(column: pa.ChunkedArray, values: Sequence[Any] | NDArray[Any]) -> Index:
    """Return the index in `values` of each row's value, -1 where it is not among them."""
    if pa.types.is_dictionary(column.type):
        # each label is looked up once, not row by row
        labelled = column.unify_dictionaries().combine_chunks()
        places = np.append(position(pa.chunked_array([labelled.dictionary]), values), -1)
        rows: Index = places[labelled.indices.fill_null(len(places) - 1).to_numpy()]
        return rows
    index: Index = (
        pc.index_in(column, value_set=pa.array(values, type=column.type))
        .fill_null(-1)
        .to_numpy()
        .astype(np.int64)
    )
    return index


def floats(column: pa.ChunkedArray) -> Array:
    """Return a numeric or boolean column as float64, NaN for null."""
    values: Array = column.cast(pa.float64()).to_numpy()
    return values


def spread(column: pa.ChunkedArray, index: tuple[Index, ...], shape: tuple[int, ...]) -> Array:
    """Return an array of the shape with each row's value at its index, NaN elsewhere."""
    array = np.full(shape, np.nan)
    array[index] = floats(column)
    return array


def labels(codes: NDArray[Any], names: Sequence[str]) -> pa.DictionaryArray:
    """Return a label column from indices into `names`; null where the index is negative."""
    flat = codes.reshape(-1)
    return pa.DictionaryArray.from_arrays(
        pa.array(flat, type=pa.int32(), mask=flat < 0), list(names)
    )


def nullable(values: Array) -> pa.Array:
    """Return a float column, null where the value is NaN."""
    return pa.array(values.reshape(-1), from_pandas=True)
