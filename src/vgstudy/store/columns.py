"""Columns of tables: into the order and types of the schema, to dense arrays and back."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vgstudy.schema import arrow_schema

Columns: TypeAlias = pa.Table | Mapping[str, Any]


def schema_version(name: str) -> str:
    """Return eight hexadecimal digits that change with a table's column names, order or types.

    Raises
    ------
    KeyError
        If there is no such table.
    """
    text = "\n".join(f"{field.name}: {field.type}" for field in arrow_schema(name))
    return sha256(text.encode()).hexdigest()[:8]


def conform(name: str, columns: Columns) -> pa.Table:
    """Return the columns as the named table: in the schema's order and types.

    Parameters
    ----------
    columns
        An Arrow table, or a mapping from column name to anything `pyarrow.array` takes. NaN stays
        NaN, a value; a masked or None entry becomes null.

    Raises
    ------
    KeyError
        If there is no such table.
    ValueError
        If a column is missing, unknown, or its values do not fit the type.
    """
    schema = arrow_schema(name)
    present = columns.column_names if isinstance(columns, pa.Table) else list(columns)
    missing = [column for column in schema.names if column not in present]
    unknown = [column for column in present if column not in schema.names]
    if missing or unknown:
        raise ValueError(f"table {name}: missing columns {missing}, unknown columns {unknown}")
    return pa.table(
        [_cast(f"{name}.{field.name}", columns[field.name], field.type) for field in schema],
        schema=schema,
    )


def _cast(label: str, values: Any, type_: pa.DataType) -> pa.Array | pa.ChunkedArray:
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    try:
        return array.cast(type_)
    except pa.ArrowException as error:
        raise ValueError(f"column {label}: {error}") from error


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
