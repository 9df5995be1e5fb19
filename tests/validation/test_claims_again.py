"""The claims judged on fresh seeds and at best rates: what is kept, and that it fits the register."""

import pandas as pd
import pytest

from vgstudy.analysis.design import Design
from vgstudy.claims.measures import Measure
from vgstudy.claims.register import all_claims, read_register
from vgstudy.schema import arrow_schema
from vgstudy.store.parquet import write_table
from vgstudy.store.records import read_record
from vgstudy.validation.claims_again import CONFIG, STUDIES, is_outcome, only_best_rates

OUTCOMES = {"learned": True, "test_accuracy": True, "train_loss": True, "delta_rms": False}


@pytest.mark.parametrize("column", OUTCOMES)
def test_only_outcomes_are_judged_at_other_rates(column):
    assert is_outcome(Measure(column=column)) == OUTCOMES[column]


def test_best_cells_and_seeds_that_did_not_choose_by_hand(tmp_path):
    """Two networks at two rates each, four seeds of which two choose."""
    pairs = [(cell, seed) for cell in ("a slow", "a fast", "b slow", "b fast") for seed in range(4)]
    runs = pd.DataFrame(pairs, columns=["cell", "seed"])
    schema = arrow_schema("best_rates")
    best = {name: [None, None] for name in schema.names} | {"cell": ["a fast", "b slow"]}
    write_table(
        "runs",
        {name: [] for name in arrow_schema("runs").names},
        tmp_path / "runs.parquet",
        {"digest": "same"},
    )
    write_table("best_rates", best, tmp_path / "best_rates.parquet", {"digest": "same"})
    study = {"seeds": [0, 1, 2, 3], "choosing_seeds": 2, "factors": {"rate_factor": [0.1, 1]}}
    kept = only_best_rates(Design(tmp_path, study, "same", runs)).runs
    assert list(kept.itertuples(index=False, name=None)) == [
        ("a fast", 2),
        ("a fast", 3),
        ("b slow", 2),
        ("b slow", 3),
    ]


@pytest.mark.parametrize("name", ["confirmation", "best_rate_claims"])
def test_the_kept_verdicts_are_of_the_register_as_it_is(name):
    """A claim that was added or changed since has to be judged again."""
    register = read_register(CONFIG / "claims")
    expected = {
        (claim.id, study, statement.says)
        for claim in all_claims(register)
        for study in claim.studies
        if study in STUDIES
        for statement in claim.statements
        if name == "confirmation" or is_outcome(statement.measure)
    }
    rows = read_record(name).rows
    assert {(row["id"], row["study"], row["statement"]) for row in rows} == expected
