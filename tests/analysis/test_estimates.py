import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from synthetic import D_DELTA, D_G, D_H, SPREAD
from vgstudy.analysis.contrasts import EXPLORATORY, HOLM, adjusted
from vgstudy.analysis.study_estimates import write_estimates
from vgstudy.errors import UserError
from vgstudy.schema import FACTORS, RUN_STATUSES, STUDY_TABLES, ZERO_CAUSES
from vgstudy.store.parquet import read_footer, read_table, write_table

DESIGN = {
    "depths": (1, 3, 8),
    "activations": ("tanh", "ReLU"),
    "initializers": ("Xavier", "uniform(0, 1)"),
    "optimizers": ("SGD",),
    "seeds": range(5),
}
RATIOS = (
    "d_g",
    "d_delta",
    "d_h",
    "interior_g",
    "interior_delta",
    "interior_h",
    "end_to_end_g",
    "end_to_end_mean_abs",
)
ENDS = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
RESULTS = (
    "outcomes",
    "estimates",
    "trajectories",
    "profiles",
    "layer_decays",
    "thresholds",
    "contrasts",
    "depth_curves",
    "pooled",
    "two_by_two",
    "limits",
    "variances",
)
LIMIT_KEYS = ("factor", "width", "activation", "initializer", "optimizer")
INTERVAL = ["value", "low", "high"]
LAYERS = ["cell", "epoch", "layer"]


@pytest.fixture(scope="module")
def made(synthetic_study) -> Path:
    return synthetic_study(per_job=12, **DESIGN)


@pytest.fixture
def folder(made, tmp_path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "study"))


def load(folder: Path, name: str) -> pd.DataFrame:
    frame = read_table(name, folder / f"{name}.parquet").to_pandas()
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), "str"))


def trained(folder: Path, name: str) -> pd.DataFrame:
    """The rows of measurements that belong to the design."""
    paths = sorted((folder / name).iterdir()) if name != "decays" else [folder / "decays.parquet"]
    frames = [read_table(name, path).to_pandas() for path in paths]
    rows = pd.concat(
        [frame.astype(dict.fromkeys(frame.select_dtypes("category"), "str")) for frame in frames]
    )
    return rows.merge(load(folder, "runs")[["cell", "seed", "depth"]], on=["cell", "seed"])


