"""What became of runs, and levels by layer: what is selected, against the tables."""

from dataclasses import replace

import numpy as np

from synthetic import made_frames, study
from vgstudy.figures.outcomes import counted, fates
from vgstudy.figures.registry import figures


def test_shares_account_for_every_run_against_the_table(frames):
    rows = figures()["accounting"].view(frames).frame
    assert rows["runs"].sum() == len(frames.runs)
    cells = ["depth", "activation", "initializer", "optimizer"]
    assert np.allclose(rows.groupby(cells, observed=True)["value"].sum(), 1)


def test_runs_without_an_outcome_are_missing_by_hand():
    outcomes = [{"status": "learned"}, {"seed": 1, "status": None}]
    frames = made_frames(outcomes=outcomes, missing=[{"seed": 2}])
    none = dict.fromkeys(("slow", "stuck", "dead", "diverged"), 0)
    counts = {"activation": "tanh", "learned": 1, **none, "missing": 2}
    assert counted(frames, ["activation"]).to_dict("records") == [counts]


def test_runs_of_named_networks_have_a_bar_each_against_the_table(folder, frames):
    arms = {"A1": {"depth": [2], "width": [5]}, "A2": {"depth": [5], "activation": ["ReLU"]}}
    named = replace(frames, study={**frames.study, "arms": arms})
    view = figures()["accounting"].view(named)
    assert view.axes["share"].names[0].startswith("A1, tanh")
    assert np.allclose(view.frame.groupby("place")["x"].sum(), 1)


def test_what_most_failed_runs_do_is_named_by_hand():
    ends = ["learned", "stuck", "stuck", "dead"]
    made = made_frames(outcomes=[{"seed": k, "status": end} for k, end in enumerate(ends)])
    assert fates(made) == "25 % of the runs learn; of those that fail, most tanh networks get stuck"


def test_profiles_are_of_two_epochs_and_one_optimizer_against_the_table(frames):
    rows = figures()["profiles"].view(frames).frame
    profiled = ["g_rms", "delta_rms", "h_rms"]
    table = frames.profiles.query("epoch in (0, 20) and depth in (5, 10) and optimizer == 'SGD'")
    table = table[table["quantity"].isin(profiled)]
    keys = ["cell", "quantity", "layer"]
    assert rows[[*keys, "value"]].values.tolist() == table[[*keys, "value"]].values.tolist()
    assert list(rows["x"]) == list(table["layer"])


def test_a_limit_beyond_the_range_is_drawn_at_its_edge_by_hand():
    setting = {"width": 5, "activation": "tanh", "initializer": "Xavier", "optimizer": "SGD"}
    about = {"shallowest": 1, "deepest": 20, "fit": "monotone", "n": 30}
    limits = [
        {**setting, **about, "range": "deeper"},
        {**setting, **about, "range": "inside", "value": 7.5, "low": 6.0, "high": 9.0},
    ]
    rows = figures()["depth-limit"].view(made_frames(limits=limits)).frame
    assert rows[["value", "low", "high"]].values.tolist() == [[20, 1, 20], [7.5, 6, 9]]


def test_performance_has_a_dot_for_each_depth_and_one_curve_by_hand():
    at_end = {"epoch": 20, "method": "Wilson", "low": 0.4, "high": 0.9}
    shares = [
        at_end | {"quantity": "p_learned", "depth": d, "value": v} for d, v in ((5, 0.6), (10, 0.7))
    ]
    alone = at_end | {"quantity": "p_learned", "depth": 5, "value": 0.5, "activation": "ReLU"}
    wide = at_end | {"quantity": "p_learned", "depth": 5, "value": 0.1, "width": 25}
    curve = {"epoch": 20, "quantity": "p_learned", "value": 0.65, "low": 0.5, "high": 0.8}
    curves = [curve | {"depth": depth, "method": "monotone fit"} for depth in (5, 10)]
    frames = made_frames([*shares, alone, wide], depth_curves=curves)
    view = figures()["performance-narrow"].view(frames)
    columns = ["activation", "x", "value", "fit", "low", "method"]
    assert view.frame[columns].fillna(-1.0).astype({"activation": "str"}).to_numpy().tolist() == [
        ["tanh", 5, 0.6, 0.65, 0.5, "monotone fit"],
        ["tanh", 10, 0.7, 0.65, 0.5, "monotone fit"],
        # a single depth keeps its own interval
        ["ReLU", 5, 0.5, -1.0, 0.4, "Wilson"],
    ]
    assert figures()["performance-wide"].view(frames).frame["value"].tolist() == [0.1]
    assert not figures()["performance-wide"].is_of(study(widths=(5,)))
