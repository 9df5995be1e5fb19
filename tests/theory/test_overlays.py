"""Theory next to measurements: rows, z scores and variances by hand; figures and sentences made of
them."""

from math import log, sqrt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysed import load
from nets import cell
from synthetic import D_DELTA, SPREAD, made_frames, study
from vgstudy.cells import Cell, Initializer
from vgstudy.figures.levels import fluctuations, theory_width
from vgstudy.figures.registry import figures
from vgstudy.figures.write import picture
from vgstudy.theory.finite_width import log_factor
from vgstudy.theory.overlays import VARIANCE, overlaid, variances
from vgstudy.theory.predictions import Prediction, predict, predict_decays

ESTIMATE = {
    "value": 0.8,
    "low": 0.7,
    "high": 0.9,
    "method": "t on log",
    "label": "as stated",
    "confidence": 0.95,
    "n": 10,
    "n_alive": 9,
    "n_failed": 1,
}


def made_cell(
    depth: int = 5,
    width: int = 5,
    activation: str = "relu",
    initializer: str = "HeUniform",
    **drawn: object,
) -> Cell:
    """Return a net on circles."""
    level = Initializer(class_name=initializer, **drawn)
    return cell(depth=depth, width=width, activation=activation, initializer=level)


def estimates(**rows: dict[str, object]) -> pd.DataFrame:
    """Rows of estimates at epoch 0 for the cell `a`."""
    return pd.DataFrame(
        [
            {"cell": "a", "quantity": name, **ESTIMATE, "spread": 0.3, **row}
            for name, row in rows.items()
        ]
    )


def test_z_by_hand():
    result = overlaid(
        [Prediction("a", "d_g", 0.9, "asymptotic", "s")], estimates(d_g={}, d_delta={})
    ).iloc[0]
    assert result["z"] == pytest.approx(log(0.8 / 0.9) / (0.3 / sqrt(9)))
    assert (result["predicted"], result["value"], result["n_alive"], result["basis"]) == (
        0.9,
        0.8,
        9,
        "asymptotic",
    )


@pytest.mark.parametrize(
    "row",
    [
        {"spread": np.nan, "n_alive": 1},
        {"spread": 0.0},
        {"spread": np.nan, "value": np.nan, "n_alive": 0},
    ],
)
def test_no_z_without_a_spread_by_hand(row):
    result = overlaid(
        [Prediction("a", name, 0.9, "asymptotic", "s") for name in ("d_g", VARIANCE)],
        estimates(d_g=row, interior_delta=row),
    )
    assert result["z"].isna().all()
    assert len(result) == 2


def test_variance_and_its_interval_against_scipy():
    result = overlaid(
        [Prediction("a", VARIANCE, 0.1, "approximation", "s")], estimates(interior_delta={})
    ).iloc[0]
    low, high = 8 * 0.09 / stats.chi2(8).ppf([0.975, 0.025])
    assert [result["value"], result["low"], result["high"]] == pytest.approx([0.09, low, high])
    assert result["z"] == pytest.approx(log(0.09 / 0.1) / sqrt(2 / 8))


def test_variances_by_hand():
    """A quarter of a layer's variance for each of the layers between the second and the last,
    ReLU-like with mean 0 only."""
    layer = log_factor(5, 2.0).variance / 4
    cells = [made_cell(depth) for depth in (2, 3, 10)]
    assert [row.value for row in variances(cells)] == pytest.approx([layer, 8 * layer])
    others = [
        made_cell(activation="tanh"),
        made_cell(initializer="RandomUniform", config={"minval": 0, "maxval": 1}),
    ]
    assert not list(variances([*others, made_cell(tied=True), made_cell(initializer="Orthogonal")]))


def test_tied_kernels_have_no_prediction_by_hand():
    assert not predict([made_cell(tied=True)])
    assert {
        row.basis for row in predict_decays([made_cell(output={"class_name": "GlorotUniform"})])
    } == {"approximation"}


def test_decays_are_those_of_predict_against_itself():
    cells = [made_cell(4), made_cell(5)]
    assert predict_decays(cells) == [
        row for row in predict(cells) if row.quantity in ("d_delta", "d_g", "d_h")
    ]


def test_overlays_of_a_study_against_theory(synthetic_study):
    """Decay factors are drawn about the prediction, so z is about standard normal."""
    levels = {"depths": (3, 10), "widths": (25,), "activations": ("tanh",), "seeds": range(20)}
    folder = synthetic_study(**levels)
    delta = load(folder, "overlays", "d_delta")
    assert set(delta["predicted"]) == set(D_DELTA.values())
    assert len(delta) == 6
    assert abs(delta["z"]).max() < 4
    variance = load(folder, "overlays", VARIANCE)
    assert sorted(variance["predicted"]) == pytest.approx([SPREAD**2] * 6 + [(8 * SPREAD) ** 2] * 6)


def rows(quantity: str, **fields: object) -> dict[str, object]:
    return {
        "quantity": quantity,
        "predicted": 0.9,
        "value": 0.8,
        "low": 0.7,
        "high": 0.95,
        "z": -1.5,
        **fields,
    }


def test_measured_over_predicted_against_width_by_hand():
    resolved = study(widths=(5, 25, 100))
    widths = [
        rows("d_g", width=width, predicted=predicted)
        for width, predicted in ((5, 0.4), (25, 0.8), (100, 0.8))
    ]
    view = theory_width(made_frames(overlays=widths, resolved=resolved))
    assert list(zip(view.frame["x"], view.frame["value"], strict=True)) == [
        (5, 2.0),
        (25, 1.0),
        (100, 1.0),
    ]
    assert "predicted" not in view.frame
    assert picture(figures()["theory-width"], view).axes[0].get_xscale() == "log"
    assert "theory-width" in figures(resolved)
    assert "theory-width" not in figures(study())


def test_fluctuations_against_the_sum_of_reciprocal_widths_by_hand():
    made = [
        rows(VARIANCE, depth=depth, width=width, activation="ReLU")
        for depth, width in ((10, 5), (3, 25))
    ]
    view = fluctuations(made_frames(overlays=made))
    assert list(view.frame["x"]) == [1.6, 0.04]


def test_variance_law_against_drawn_nets():
    """4,000 ReLU nets of 10 hidden layers 8 wide with normal kernels, one input: within 5 standard
    errors."""
    rng, width, depth, count = np.random.default_rng(3), 8, 10, 4000
    h, slopes, kernels = rng.normal(size=(count, width, 1)), [], []
    for _ in range(depth):
        kernels.append(rng.normal(0, sqrt(2 / width), (count, width, width)))
        z = kernels[-1] @ h
        slopes.append(z > 0)
        h = np.maximum(z, 0)
    delta = rng.normal(size=(count, width, 1)) * slopes[-1]
    last = np.linalg.norm(delta, axis=(1, 2))
    for layer in range(depth - 1, 1, -1):
        delta = (kernels[layer].transpose(0, 2, 1) @ delta) * slopes[layer - 1]
    first = np.linalg.norm(delta, axis=(1, 2))
    logs = np.log(last[first > 0] / first[first > 0])
    normal = made_cell(
        depth, width, initializer="RandomNormal", config={"mean": 0, "stddev": sqrt(2 / width)}
    )
    (law,) = variances([normal])
    fourth = ((logs - logs.mean()) ** 4).mean()
    error = sqrt((fourth - logs.var() ** 2) / len(logs))
    assert law.value == pytest.approx(logs.var(), abs=5 * error)


def test_a_study_without_predictions_has_an_empty_table_by_hand():
    assert overlaid([], estimates(d_g={})).empty
