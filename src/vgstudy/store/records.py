"""Small tables that `make validate` computes and the package keeps, with what they were made by.

Each table is a CSV file in the folder `validation`. `provenance.json` there holds, for each of
them, the stage number of its code, versions, processor and date.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from vgstudy.stages import STAGES
from vgstudy.store.files import whole, write_whole
from vgstudy.store.provenance import provenance

FOLDER = Path(__file__).parents[1] / "validation"
KEPT = ("packages", "python", "platform", "commit")


@dataclass(frozen=True)
class Record:
    """A validation table.

    Attributes
    ----------
    rows
        A dictionary for each row; empty fields are None.
    provenance
        The stage's number, versions, instruction set, commit and date, and the settings of the run.
    """

    rows: list[dict[str, Any]]
    provenance: Mapping[str, Any]


def read_record(name: str, folder: Path = FOLDER) -> Record:
    """Return a validation table by its name, such as `coverage`."""
    empty = csv.ConvertOptions(strings_can_be_null=True)
    table = csv.read_csv(folder / f"{name}.csv", convert_options=empty)
    return Record(table.to_pylist(), _all_provenance(folder)[name])


def write_record(
    name: str, rows: Sequence[Mapping[str, Any]], folder: Path = FOLDER, **settings: Any
) -> None:
    """Write a validation table and its provenance.

    Parameters
    ----------
    name
        A stage of `vgstudy.stages.STAGES`; the file is `folder/name.csv`.
    rows
        All with the same columns, of texts, numbers, booleans or None.
    settings
        What else belongs to the provenance, such as the number of repetitions.
    """
    with whole(folder / f"{name}.csv") as file:
        csv.write_csv(pa.Table.from_pylist([dict(row) for row in rows]), file)
    made = provenance()
    entry = {
        "stage": STAGES[name],
        **settings,
        **{key: made[key] for key in KEPT},
        "instructions": instruction_set(),
        "date": made["utc"][:10],
    }
    entries = _all_provenance(folder) | {name: entry}
    text = json.dumps(entries, indent=1, sort_keys=True) + "\n"
    write_whole(folder / "provenance.json", text.encode())


def instruction_set() -> str:
    """Return the highest level of instructions that NumPy finds in this processor, such as
    `X86_V3`."""
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    return str([*extensions["baseline"], *extensions["found"]][-1])


def _all_provenance(folder: Path) -> dict[str, Any]:
    path = folder / "provenance.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
