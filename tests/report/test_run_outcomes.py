"""Every run is accounted for, and deviations are named, by hand."""

from dataclasses import replace

import pandas as pd

from synthetic import made_frames, study
from vgstudy.report.run_outcomes import (
    accounting_table,
    counts_sentence,
    deviations,
    status_counts,
    threshold_table,
)


def test_accounts_by_hand():
    ends = ["learned", "learned", "stuck", "diverged", None]
    frames = made_frames(
        outcomes=[{"seed": seed, "status": end} for seed, end in enumerate(ends)],
        missing=[{"width": 25}],
    )
    assert status_counts(frames) == {
        "learned": 2,
        "slow": 0,
        "stuck": 1,
        "dead": 0,
        "diverged": 1,
        "missing": 2,
    }
    assert counts_sentence(status_counts(frames)) == (
        "Of 6 runs, 2 learned, 0 are slow, 1 is stuck, 0 are dead, 1 diverged and 2 are without a "
        "result."
    )
    assert accounting_table(frames).rows == (
        ("tanh", "Xavier", "SGD", "5", "5", "2", "0", "1", "0", "1", "1"),
        ("tanh", "Xavier", "SGD", "25", "1", "0", "0", "0", "0", "0", "1"),
    )


def test_deviations_by_hand():
    ends = [{"depth": 5, "seed": seed, "status": "learned"} for seed in (0, 1)]
    plain = {**study(), "contrasts": []}
    assert deviations(made_frames(outcomes=ends, resolved=plain))[0].startswith(
        "No deviation from the plan."
    )
    lost = deviations(made_frames(outcomes=ends, missing=[{"depth": 5, "seed": 2}], resolved=plain))
    assert lost == ("No result of 1 planned run in 1 cell; intervals are of the others.",)
    declared = {
        **plain,
        "contrasts": [{"factor": "width", "reference": 5, "quantities": ["p_learned"]}],
    }
    assert (
        "declared contrasts in width: no two cells"
        in deviations(made_frames(outcomes=ends, resolved=declared))[0]
    )


def test_too_few_seeds_for_a_contrast_are_a_deviation_by_hand():
    ends = [{"depth": 5, "width": width, "status": "learned"} for width in (5, 25)]
    contrast = {"factor": "width", "reference": 5, "quantities": ["p_learned"]}
    few = {**study(seeds=range(3)), "contrasts": [contrast]}
    (sentence,) = deviations(made_frames(outcomes=ends, pooled=[{"factor": "width"}], resolved=few))
    # of one depth: 2 of C(2n, n) tables are the most extreme, below .05 from 4 seeds on
    assert sentence == (
        "Too few seeds: width against 5: 3 seeds at 1 depth cannot decide its one test, 4 can."
    )


def test_networks_of_one_layer_say_what_they_cannot_show_by_hand():
    ends = [{"depth": 1, "status": "learned"}]
    alone = {**study(), "contrasts": []}
    (sentence,) = deviations(made_frames(outcomes=ends, resolved=alone))
    assert sentence.startswith("Networks of one hidden layer have only the output's pair")


def test_thresholds_are_in_one_row_for_each_outcome_by_hand():
    arms = {"A1": {"activation": ["tanh"]}}
    levels = {"activations": ["tanh"], "initializers": ["Xavier"], "optimizers": ["SGD"]}
    resolved = study(depths=[10], widths=[5], **levels, arms=arms)
    frames = made_frames(outcomes=[{"status": "learned"}], resolved=resolved)
    steps = (0.7, 0.75, 0.8, 0.85, 0.9)
    rows = pd.DataFrame({"threshold": steps, "value": [1, 1, 0.9, 0.5, 0.5]})
    rows = rows.assign(cell=frames.runs["cell"][0], quantity="test_accuracy")
    (row,) = threshold_table(replace(frames, thresholds=rows)).rows
    assert row[:2] == ("A1", "test accuracy at least 0.700, 0.750, 0.800, 0.850 and 0.900")
    assert row[2:] == ("100 %", "100 %", "90 %", "50 %", "50 %")
