"""Findings about failure follow from the numbers, by hand."""

import numpy as np
import pandas as pd
import pytest

from synthetic import made_frames
from vgstudy.analysis.predictors import BESIDE
from vgstudy.report.failure_findings import failure_prediction
from vgstudy.schema import arrow_schema


def finding(failures=50, mixed=4, **areas):
    """Frames of a study with AUCs of 100 tanh runs, and the same of all runs."""
    names = {
        "vanishing": ("d_delta", "AUC"),
        "either": ("distance", "AUC"),
        "within": ("d_delta", "AUC within cells"),
        "vanished": ("d_delta", "vanished where failed"),
        "level": ("smallest layer", "AUC"),
        "depth": ("depth", "AUC"),
        "depth beside": ("depth", f"AUC{BESIDE}"),
        "explained": ("gradients", "deviance explained"),
        "found": ("autotrainer vanishing", "sensitivity"),
        "spared": ("autotrainer vanishing", "specificity"),
        "fires": ("autotrainer vanishing", "AUC"),
        "dying": ("autotrainer dying", "sensitivity"),
    }
    counts = {"n": 100, "n_failed": 0, "failures": failures, "mixed": mixed}
    found = []
    for name, (value, low, high) in areas.items():
        about = {
            **dict(zip(("predictor", "quantity"), names[name], strict=True)),
            "value": value,
            "low": low,
            "high": high,
        }
        found += [{"group": group, **about, **counts} for group in ("all", "tanh")]
    frames = made_frames()
    table = pd.DataFrame(found, columns=arrow_schema("prediction").names)
    return failure_prediction(type(frames)(**{**vars(frames), "prediction": table}))


@pytest.mark.parametrize(
    ("vanishing", "either", "said"),
    [
        ((0.5, 0.4, 0.6), (0.5, 0.4, 0.6), "The runs do not say so"),
        ((0.3, 0.2, 0.4), (0.9, 0.8, 1.0), "The runs point the other way"),
        ((0.7, 0.6, 0.75), (0.9, 0.8, 1.0), "In part"),
        ((0.9, 0.8, 1.0), (0.7, 0.6, 0.8), "The runs agree with it"),
    ],
)
def test_answer_follows_from_the_numbers(vanishing, either, said):
    made = finding(vanishing=vanishing, either=either)
    assert made.headline.startswith(f"Did tanh nets fail because of vanishing gradients? {said}")
    assert "50 failed and 50 learned" in made.headline


def test_three_failures_answer_nothing_by_hand():
    made = finding(
        failures=3, vanishing=(0.45, 0.1, 0.6), either=(0.5, 0.4, 0.6), within=(0.2, 0.1, 0.3)
    )
    assert (
        "Too few failed for an AUC: of 100 runs with a decay factor 3 failed and 97 learned."
        in made.headline
    )
    assert "0.45" not in made.headline
    assert not [sentence for sentence in made.more if "Among runs of one cell" in sentence]
    assert "Too few learned" in finding(failures=95, vanishing=(0.45, 0.1, 0.6)).headline


def test_failures_that_fill_whole_cells_are_not_separable_from_the_configuration_by_hand():
    made = finding(mixed=0, vanishing=(1.0, np.nan, np.nan))
    assert "That cannot be separated from the configuration" in made.headline
    assert "1.00" not in made.headline
    assert made.tables[0].rows[0][2:] == ("cells fail as a whole", "cells fail as a whole")


def test_a_signal_that_never_vanished_is_not_the_reason_by_hand():
    made = finding(vanishing=(0.5, 0.4, 0.6), vanished=(0.0, 0.0, 0.02), level=(0.95, 0.92, 0.97))
    assert (
        "gradients? Not by a signal δ that vanishes before training. The runs compare degrees of "
        "exploding: of 100 runs" in made.headline
    )
    assert "the signal δ in 0 of 100 that failed." in made.headline
    assert made.more == (
        "In the same runs failure is predicted better by the smallest gradient level of any layer "
        "0.95 [0.92, 0.97].",
    )


def test_the_table_has_every_number_by_hand():
    areas = {"found": (0.2, 0.1, 0.3), "fires": (0.6, 0.5, 0.7), "explained": (-0.57, None, None)}
    made = finding(vanishing=(0.5, 0.4, 0.6), **areas)
    rows = {row[:2]: row[2] for row in made.tables[0].rows}
    rule = "AUTOTRAINER's rule for vanishing gradients"
    assert rows[rule, "AUC"] == "0.60 [0.50, 0.70]"
    assert rows[rule, "sensitivity"] == "0.20 [0.10, 0.30]"
    assert rows["model of gradients before training", "deviance explained"] == "−0.570"


def test_a_better_predictor_is_named_by_hand():
    made = finding(vanishing=(0.45, 0.31, 0.57), depth=(0.58, 0.54, 0.62))
    assert "In the same runs failure is predicted better by depth 0.58 [0.54, 0.62]." in " ".join(
        made.more
    )


def test_agreement_that_runs_of_one_cell_do_not_show_by_hand():
    across = {"vanishing": (0.7, 0.6, 0.8), "either": (0.6, 0.5, 0.7)}
    assert "The runs agree with it: " in finding(**across).headline
    assert "The runs agree with it: " in finding(**across, within=(0.6, 0.55, 0.7)).headline
    unsure = finding(**across, within=(0.5, 0.4, 0.6)).headline
    assert (
        "Across configurations the runs agree with it, among runs of one cell it is not shown: "
        in unsure
    )


def test_competitors_are_compared_over_the_runs_that_the_signal_has_a_value_in_by_hand():
    made = finding(
        vanishing=(0.45, 0.31, 0.57), depth=(0.91, 0.88, 0.94), **{"depth beside": (0.5, 0.4, 0.6)}
    )
    assert made.more == ()
    made = finding(
        vanishing=(0.45, 0.31, 0.57), depth=(0.5, 0.4, 0.6), **{"depth beside": (0.91, 0.88, 0.94)}
    )
    assert "In the same runs failure is predicted better by depth 0.91 [0.88, 0.94]." in " ".join(
        made.more
    )


def test_no_finding_without_areas():
    assert failure_prediction(made_frames()) is None
    assert finding(vanishing=(None, None, None)) is None
