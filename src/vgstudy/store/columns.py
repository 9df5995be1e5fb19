"""Bring columns into the order and types of the schema."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, TypeAlias

import pyarrow as pa

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
