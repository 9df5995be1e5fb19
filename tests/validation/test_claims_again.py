"""The claims judged on fresh seeds and at best rates: what is kept, by the register as it is."""

from pathlib import Path

import pandas as pd
import pytest

from vgstudy.claims.measures import Measure
from vgstudy.claims.register import all_claims, read_register
from vgstudy.design import Design
from vgstudy.schema import FACTORS, arrow_schema
from vgstudy.store.parquet import write_table
from vgstudy.store.records import read_record
from vgstudy.validation.claims_again import CONFIG, STUDIES, is_outcome, only_best_rates

OUTCOMES = {"learned": True, "test_accuracy": True, "train_loss": True, "delta_rms": False}


@pytest.mark.parametrize("column", OUTCOMES)
def test_only_outcomes_are_judged_at_other_rates(column):
    layer = "first" if column == "delta_rms" else None
    assert is_outcome(Measure(column=column, layer=layer)) == OUTCOMES[column]


def test_best_cells_and_seeds_that_did_not_choose_by_hand(tmp_path):
    """Two networks at two rates each, four seeds of which two choose."""
    networks = pd.DataFrame({name: ["a", "b"] for name in FACTORS}).assign(depth=[1, 2], width=5)
    rates = pd.DataFrame({"rate_factor": [0.1, 1.0]})
    cells = networks.drop(columns="rate_factor").merge(rates, how="cross")
    runs = cells.merge(pd.DataFrame({"seed": range(4)}), how="cross")
    best = networks.assign(rate_factor=[1.0, 0.1])
    empty = {key: [None, None] for key in arrow_schema("best_rates").names}
    columns = empty | best.to_dict("list")
    write_table("best_rates", columns, tmp_path / "best_rates.parquet", {"digest": "same"})
    no_runs = {key: [] for key in arrow_schema("runs").names}
    write_table("runs", no_runs, tmp_path / "runs.parquet", {"digest": "same"})
    study = {"seeds": [0, 1, 2, 3], "choosing_seeds": 2, "factors": {"rate_factor": [0.1, 1]}}
    kept = only_best_rates(Design(tmp_path, study, "same", runs)).runs
    pairs = list(zip(kept["depth"], kept["rate_factor"], kept["seed"], strict=True))
    assert pairs == [(1, 1, 2), (1, 1, 3), (2, 0.1, 2), (2, 0.1, 3)]


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


def test_the_page_on_claims_counts_seeds_at_best_rates_against_the_validation_table():
    page = " ".join(Path("docs/claims.md").read_text(encoding="utf-8").split())
    rows = {(row["arm"], row["statement"]): row for row in read_record("best_rate_claims").rows}
    fails, below = (
        rows["B4", "It does not learn."],
        rows["B3", "Its accuracy stays below that of B1."],
    )
    for row, text in ((fails, "best rate in {} of {}"), (below, "in {} of {} at the best")):
        assert text.format(round(row["share"] * row["n"]), row["n"]) in page
