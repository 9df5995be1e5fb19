"""Every table: its columns with types and units, where its files are, and which stage writes it.

Tables are the only interface between the steps of a study; `columns.ini`, next to this file, lists
their columns. Logarithms are natural. Layers count from 1, the hidden layer nearest the input; a
network of depth L has layers 1..L+1, the last one being the output layer. Epoch 0 is the state
before any update.
"""

from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

import pyarrow as pa

LABEL = pa.dictionary(pa.int32(), pa.string())

FACTORS = ("depth", "width", "activation", "initializer", "optimizer", "rate_factor", "remedy")
# factors that most studies do not vary, and their level then
DEFAULT_LEVELS = MappingProxyType({"rate_factor": 1.0, "remedy": "none"})
LAYER_KINDS = ("input", "square", "output", "other")
ZERO_CAUSES = ("none", "fitted", "zero kernel", "dead", "saturation", "underflow")
# of gradients that are exactly zero in float32, but not in float64
FLOAT32_CAUSES = ZERO_CAUSES[3:]
QUANTILES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
RUN_STATUSES = ("learned", "slow", "stuck", "dead", "diverged")
# what a gradient may be measured on
EXAMPLES = ("probe set", "next mini-batch", "last mini-batch", "test mini-batch")
PROBE_SET, NEXT, LAST, TEST = EXAMPLES
ON_PROBE_SET = ("examples", "==", PROBE_SET)  # a filter of rows
FITS = ("fits", "does not fit", "undecided")

# by their names in columns.ini
TYPES: Mapping[str, pa.DataType] = MappingProxyType(
    {
        "label": LABEL,
        "number": pa.float64(),
        "single": pa.float32(),
        "count": pa.int32(),
        "small": pa.int16(),
        "flag": pa.bool_(),
        "numbers": pa.list_(pa.float64()),
        "texts": pa.list_(pa.string()),
    }
)


class Column(NamedTuple):
    """A column's Arrow type, and what it holds, with its unit."""

    type: pa.DataType
    description: str


@dataclass(frozen=True)
class Table:
    """A table of results.

    Attributes
    ----------
    columns
        The columns by name, in order.
    scope
        Where its files are: `study` is results/STUDY/TABLE.parquet, `job` is one file for each
        job, results/STUDY/TABLE/JOB.parquet, and `shared` is results/TABLE.parquet.
    stage
        The stage of the workflow that writes it, a key of `stages.STAGES` or `design`.
    export
        Whether the report writes it as CSV too.
    """

    columns: Mapping[str, Column]
    scope: Literal["study", "job", "shared"]
    stage: str
    export: bool = False


def _read(path: Path) -> ConfigParser:
    parser = ConfigParser(allow_no_value=True, delimiters=("=",), interpolation=None)
    # names as they are written
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


_LISTED = _read(Path(__file__).with_name("columns.ini"))


def _columns(section: str) -> Iterator[tuple[str, Column]]:
    """Yield the columns of a section of the list, groups and shared columns included."""
    for name, text in _LISTED[section].items():
        if text is None and f"group {name}" in _LISTED:
            yield from _columns(f"group {name}")
        else:
            kind, description = (text or _LISTED["shared"][name]).split(": ", 1)
            yield name, Column(TYPES[kind], description.replace("\n", " "))


def _table(
    name: str, scope: Literal["study", "job", "shared"], stage: str, export: bool = False
) -> tuple[str, Table]:
    return name, Table(MappingProxyType(dict(_columns(name))), scope, stage, export)


TABLES: Mapping[str, Table] = MappingProxyType(
    dict(
        (
            _table("runs", "study", "design"),
            _table("probes", "job", "train"),
            _table("curves", "job", "train"),
            _table("decays", "study", "estimate"),
            _table("outcomes", "study", "estimate", export=True),
            _table("estimates", "study", "estimate", export=True),
            _table("trajectories", "study", "estimate"),
            _table("profiles", "study", "estimate"),
            _table("layer_decays", "study", "estimate", export=True),
            _table("contrasts", "study", "estimate", export=True),
            _table("depth_curves", "study", "estimate", export=True),
            _table("pooled", "study", "estimate", export=True),
            _table("two_by_two", "study", "estimate", export=True),
            _table("best_rates", "study", "estimate", export=True),
            _table("paired", "study", "estimate", export=True),
            _table("thresholds", "study", "estimate", export=True),
            _table("limits", "study", "estimate", export=True),
            _table("variances", "study", "estimate", export=True),
            _table("arms", "study", "arms", export=True),
            _table("overlays", "study", "overlay", export=True),
            _table("claims", "shared", "claims"),
        )
    )
)

STUDY_TABLES, JOB_TABLES, SHARED_TABLES = (
    tuple(name for name, table in TABLES.items() if table.scope == scope)
    for scope in ("study", "job", "shared")
)
TRAINED = tuple(name for name, table in TABLES.items() if table.stage == "train")
EXPORTED = tuple(name for name, table in TABLES.items() if table.export)


def arrow_schema(table: str) -> pa.Schema:
    """Return the Arrow schema of a table, with descriptions in the metadata of its fields.

    Raises
    ------
    KeyError
        If there is no such table.
    """
    return pa.schema(
        [
            pa.field(name, column.type, metadata={"description": column.description})
            for name, column in TABLES[table].columns.items()
        ]
    )
