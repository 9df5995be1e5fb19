"""Comparisons of cells and of two changes made at once: against SciPy and statsmodels, by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysed import KEYS, analyse, load, redesign, trained
from vgstudy.analysis.contrasts import EXPLORATORY, HOLM, adjusted
from vgstudy.analysis.share_intervals import newcombe, weighted_sum, wilson
from vgstudy.analysis.two_by_two import two_by_two_rows
from vgstudy.schema import DEFAULT_LEVELS, FACTORS, TABLES

CROSSED = {"activation": ["tanh", "ReLU"], "initializer": ["uniform(0,1)", "He"]}
# runs of 10 that learned, by activation and initializer, at depths 1 and 2
LEARNED = {
    ("tanh", "uniform(0,1)"): {1: 1, 2: 0},
    ("ReLU", "uniform(0,1)"): {1: 3, 2: 0},
    ("tanh", "He"): {1: 5, 2: 4},
    ("ReLU", "He"): {1: 9, 2: 10},
    ("sigmoid", "He"): {1: 7, 2: 7},
}


def test_contrasts_are_the_declared_pairs_by_hand(made):
    contrasts = load(made, "contrasts")
    cells = load(made, "runs").drop_duplicates("cell").set_index("cell")[list(FACTORS)]
    pairs = contrasts.drop_duplicates(["cell", "reference"])
    # 2 initializers and 2 widths, over the 3 depths and 2 activations and the levels of the other
    assert pairs["factor"].value_counts().to_dict() == {"initializer": 12, "width": 12}
    differ = cells.loc[pairs["cell"]].to_numpy() != cells.loc[pairs["reference"]].to_numpy()
    assert [np.array(FACTORS)[row].tolist() for row in differ] == [[f] for f in pairs["factor"]]
    for factor, reference in (("initializer", "Xavier"), ("width", 5)):
        assert set(cells.loc[pairs.query("factor == @factor")["reference"], factor]) == {reference}
    epochs = contrasts.groupby("quantity")["epoch"].agg(set).to_dict()
    at_end, both = {20}, {0, 20}
    ratios = {"d_g": both, "d_delta": both, "end_to_end_g": both}
    assert epochs == {**ratios, "p_learned": at_end, "test_accuracy": at_end}


@pytest.mark.parametrize("quantity", ["d_g", "d_delta", "end_to_end_g", "test_accuracy"])
def test_contrasts_of_means_against_scipy(made, quantity):
    is_ratio = quantity != "test_accuracy"
    table, alive = ("decays", "alive") if is_ratio else ("curves", "finite and epoch == 20")
    measured = trained(made, table).query(alive).dropna(subset=quantity)
    values = {key: x.to_numpy(float) for key, x in measured.groupby(KEYS)[quantity]}
    values = {key: np.log(x) if is_ratio else x for key, x in values.items()}
    back = np.exp if is_ratio else np.array
    rows = load(made, "contrasts", quantity)
    assert len(rows) == {"end_to_end_g": 48, "test_accuracy": 24}.get(quantity, 16)
    for row in rows.itertuples():
        a, b = values[row.cell, row.epoch], values[row.reference, row.epoch]
        test = stats.ttest_ind(a, b, equal_var=False)
        expected = [*back([a.mean() - b.mean(), *test.confidence_interval(0.95)]), test.pvalue]
        assert [row.value, row.low, row.high, row.p] == pytest.approx(expected, rel=1e-7)
        counts = (row.n, row.n_reference, row.n_alive, row.n_alive_reference)
        assert counts == (5, 5, len(a), len(b))


def test_contrasts_of_learning_follow_newcombe_by_hand(made):
    shares = load(made, "estimates", "p_learned").set_index("cell")
    for row in load(made, "contrasts", "p_learned").itertuples():
        a, b = shares.loc[row.cell], shares.loc[row.reference]
        value = a["value"] - b["value"]
        low = value - np.hypot(a["value"] - a["low"], b["high"] - b["value"])
        high = value + np.hypot(a["high"] - a["value"], b["value"] - b["low"])
        assert [row.value, row.low, row.high] == pytest.approx([value, low, high])
        table = [[round(x["value"] * x["n"]), round((1 - x["value"]) * x["n"])] for x in (a, b)]
        assert row.p == pytest.approx(stats.fisher_exact(table).pvalue)


def test_families_are_corrected_against_statsmodels(made):
    contrasts = load(made, "contrasts")
    assert contrasts["p_adjusted"].isna().equals(contrasts["p"].isna())
    declared = contrasts[contrasts["correction"] == HOLM]
    assert set(zip(declared["quantity"], declared["epoch"], strict=True)) == {("d_delta", 0)}
    assert set(contrasts["correction"]) == {HOLM, EXPLORATORY}
    methods = {HOLM: "holm", EXPLORATORY: "fdr_bh"}
    for (correction, _), family in contrasts.dropna(subset="p").groupby(["correction", "family"]):
        assert len(family[["factor", "quantity", "epoch"]].drop_duplicates()) == 1
        expected = multipletests(family["p"], method=methods[correction])[1]
        np.testing.assert_allclose(family["p_adjusted"], expected)


def test_holm_and_false_discovery_rate_by_hand():
    p = np.array([0.01, 0.04, np.nan, 0.03, 0.02])
    family = pd.Series(["a", "a", "a", "a", "b"], index=[7, 7, 1, 2, 3])
    np.testing.assert_allclose(adjusted(p, family, HOLM), [0.03, 0.06, np.nan, 0.06, 0.02])
    np.testing.assert_allclose(adjusted(p, family, EXPLORATORY), [0.03, 0.04, np.nan, 0.04, 0.02])


def every(runs: pd.DataFrame) -> pd.Series:
    return runs["seed"] >= 0


def test_decay_is_declared_before_training_and_of_optimizers_at_the_end(copied_study):
    folder = copied_study(depths=(5,), widths=(5, 6), seeds=range(4))
    pairs = (("width", 5), ("optimizer", "SGD"))
    declared = [{"factor": f, "reference": level, "quantities": ["d_g"]} for f, level in pairs]
    redesign(folder, every, contrasts=declared)
    contrasts = analyse(folder)["contrasts"]
    assert set(contrasts[contrasts["correction"] == HOLM]["family"]) == {
        "width against 5: d_g at epoch 0",
        "optimizer against SGD: d_g at epoch 20",
    }


def test_no_contrast_declared_gives_an_empty_table(folder):
    redesign(folder, every, contrasts=[])
    tables = analyse(folder)
    assert tables["contrasts"].empty
    assert tables["pooled"].empty


def test_a_missing_cell_is_in_no_pair_and_the_rest_goes_on(made, folder):
    before = load(made, "contrasts")
    gone = before["reference"].iloc[0]
    redesign(folder, lambda runs: runs["cell"] != gone)
    results = analyse(folder)
    left = before[(before["cell"] != gone) & (before["reference"] != gone)]
    assert 0 < len(left) < len(before)
    keys = ["cell", "reference", "quantity", "epoch"]
    found = results["contrasts"][keys]
    assert set(found.itertuples(index=False)) == set(left[keys].itertuples(index=False))
    whole, without = (
        frame.groupby(["quantity", "epoch"])["n_cells"].max()
        for frame in (load(made, "variances"), results["variances"])
    )
    assert without.index.equals(whole.index)
    assert without["test_accuracy"].item() == whole["test_accuracy"].item() - 1


def effects(learned=LEARNED, crossed=CROSSED) -> pd.DataFrame:
    rows = [
        {"activation": a, "initializer": i, "depth": d, "n": 10.0, "learned": float(k)}
        for (a, i), counts in learned.items()
        for d, k in counts.items()
    ]
    shares = pd.DataFrame(rows).assign(width=5, optimizer="SGD", **DEFAULT_LEVELS)
    return pd.DataFrame(
        two_by_two_rows(shares, crossed), columns=list(TABLES["two_by_two"].columns)
    )


def test_effects_at_each_depth_and_over_all_by_hand():
    table = effects()
    found = {
        (row.effect, None if np.isnan(row.depth) else row.depth): row.value
        for row in table.itertuples()
    }
    expected = {
        ("activation", 1): ((0.3 - 0.1) + (0.9 - 0.5)) / 2,
        ("initializer", 1): ((0.5 - 0.1) + (0.9 - 0.3)) / 2,
        ("both together", 1): 0.9 - 0.1,
        ("interaction", 1): (0.9 - 0.5) - (0.3 - 0.1),
        ("activation", 2): 0.3,
        ("initializer", 2): 0.7,
        ("both together", 2): 1.0,
        ("interaction", 2): 0.6,
        ("activation", None): 0.3,
        ("initializer", None): 0.6,
        ("both together", None): 0.9,
        ("interaction", None): 0.4,
    }
    assert found == pytest.approx(expected)
    assert table["n"].tolist() == [40] * 8 + [80] * 4
    assert table["depths"].tolist() == [1] * 8 + [2] * 4
    assert table[["activation", "initializer"]].isna().all(axis=None)
    assert set(table["change"]) == {
        "tanh to ReLU",
        "uniform(0,1) to He",
        "tanh to ReLU and uniform(0,1) to He",
        "uniform(0,1) to He with ReLU, less the same with tanh",
    }
    assert (table["low"] < table["value"]).all()
    assert (table["value"] <= table["high"]).all()


def test_both_effects_add_up_to_both_changes_against_itself():
    values = effects().query("depth == 1").set_index("effect")["value"]
    assert values["activation"] + values["initializer"] == pytest.approx(values["both together"])


def test_a_missing_combination_has_no_effects_by_hand():
    assert effects({key: LEARNED[key] for key in list(LEARNED)[:3]}).empty
    assert effects(crossed=None).empty
    partly = effects({**LEARNED, ("ReLU", "He"): {2: 10, 3: 10}})
    assert partly["depth"].dropna().unique().tolist() == [2]


def test_a_sum_of_two_shares_is_newcombes_difference_against_itself():
    one, other = wilson(7, 10), wilson(2, 9)
    ends = (np.array([getattr(x, end) for x in (one, other)]) for end in ("value", "low", "high"))
    found = weighted_sum(np.array([1.0, -1.0]), *ends)
    assert found.low == newcombe(one, other).low
    assert found.high == newcombe(one, other).high


def test_the_interval_of_an_effect_over_depths_covers_against_simulation():
    rng, runs = np.random.default_rng(0), np.full((4, 8), 10)
    share = np.stack([np.linspace(top, 0.02, 8) for top in (0.5, 0.7, 0.9, 0.98)])
    weight = np.array([-0.5, 0.5, -0.5, 0.5])[:, None] / 8 + np.zeros(8)
    drawn = wilson(rng.binomial(10, share, (2000, 4, 8)), runs)
    ends = (getattr(drawn, end).reshape(2000, -1) for end in ("value", "low", "high"))
    found = weighted_sum(weight.reshape(-1), *ends)
    truth = (weight * share).sum()
    assert 0.94 < ((found.low <= truth) & (truth <= found.high)).mean() < 0.995
