"""The claims step: the register and the studies' folders in, the table of claims out."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from vgstudy.analysis.design import read_design
from vgstudy.claims.evaluation import claim_rows
from vgstudy.claims.register import read_register
from vgstudy.schema import arrow_schema
from vgstudy.store.parquet import write_table


def write_claims(results: Path, studies: Sequence[str], register: Path) -> None:
    """Judge every claim of the register by the named studies of a results folder and write its
    claims.parquet.

    The footer holds the tutorials' titles and the lines of their code that no longer do what they
    did.

    Raises
    ------
    UserError
        If the register is wrong, a study lacks what a claim names, or a table is missing or
        damaged.
    """
    tutorials = read_register(register)
    rows = claim_rows(tutorials, {name: read_design(results / name) for name in studies})
    table = pa.Table.from_pylist(rows, schema=arrow_schema("claims"))
    told = {
        name: tutorial.model_dump(mode="json", include={"title", "code"})
        for name, tutorial in tutorials.items()
    }
    write_table(
        "claims", table, results / "claims.parquet", {"studies": list(studies), "tutorials": told}
    )
