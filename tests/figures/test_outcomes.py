"""What became of runs, and levels by layer: what is selected, against the tables."""

import numpy as np

from synthetic import made_frames
from vgstudy.figures.outcomes import counted
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


def test_profiles_are_of_epoch_0_and_one_optimizer_against_the_table(frames):
    rows = figures()["profile-start"].view(frames).frame
    profiled = ["g_rms", "delta_rms", "h_rms"]
    table = frames.profiles.query("epoch == 0 and depth in (5, 10) and optimizer == 'SGD'")
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
