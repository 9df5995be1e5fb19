"""Estimates and outcomes of a made-up study: against SciPy, by hand, and against themselves."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysed import (
    INTERVAL,
    KEYS,
    RESULTS,
    analyse,
    assert_rows,
    change,
    load,
    naive_geometric,
    naive_share,
    naive_t,
    redesign,
    trained,
)
from synthetic import D_DELTA, D_G, D_H, SPREAD
from vgstudy.analysis.chunks import ENDS, RATIOS
from vgstudy.analysis.study_estimates import write_estimates
from vgstudy.errors import UserError
from vgstudy.quantities import QUANTITIES
from vgstudy.schema import RUN_STATUSES, STUDY_TABLES, ZERO_CAUSES
from vgstudy.store.parquet import read_footer

FLOAT32 = ("dead", "saturation", "underflow")
SHARE_OF_CAUSE = {f"p_zero_{cause.replace(' ', '_')}": cause for cause in ZERO_CAUSES[1:]}
DEAD = {"zero_cause": "dead", "g_rms": 0.0, "delta_rms": 0.0}


def test_footers_name_the_design(made):
    digest = read_footer(made / "runs.parquet")["digest"]
    assert {read_footer(made / f"{name}.parquet")["digest"] for name in RESULTS} == {digest}


def test_the_made_study_has_every_kind_of_run(made):
    assert set(load(made, "outcomes")["status"]) == set(RUN_STATUSES)
    assert (trained(made, "probes")["zero_cause_float32"] == "saturation").any()


def test_known_decay_factors_are_recovered_against_theory(made):
    cells = load(made, "runs").drop_duplicates("cell").set_index("cell")
    truth = {
        "d_g": cells["activation"].map(D_G),
        "d_delta": cells["initializer"].map(D_DELTA),
        "d_h": pd.Series(1 / D_H, cells.index),
    }
    for quantity, factor in truth.items():
        rows = load(made, "estimates", quantity).set_index("cell")
        off = np.log(rows["value"] / factor.loc[rows.index]) / (SPREAD / np.sqrt(rows["n_alive"]))
        assert len(off) == 3 * 2**3  # epochs x cells of depth 8
        assert np.abs(off).max() < 4


@pytest.mark.parametrize("quantity", RATIOS)
def test_ratios_against_scipy(made, quantity):
    decays = trained(made, "decays")
    alive = decays[decays["alive"] & (decays["depth"] >= QUANTITIES[quantity].smallest_depth)]
    groups = alive.groupby(KEYS)[quantity]
    found = load(made, "estimates", quantity)
    assert_rows(found, KEYS, groups, naive_geometric)
    assert found.set_index(KEYS)["n_alive"].to_dict() == groups.size().to_dict()
    assert (found["n_alive"] + found["n_failed"] == found["n"]).all()
    assert set(found["n"]) == {5}
    assert found["n_failed"].any()


@pytest.mark.parametrize("quantity", ["p_alive", *SHARE_OF_CAUSE])
def test_shares_of_zeros_against_scipy(made, quantity):
    decays = trained(made, "decays")
    cause = SHARE_OF_CAUSE.get(quantity)
    hit = decays["alive"] if cause is None else decays["zero_cause"] == cause
    found = load(made, "estimates", quantity)
    assert_rows(found, KEYS, decays.assign(hit=hit).groupby(KEYS)["hit"], naive_share)
    assert (found["value"] > 0).any() == (cause in (None, "dead"))
    assert (found["value"] < 1).any()
    # the measured seeds are what a share is made of
    assert (found["n_alive"] == 5).all()
    assert (found["n_failed"] == 0).all()


@pytest.mark.parametrize("cause", FLOAT32)
def test_shares_of_zeros_in_float32_against_the_probes(made, cause):
    probes = trained(made, "probes")
    hit = probes.assign(hit=probes["zero_cause_float32"] == cause)
    any_layer = hit.groupby([*KEYS, "seed"])["hit"].any().groupby(KEYS)
    found = load(made, "estimates", f"p_zero_float32_{cause}")
    assert_rows(found, KEYS, any_layer, naive_share)
    assert (found["value"] > 0).any() == (cause != "underflow")


@pytest.mark.parametrize("status", RUN_STATUSES)
def test_shares_of_outcomes_against_scipy(made, status):
    outcomes = load(made, "outcomes").assign(epoch=20)
    groups = outcomes.assign(hit=outcomes["status"] == status).groupby(KEYS)["hit"]
    assert_rows(load(made, "estimates", f"p_{status}"), KEYS, groups, naive_share)


@pytest.mark.parametrize("quantity", ENDS)
def test_ends_against_scipy(made, quantity):
    groups = trained(made, "curves").query("epoch == 20 and finite").groupby(KEYS)[quantity]
    assert_rows(load(made, "estimates", quantity), KEYS, groups, lambda x: naive_t(x.astype(float)))


def test_the_distribution_over_seeds_and_tests_of_decay_factors_against_scipy(made):
    alive = trained(made, "decays").query("alive and depth >= 4")
    found = load(made, "estimates", "d_delta").set_index(KEYS)
    for key, rows in alive.groupby(KEYS):
        logs, row = np.log(rows["d_delta"].to_numpy()), found.loc[key]
        n, s = len(logs), logs.std(ddof=1)
        half = stats.t.ppf(0.975, n - 1) * s * np.sqrt(1 + 1 / n)
        assert [row["prediction_low"], row["prediction_high"]] == pytest.approx(
            np.exp([logs.mean() - half, logs.mean() + half])
        )
        assert row["spread"] == pytest.approx(s)
        assert row["p"] == pytest.approx(stats.ttest_1samp(logs, 0).pvalue)
        assert row["band_low"] <= row["low"] < row["high"] <= row["band_high"]


def test_labels_say_which_intervals_are_as_stated_by_hand(made):
    estimates = load(made, "estimates")
    known = estimates[estimates["low"].notna() & (estimates["n_alive"] < 30)]
    few = (known["method"] == "t on log") & (known["n_alive"] < 5)
    assert set(known.loc[few, "label"]) == {"approximate"}
    labels = known[~few].groupby("method")["label"].agg(set).to_dict()
    assert labels == {"t on log": {"as stated"}, "t": {"approximate"}, "Wilson": {"approximate"}}
    assert estimates[estimates["low"].isna()]["label"].isna().all()


def test_every_run_of_the_design_has_one_outcome(made):
    keys = ["cell", "seed"]
    outcomes, runs = (load(made, name)[keys].sort_values(keys) for name in ("outcomes", "runs"))
    assert outcomes.to_numpy().tolist() == runs.to_numpy().tolist()


def test_statuses_by_hand(folder):
    cell = load(folder, "runs")["cell"][0]

    def curves(frame: pd.DataFrame) -> pd.DataFrame:
        here, seed = frame["cell"] == cell, frame["seed"]
        last = here & (frame["epoch"] == 20)
        accuracy = seed.map({0: 0.76, 1: 0.75, 2: 0.9, 3: 0.9, 4: 0.2}).fillna(0.5)
        # of the last fifth, epochs 17 to 20, the second half is 0.3 or .1 % below the first
        fall = seed.map({1: 0.003, 4: 0.001}).fillna(0) * (frame["epoch"] > 18)
        return frame.assign(
            test_accuracy=frame["test_accuracy"].mask(last, accuracy.astype("float32")),
            train_loss=frame["train_loss"].mask(here, (0.7 * (1 - fall)).astype("float32")),
            finite=~(last & (seed == 3)),
        )

    def probes(frame: pd.DataFrame) -> pd.DataFrame:
        last = (frame["cell"] == cell) & (frame["epoch"] == 20)
        cause = frame["seed"].map({2: "dead", 3: "dead", 4: "saturation"}).fillna("none")
        return frame.assign(zero_cause=cause.where(last, "none"))

    change(folder, "curves", curves)
    change(folder, "probes", probes)
    outcomes = analyse(folder)["outcomes"].query("cell == @cell").set_index("seed")["status"]
    assert outcomes.to_dict() == dict(enumerate(["learned", "slow", "dead", "diverged", "stuck"]))


@pytest.mark.filterwarnings("ignore:Precision loss")  # of seeds that all learn at once
def test_when_seeds_learn_against_the_curves(made):
    learned = trained(made, "curves").query("epoch in (10, 20) and test_accuracy > 0.75")
    runs = pd.MultiIndex.from_frame(load(made, "runs")[["cell", "seed"]])
    first = learned.groupby(["cell", "seed"])["epoch"].min().reindex(runs)
    outcomes = load(made, "outcomes").set_index(["cell", "seed"]).loc[first.index]
    assert (outcomes["ever_learned"] == first.notna()).all()
    assert (outcomes["learning_epochs"] == first.fillna(20)).all()
    assert 20 in set(first.dropna())
    groups = first.reset_index(name="first").assign(epoch=20).groupby(KEYS)["first"]
    for quantity, naive in (
        ("learning_epochs", lambda times: naive_t(times.fillna(20))),
        ("p_ever_learned", lambda times: naive_share(times.notna())),
    ):
        assert_rows(load(made, "estimates", quantity), KEYS, groups, naive)
    for (cell, epoch), row in load(made, "trajectories", "p_learned_by").set_index(KEYS).iterrows():
        assert row["value"] == (first[cell] <= epoch).mean()
        assert row["high"] == pytest.approx(min(row["value"] + np.sqrt(np.log(40) / 10), 1))
        assert (row["n_alive"], row["method"]) == (5, "DKW band over epochs")


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    for name in RESULTS:
        numbers = one[name].select_dtypes("float").columns
        keys = [column for column in one[name] if column not in numbers]
        a, b = (frame.sort_values(keys, ignore_index=True) for frame in (one[name], other[name]))
        pd.testing.assert_frame_equal(a, b, check_exact=True)


@pytest.mark.parametrize("batch_runs", [1, 13, 10**6])
def test_numbers_do_not_depend_on_the_batches_against_itself(made, folder, batch_runs):
    assert_same({name: load(made, name) for name in RESULTS}, analyse(folder, batch_runs))


def test_numbers_do_not_depend_on_the_order_of_rows_against_itself(made, folder):
    for name in ("probes", "curves"):
        change(folder, name, lambda frame: frame.sample(frac=1, random_state=1))
    assert_same({name: load(made, name) for name in RESULTS}, analyse(folder))


def test_one_seed_gives_values_without_intervals(folder):
    redesign(folder, lambda runs: runs["seed"] == 0)
    results = analyse(folder)
    estimates = results["estimates"]
    rows = estimates.query("n_alive == 1 and method in ['t', 't on log']")
    assert len(rows) > 100
    assert rows["value"].notna().all()
    assert rows[["low", "high", "band_low", "spread", "seeds_needed"]].isna().all(axis=None)
    assert estimates.query("method == 'Wilson' and n_alive > 0")[INTERVAL].notna().all(axis=None)
    assert estimates["fit"].isna().all()
    assert results["layer_decays"]["low"].isna().all()
    assert results["limits"]["value"].notna().any()
    assert results["variances"].empty
    contrasts = results["contrasts"].query("quantity == 'd_g'")
    assert contrasts[["low", "high", "p"]].isna().all(axis=None)


def test_unequal_seeds_count_what_the_design_has(made, folder):
    first, second = load(folder, "runs")["cell"].unique()[:2]
    fewer = [(first, 3), (first, 4), *((second, seed) for seed in range(4))]
    redesign(folder, lambda runs: ~pd.MultiIndex.from_frame(runs[["cell", "seed"]]).isin(fewer))
    results = analyse(folder)
    estimates, contrasts = results["estimates"], results["contrasts"]
    for side, column in (("cell", "n"), ("reference", "n_reference")):
        of = contrasts.groupby(side)[column].agg(set)
        assert of.to_dict() == {cell: {{first: 3, second: 1}.get(cell, 5)} for cell in of.index}
    assert {first, second} <= {*contrasts["cell"], *contrasts["reference"]}
    sizes = estimates.groupby("cell")["n"].agg(set)
    assert sizes[[first, second]].tolist() == [{3}, {1}]
    others = [
        frame[~frame["cell"].isin([first, second])].sort_values(
            ["cell", "quantity", "epoch"], ignore_index=True
        )
        for frame in (estimates, load(made, "estimates"))
    ]
    pd.testing.assert_frame_equal(*others)


def test_a_run_without_rows_is_a_failed_seed(folder):
    cell = load(folder, "runs")["cell"][0]
    for name in ("probes", "curves"):
        change(folder, name, lambda frame: frame[(frame["cell"] != cell) | (frame["seed"] != 1)])
    results = analyse(folder)
    outcomes, estimates = (
        results[name][results[name]["cell"] == cell] for name in ("outcomes", "estimates")
    )
    (outcome,) = outcomes.query("seed == 1").to_dict("records")
    assert pd.isna([outcome[name] for name in ("status", *ENDS)]).all()
    assert set(estimates["n"]) == {5}
    assert (estimates["n_failed"] >= 1).all()
    learned = outcomes["status"].eq("learned").sum()
    assert estimates.query("quantity == 'p_learned'")["value"].item() == learned / 4
    assert set(estimates.query("method == 'Wilson'")["n_alive"]) == {4}


def test_all_dead_has_no_decay_factor_and_says_so(folder):
    change(folder, "probes", lambda frame: frame.assign(**DEAD))
    results = analyse(folder)
    assert not set(results["outcomes"]["status"]) - {"dead", "diverged"}
    ratios = results["estimates"].query("quantity in @RATIOS")
    assert len(ratios) > 100
    assert ratios[INTERVAL].isna().all(axis=None)
    assert (ratios["n_failed"] == 5).all()
    alive = results["estimates"].query("quantity == 'p_alive'")
    nobody = naive_share(pd.Series([False] * 5))
    assert alive[INTERVAL].to_numpy() == pytest.approx(np.tile(nobody, (len(alive), 1)))
    levels = results["profiles"].query("quantity == 'g_rms'")
    assert (levels["n_alive"] == 0).all()
    assert levels["value"].isna().all()


def test_constant_data_have_intervals_of_no_width_and_no_doubt(folder):
    constant = {"delta_rms": 1.0, "g_rms": 1.0, "zero_cause": "none"}
    change(folder, "probes", lambda frame: frame.assign(**constant))
    rows = analyse(folder)["estimates"].query("quantity == 'd_delta'")
    assert (rows[[*INTERVAL, "prediction_low", "prediction_high"]] == 1).all(axis=None)
    assert set(rows["fit"]) == {"fits"}
    assert rows["p"].isna().all()
    assert (rows["seeds_needed"] == 2).all()


@pytest.mark.parametrize("name", ["probes", "curves"])
def test_a_truncated_job_file_is_named_and_nothing_is_written(folder, name):
    for result in {*STUDY_TABLES} - {"runs"}:
        (folder / f"{result}.parquet").unlink()
    path = sorted((folder / name).iterdir())[1]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=rf"{path} is truncated .* `rm {path}`, then `snakemake"):
        write_estimates(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["curves", "probes", "runs.parquet"]


def test_a_missing_job_file_is_named(folder):
    path = sorted((folder / "curves").iterdir())[0]
    path.unlink()
    with pytest.raises(UserError, match=f"{path} is missing"):
        write_estimates(folder)