def change(folder: Path, name: str, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Edit every job file of a table."""
    for path in (folder / name).iterdir():
        write_table(
            name,
            pa.Table.from_pandas(edit(read_table(name, path).to_pandas()), preserve_index=False),
            path,
            {},
        )


def analyse(folder: Path, batch_runs: int = 40) -> dict[str, pd.DataFrame]:
    write_estimates(folder, batch_runs)
    return {name: load(folder, name) for name in RESULTS}


def naive_t(values: pd.Series) -> list[float]:
    return [values.mean(), *stats.ttest_1samp(values, 0).confidence_interval(0.95)]


def naive_share(flags: pd.Series) -> list[float]:
    return [
        flags.mean(),
        *stats.binomtest(int(flags.sum()), len(flags)).proportion_ci(method="wilson"),
    ]


def assert_rows(found: pd.DataFrame, keys: list[str], expected: dict[tuple, list[float]]) -> None:
    """The rows have exactly the expected keys, and value, low and high."""
    rows = dict(
        zip(
            zip(*(found[key] for key in keys), strict=True), found[INTERVAL].to_numpy(), strict=True
        )
    )
    assert rows.keys() == expected.keys()
    for key, numbers in expected.items():
        assert rows[key] == pytest.approx(numbers, rel=1e-9, nan_ok=True), key


def test_footers_name_the_design(made):
    digest = read_footer(made / "runs.parquet")["digest"]
    assert [read_footer(made / f"{name}.parquet")["digest"] for name in RESULTS] == [digest] * len(
        RESULTS
    )


def test_the_made_study_has_every_kind_of_run(made):
    outcomes = load(made, "outcomes")
    assert set(outcomes["status"]) == {"learned", "slow", "stuck", "dead", "diverged"}
    assert (trained(made, "probes")["zero_cause_float32"] == "saturation").any()


def test_known_decay_factors_are_recovered_against_theory(made):
    cells = load(made, "runs").drop_duplicates("cell").set_index("cell")
    estimates = load(made, "estimates").set_index("cell")
    every = pd.Series(1 / D_H, cells.index)
    truth = {
        "d_g": cells["activation"].map(D_G),
        "d_delta": cells["initializer"].map(D_DELTA),
        "d_h": every,
    }
    for quantity, factor in truth.items():
        rows = estimates[estimates["quantity"] == quantity]
        off = np.log(rows["value"] / factor.loc[rows.index]) / (SPREAD / np.sqrt(rows["n_alive"]))
        assert len(off) == 3 * 2**3  # epochs x cells of depth 8
        assert np.abs(off).max() < 4


@pytest.mark.parametrize("quantity", RATIOS)
def test_ratios_against_scipy(made, quantity):
    decays = trained(made, "decays")
    needed = {"d": 4, "interior": 3, "end": 1}[quantity.split("_")[0]]
    alive = decays[decays["alive"] & (decays["depth"] >= needed)]
    expected = {
        key: np.exp(naive_t(np.log(rows[quantity]))).tolist()
        for key, rows in alive.groupby(["cell", "epoch"])
    }
    found = load(made, "estimates").query("quantity == @quantity")
    assert_rows(found, ["cell", "epoch"], expected)
    counts = alive.groupby(["cell", "epoch"]).size()
    assert (
        found["n_alive"].to_numpy()
        == counts.loc[list(zip(found["cell"], found["epoch"], strict=True))]
    ).all()
    assert (found["n_alive"] + found["n_failed"] == found["n"]).all()
    assert set(found["n"]) == {5}
    assert found["n_failed"].any()


@pytest.mark.parametrize("cause", ["dead", "saturation", "underflow"])
def test_shares_of_zeros_by_cause_against_the_probes(made, cause):
    probes = trained(made, "probes")
    own = (
        probes.assign(hit=probes["zero_cause_float32"] == cause)
        .groupby(["cell", "epoch", "seed"])["hit"]
        .any()
    )
    expected = own.groupby(["cell", "epoch"]).mean()
    found = (
        load(made, "estimates")
        .query(f"quantity == 'p_zero_float32_{cause}'")
        .set_index(["cell", "epoch"])["value"]
    )
    assert (expected > 0).any() == (cause != "underflow")
    pd.testing.assert_series_equal(
        found.sort_index(), expected.sort_index(), check_names=False, check_index_type=False
    )


def test_p_alive_against_scipy(made):
    expected = {
        key: naive_share(rows["alive"])
        for key, rows in trained(made, "decays").groupby(["cell", "epoch"])
    }
    found = load(made, "estimates").query("quantity == 'p_alive'")
    assert_rows(found, ["cell", "epoch"], expected)
    assert (found["value"] < 1).any()
    assert (found["n_alive"] == 5).all()  # the measured seeds are what a share is made of
    assert (found["n_failed"] == 0).all()


@pytest.mark.parametrize("cause", ZERO_CAUSES[1:])
def test_shares_of_each_cause_of_zeros_against_scipy(made, cause):
    groups = trained(made, "decays").groupby(["cell", "epoch"])
    expected = {key: naive_share(rows["zero_cause"] == cause) for key, rows in groups}
    found = load(made, "estimates").query(f"quantity == 'p_zero_{cause.replace(' ', '_')}'")
    assert_rows(found, ["cell", "epoch"], expected)
    assert (found["value"] > 0).any() == (cause == "dead")


@pytest.mark.parametrize("quantity", [f"p_{status}" for status in RUN_STATUSES])
def test_outcome_shares_against_scipy(made, quantity):
    expected = {
        (cell, 20): naive_share(rows["status"] == quantity[2:])
        for cell, rows in load(made, "outcomes").groupby("cell")
    }
    assert_rows(load(made, "estimates").query("quantity == @quantity"), ["cell", "epoch"], expected)


@pytest.mark.parametrize("quantity", ENDS)
def test_ends_against_scipy(made, quantity):
    last = trained(made, "curves").query("epoch == 20 and finite")
    expected = {
        (cell, 20): naive_t(rows[quantity].astype(float)) for cell, rows in last.groupby("cell")
    }
    assert_rows(load(made, "estimates").query("quantity == @quantity"), ["cell", "epoch"], expected)


@pytest.mark.parametrize("quantity", ENDS)
def test_trajectories_against_scipy(made, quantity):
    measured = (
        trained(made, "curves").query("epoch in (0, 5, 20) and finite").dropna(subset=quantity)
    )
    groups = measured.groupby(["cell", "epoch"])
    expected = {key: naive_t(rows[quantity].astype(float)) for key, rows in groups}
    assert_rows(
        load(made, "trajectories").query("quantity == @quantity"), ["cell", "epoch"], expected
    )


@pytest.mark.parametrize("quantity", ["g_rms", "delta_rms", "h_rms", "g_mean_abs"])
def test_profiles_of_levels_against_scipy(made, quantity):
    alive = trained(made, "decays").query("alive")[["cell", "seed", "epoch"]]
    probes = trained(made, "probes").merge(alive).dropna(subset=quantity)
    groups = probes.groupby(LAYERS)
    expected = {key: np.exp(naive_t(np.log(rows[quantity]))).tolist() for key, rows in groups}
    found = load(made, "profiles").query("quantity == @quantity")
    assert_rows(found, LAYERS, expected)
    assert found.set_index(LAYERS)["n_alive"].to_dict() == groups.size().to_dict()


@pytest.mark.parametrize(("column", "lost"), [("zero_cause", "dead"), ("delta_rms", np.nan)])
def test_every_layer_of_a_profile_has_the_same_seeds_against_itself(folder, column, lost):
    """A run that is not alive or lacks a level in one layer is in none of them, as if it had not
    been trained."""
    cell = (
        load(folder, "runs")
        .query("depth == 8 and activation == 'tanh' and initializer == 'Xavier'")["cell"]
        .iloc[0]
    )

    def lose(frame: pd.DataFrame) -> pd.DataFrame:
        here = frame.eval(
            "cell == @cell and seed == 2 and epoch == 0 and layer == 3", local_dict={"cell": cell}
        )
        return frame.assign(
            **{column: frame[column].astype("object").mask(here, lost).astype(type(lost))}
        )

    def deltas() -> pd.DataFrame:
        profiles = analyse(folder)["profiles"].query("epoch == 0 and quantity == 'delta_rms'")
        return profiles[profiles["cell"] == cell].sort_values("layer", ignore_index=True)

    change(folder, "probes", lose)
    found = deltas()
    change(folder, "probes", lambda frame: frame[(frame["cell"] != cell) | (frame["seed"] != 2)])
    pd.testing.assert_frame_equal(found, deltas())
    assert found["n_alive"].tolist() == [4] * 9


@pytest.mark.parametrize("quantity", ["w_l1", "w_l1_change", "h_saturated", "h_dead"])
@pytest.mark.filterwarnings("ignore:Precision loss occurred")
def test_profiles_of_means_against_scipy(made, quantity):
    groups = trained(made, "probes").dropna(subset=quantity).groupby(LAYERS)
    expected = {key: naive_t(rows[quantity]) for key, rows in groups}
    assert_rows(load(made, "profiles").query("quantity == @quantity"), LAYERS, expected)


def test_profiles_of_float32_zeros_against_scipy(made):
    groups = trained(made, "probes").groupby(LAYERS)
    expected = {key: naive_share(rows["zero_cause_float32"] != "none") for key, rows in groups}
    assert_rows(load(made, "profiles").query("quantity == 'zero_float32'"), LAYERS, expected)


def test_the_output_layer_has_no_activation(made):
    profiles = load(made, "profiles").merge(
        load(made, "runs").drop_duplicates("cell")[["cell", "depth"]]
    )
    highest = profiles.groupby(["quantity", "depth"])["layer"].max().unstack()
    assert len(highest) > 2
    for quantity, layers in highest.iterrows():
        assert (layers == layers.index + (not quantity.startswith("h_"))).all()


def test_contrasts_are_the_declared_pairs_by_hand(made):
    contrasts, cells = (
        load(made, "contrasts"),
        load(made, "runs").drop_duplicates("cell").set_index("cell")[list(FACTORS)],
    )
    pairs = contrasts.drop_duplicates(["cell", "reference"])
    # 2 initializers and 2 widths, over the 3 depths and 2 activations and the levels of the other
    assert pairs["factor"].value_counts().to_dict() == {"initializer": 12, "width": 12}
    differ = cells.loc[pairs["cell"]].to_numpy() != cells.loc[pairs["reference"]].to_numpy()
    assert [[name for name, d in zip(FACTORS, row, strict=True) if d] for row in differ] == [
        [name] for name in pairs["factor"]
    ]
    for factor, reference in (("initializer", "Xavier"), ("width", 5)):
        assert set(cells.loc[pairs.query("factor == @factor")["reference"], factor]) == {reference}
    epochs = contrasts.groupby("quantity")["epoch"].unique().map(sorted).to_dict()
    assert epochs == {
        "d_g": [0, 20],
        "d_delta": [0, 20],
        "end_to_end_g": [0, 20],
        "p_learned": [20],
        "test_accuracy": [20],
    }


@pytest.mark.parametrize("quantity", ["d_g", "d_delta", "end_to_end_g"])
def test_contrasts_of_ratios_against_scipy(made, quantity):
    values = (
        trained(made, "decays")
        .query("alive")
        .dropna(subset=quantity)
        .groupby(["cell", "epoch"])[quantity]
    )
    logs = {key: np.log(some.to_numpy()) for key, some in values}
    rows = load(made, "contrasts").query("quantity == @quantity")
    assert len(rows) == 2 * (24 if quantity == "end_to_end_g" else 8)
    for row in rows.itertuples():
        a, b = logs[row.cell, row.epoch], logs[row.reference, row.epoch]
        test = stats.ttest_ind(a, b, equal_var=False)
        expected = [*np.exp([a.mean() - b.mean(), *test.confidence_interval(0.95)]), test.pvalue]
        assert [row.value, row.low, row.high, row.p] == pytest.approx(expected, rel=1e-9)
        assert (row.n, row.n_reference, row.n_alive, row.n_alive_reference) == (
            5,
            5,
            len(a),
            len(b),
        )


def test_contrasts_of_accuracy_against_scipy(made):
    accuracy = (
        trained(made, "curves").query("epoch == 20 and finite").groupby("cell")["test_accuracy"]
    )
    accuracy = {cell: some.to_numpy(dtype=float) for cell, some in accuracy}
    for row in load(made, "contrasts").query("quantity == 'test_accuracy'").itertuples():
        test = stats.ttest_ind(accuracy[row.cell], accuracy[row.reference], equal_var=False)
        value = accuracy[row.cell].mean() - accuracy[row.reference].mean()
        expected = [value, *test.confidence_interval(0.95), test.pvalue]
        assert [row.value, row.low, row.high, row.p] == pytest.approx(expected, rel=1e-7)


def test_contrasts_of_learning_follow_newcombe_by_hand(made):
    shares = load(made, "estimates").query("quantity == 'p_learned'").set_index("cell")
    for row in load(made, "contrasts").query("quantity == 'p_learned'").itertuples():
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
    declared = contrasts[contrasts["correction"] == "Holm"]
    assert set(zip(declared["quantity"], declared["epoch"], strict=True)) == {
        ("d_delta", 0),
    }
    assert len(contrasts[contrasts["correction"] == "exploratory, FDR"]) == len(contrasts) - len(
        declared
    )
    for method, name in (("Holm", "holm"), ("exploratory, FDR", "fdr_bh")):
        for _, family in (
            contrasts[contrasts["correction"] == method].dropna(subset="p").groupby("family")
        ):
            keys = family[["factor", "quantity", "epoch"]].drop_duplicates()
            assert len(keys) == 1
            np.testing.assert_allclose(
                family["p_adjusted"], multipletests(family["p"], method=name)[1]
            )


def test_holm_and_false_discovery_rate_by_hand():
    p = np.array([0.01, 0.04, np.nan, 0.03, 0.02])
    family = pd.Series(["a", "a", "a", "a", "b"], index=[7, 7, 1, 2, 3])
    np.testing.assert_allclose(adjusted(p, family, HOLM), [0.03, 0.06, np.nan, 0.06, 0.02])
    np.testing.assert_allclose(adjusted(p, family, EXPLORATORY), [0.03, 0.04, np.nan, 0.04, 0.02])


def test_decay_is_declared_before_training_and_of_optimizers_at_the_end(copied_study):
    folder = copied_study(depths=(5,), widths=(5, 6), seeds=range(4))
    footer = read_footer(folder / "runs.parquet")
    footer["study"]["contrasts"] = [
        {"factor": "width", "reference": 5, "quantities": ["d_g"]},
        {"factor": "optimizer", "reference": "SGD", "quantities": ["d_g"]},
    ]
    write_table(
        "runs", read_table("runs", folder / "runs.parquet"), folder / "runs.parquet", footer
    )
    declared = analyse(folder)["contrasts"].query("correction == 'Holm'")
    assert set(declared["family"]) == {
        "width against 5: d_g at epoch 0",
        "optimizer against SGD: d_g at epoch 20",
    }


def test_the_distribution_over_seeds_and_tests_of_decay_factors_against_scipy(made):
    alive = trained(made, "decays").query("alive and depth >= 4")
    found = load(made, "estimates").query("quantity == 'd_delta'").set_index(["cell", "epoch"])
    for key, rows in alive.groupby(["cell", "epoch"]):
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
    few = estimates.query("low.notna() and method == 't on log' and n_alive < 5")
    assert set(few["label"]) == {"approximate"}
    rows = estimates.query(
        "low.notna() and n_alive < 30 and (n_alive >= 5 or method != 't on log')"
    )
    labels = rows.astype("object").groupby("method")["label"].unique().map(list).to_dict()
    assert labels == {"t on log": ["as stated"], "t": ["approximate"], "Wilson": ["approximate"]}
    assert estimates.query("low.isna()")["label"].isna().all()


def test_every_run_of_the_design_has_one_outcome(made):
    keys = ["cell", "seed"]
    outcomes, runs = load(made, "outcomes")[keys], load(made, "runs")[keys]
    pd.testing.assert_frame_equal(
        outcomes.sort_values(keys, ignore_index=True), runs.sort_values(keys, ignore_index=True)
    )


def test_statuses_by_hand(folder):
    cell = load(folder, "runs")["cell"][0]

    def curves(frame: pd.DataFrame) -> pd.DataFrame:
        last = (frame["cell"] == cell) & (frame["epoch"] == 20)
        accuracy = (
            frame["seed"]
            .map({0: 0.76, 1: 0.75, 2: 0.9, 3: 0.9, 4: 0.2})
            .fillna(0.5)
            .astype("float32")
        )
        # of the last fifth, epochs 17 to 20, the second half is 0.3 or .1 % below the first
        fall = frame["seed"].map({1: 0.003, 4: 0.001}).fillna(0) * (frame["epoch"] > 18)
        loss = (0.7 * (1 - fall)).astype("float32")
        return frame.assign(
            test_accuracy=frame["test_accuracy"].mask(last, accuracy),
            train_loss=frame["train_loss"].mask(frame["cell"] == cell, loss),
            finite=~(last & frame["seed"].isin([3])),
        )

    def probes(frame: pd.DataFrame) -> pd.DataFrame:
        causes = {2: "dead", 3: "dead", 4: "saturation"}
        cause = (
            frame["seed"]
            .map(causes)
            .fillna("none")
            .where((frame["cell"] == cell) & (frame["epoch"] == 20), "none")
        )
        return frame.assign(zero_cause=cause)

    change(folder, "curves", curves)
    change(folder, "probes", probes)
    outcomes = analyse(folder)["outcomes"].query("cell == @cell").set_index("seed")["status"]
    assert outcomes.to_dict() == {
        0: "learned",
        1: "slow",
        2: "dead",
        3: "diverged",
        4: "stuck",
    }


def same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    for name in RESULTS:
        keys = [
            k
            for k in (
                *LIMIT_KEYS,
                "cell",
                "reference",
                "seed",
                "quantity",
                "epoch",
                "layer",
                "source",
            )
            if k in one[name]
        ]
        a, b = (frame.sort_values(keys, ignore_index=True) for frame in (one[name], other[name]))
        pd.testing.assert_frame_equal(a, b, check_exact=True)


@pytest.mark.parametrize("batch_runs", [1, 13, 10**6])
def test_numbers_do_not_depend_on_the_batches_against_itself(made, folder, batch_runs):
    same({name: load(made, name) for name in RESULTS}, analyse(folder, batch_runs))


def test_numbers_do_not_depend_on_the_order_of_rows_against_itself(made, folder):
    for name in ("probes", "curves"):
        change(folder, name, lambda frame: frame.sample(frac=1, random_state=1))
    same({name: load(made, name) for name in RESULTS}, analyse(folder))


def redesign(folder: Path, keep: Callable[[pd.DataFrame], pd.Series]) -> pd.DataFrame:
    """Keep some runs in runs.parquet; the job files stay as they are."""
    runs, footer = load(folder, "runs"), read_footer(folder / "runs.parquet")
    runs = runs[keep(runs)]
    write_table(
        "runs", pa.Table.from_pandas(runs, preserve_index=False), folder / "runs.parquet", footer
    )
    return runs


def test_one_seed_gives_values_without_intervals(folder):
    redesign(folder, lambda runs: runs["seed"] == 0)
    results = analyse(folder)
    rows = results["estimates"].query("n_alive == 1 and method in ['t', 't on log']")
    assert len(rows) > 100
    assert rows["value"].notna().all()
    assert rows[["low", "high"]].isna().all(axis=None)
    shares = results["estimates"].query("method == 'Wilson' and n_alive > 0")
    assert shares[INTERVAL].notna().all(axis=None)
    assert results["estimates"]["fit"].isna().all()
    assert results["layer_decays"]["low"].isna().all()
    assert (
        results["estimates"]
        .query("method != 'Wilson'")[["band_low", "spread", "seeds_needed"]]
        .isna()
        .all(axis=None)
    )
    assert results["limits"]["value"].notna().any()
    assert results["variances"].empty
    assert (
        results["contrasts"].query("quantity == 'd_g'")[["low", "high", "p"]].isna().all(axis=None)
    )


def test_unequal_seeds_count_what_the_design_has(made, folder):
    first, second = load(folder, "runs")["cell"].unique()[:2]
    fewer = {(first, 3), (first, 4), *((second, seed) for seed in range(4))}
    redesign(
        folder, lambda runs: ~pd.MultiIndex.from_frame(runs[["cell", "seed"]]).isin(list(fewer))
    )
    results = analyse(folder)
    estimates, contrasts = results["estimates"], results["contrasts"]
    for side, column in (("cell", "n"), ("reference", "n_reference")):
        of = contrasts.groupby(side)[column].agg(set)
        assert of.to_dict() == {cell: {{first: 3, second: 1}.get(cell, 5)} for cell in of.index}
    assert {first, second} <= {*contrasts["cell"], *contrasts["reference"]}
    sizes = estimates.groupby("cell")["n"].agg(["min", "max"])
    assert sizes.loc[[first, second]].to_numpy().tolist() == [[3, 3], [1, 1]]
    others = [
        frame[~frame["cell"].isin([first, second])]
        for frame in (estimates, load(made, "estimates"))
    ]
    pd.testing.assert_frame_equal(
        *(frame.sort_values(["cell", "quantity", "epoch"], ignore_index=True) for frame in others)
    )


def test_a_run_without_rows_is_a_failed_seed(folder):
    cell = load(folder, "runs")["cell"][0]
    for name in ("probes", "curves"):
        change(folder, name, lambda frame: frame[(frame["cell"] != cell) | (frame["seed"] != 1)])
    results = analyse(folder)
    outcome = results["outcomes"].query("cell == @cell and seed == 1")
    assert len(outcome) == 1
    assert outcome[["status", *ENDS]].isna().all(axis=None)
    estimates = results["estimates"].query("cell == @cell")
    assert set(estimates["n"]) == {5}
    assert (estimates["n_failed"] >= 1).all()
    learned = results["outcomes"].query("cell == @cell")["status"].eq("learned").sum()
    assert estimates.query("quantity == 'p_learned'")["value"].item() == learned / 4
    assert set(estimates.query("method == 'Wilson'")["n_alive"]) == {4}


def test_all_dead_has_no_decay_factor_and_says_so(folder):
    change(
        folder, "probes", lambda frame: frame.assign(zero_cause="dead", g_rms=0.0, delta_rms=0.0)
    )
    results = analyse(folder)
    assert not set(results["outcomes"]["status"]) - {"dead", "diverged"}
    ratios = results["estimates"].query("quantity in @RATIOS")
    assert len(ratios) > 100
    assert ratios[INTERVAL].isna().all(axis=None)
    assert (ratios["n_failed"] == 5).all()
    alive = results["estimates"].query("quantity == 'p_alive'")
    assert (alive["value"] == 0).all()
    assert alive["high"].tolist() == pytest.approx(
        [stats.binomtest(0, 5).proportion_ci(method="wilson").high] * len(alive)
    )
    levels = results["profiles"].query("quantity == 'g_rms'")
    assert (levels["n_alive"] == 0).all()
    assert levels["value"].isna().all()


def test_no_contrast_declared_gives_an_empty_table(folder):
    footer = read_footer(folder / "runs.parquet")
    footer["study"]["contrasts"] = []
    write_table(
        "runs", read_table("runs", folder / "runs.parquet"), folder / "runs.parquet", footer
    )
    tables = analyse(folder)
    assert tables["contrasts"].empty
    assert tables["pooled"].empty


@pytest.mark.parametrize("name", ["probes", "curves"])
def test_a_truncated_job_file_is_named_and_nothing_is_written(folder, name):
    for result in {*STUDY_TABLES} - {"runs"}:
        (folder / f"{result}.parquet").unlink()
    path = sorted((folder / name).iterdir())[1]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=rf"{path} is truncated .* `rm {path}`, then `snakemake"):
        write_estimates(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "curves",
        "probes",
        "runs.parquet",
    ]


def test_a_missing_job_file_is_named(folder):
    path = sorted((folder / "curves").iterdir())[0]
    path.unlink()
    with pytest.raises(UserError, match=f"{path} is missing"):
        write_estimates(folder)


def test_a_missing_cell_is_in_no_pair_and_the_rest_goes_on(made, folder):
    gone = load(made, "contrasts")["reference"].iloc[0]
    redesign(folder, lambda runs: runs["cell"] != gone)
    results = analyse(folder)
    left = load(made, "contrasts").query("cell != @gone and reference != @gone")
    assert 0 < len(left) < len(load(made, "contrasts"))
    keys = ["cell", "reference", "quantity", "epoch"]
    assert set(results["contrasts"][keys].itertuples(index=False)) == set(
        left[keys].itertuples(index=False)
    )
    before, after = (
        frame.groupby(["quantity", "epoch"])["n_cells"].max()
        for frame in (load(made, "variances"), results["variances"])
    )
    assert after.index.equals(before.index)
    assert after["test_accuracy"].item() == before["test_accuracy"].item() - 1


def test_constant_data_have_intervals_of_no_width_and_no_doubt(folder):
    change(
        folder, "probes", lambda frame: frame.assign(delta_rms=1.0, g_rms=1.0, zero_cause="none")
    )
    rows = analyse(folder)["estimates"].query("quantity == 'd_delta'")
    same = ["value", "low", "high", "prediction_low", "prediction_high"]
    assert (rows[same] == 1).all(axis=None)
    assert set(rows["fit"]) == {"fits"}
    assert rows["p"].isna().all()
    assert (rows["seeds_needed"] == 2).all()


@pytest.mark.filterwarnings("ignore:Precision loss")  # of seeds that all learn at once
def test_when_seeds_learn_against_the_curves(made):
    tested = trained(made, "curves").query("epoch in (10, 20)")
    first = (
        tested[tested["test_accuracy"] > 0.75]
        .groupby(["cell", "seed"])["epoch"]
        .min()
        .reindex(pd.MultiIndex.from_frame(load(made, "runs")[["cell", "seed"]]))
    )
    outcomes = load(made, "outcomes").set_index(["cell", "seed"]).loc[first.index]
    assert (outcomes["ever_learned"] == first.notna()).all()
    assert (outcomes["learning_epochs"] == first.fillna(20)).all()
    assert set(first.dropna()) == {10, 20} or set(first.dropna()) == {20}
    expected = {(cell, 20): naive_t(times.fillna(20)) for cell, times in first.groupby("cell")}
    estimates = load(made, "estimates")
    assert_rows(estimates.query("quantity == 'learning_epochs'"), ["cell", "epoch"], expected)
    ever = {(cell, 20): naive_share(times.notna()) for cell, times in first.groupby("cell")}
    assert_rows(estimates.query("quantity == 'p_ever_learned'"), ["cell", "epoch"], ever)
    by = load(made, "trajectories").query("quantity == 'p_learned_by'").set_index(["cell", "epoch"])
    for (cell, epoch), row in by.iterrows():
        assert row["value"] == (first[cell] <= epoch).mean()
        assert row["high"] == pytest.approx(min(row["value"] + np.sqrt(np.log(40) / 10), 1))
        assert (row["n_alive"], row["method"]) == (5, "DKW band over epochs")
