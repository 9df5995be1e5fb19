"""Networks with remedies before training, against what papers derive for them."""

import numpy as np

from nets import HE, cell, named
from vgstudy.cells import Run
from vgstudy.engine.train import Stack
from vgstudy.remedies import Normalization, Remedy, Skip
from vgstudy.tasks.circles import Circles

TASK = Circles(name="circles", samples=600, train=256)


def probed(column, seeds=4, **fields):
    """A probe column before training, (seed, layer)."""
    spec = cell(task=TASK, batch_size=32, **fields)
    runs = [Run(cell=spec, seed=seed) for seed in range(seeds)]
    return Stack(runs).probe().columns[column]


def growth(levels, first, last):
    """The factor by which levels grow from a layer to the one below it, geometric mean over
    layers and seeds."""
    logs = np.log(levels[:, first - 1 : last])
    return np.exp(-np.diff(logs, axis=1).mean())


def test_batch_normalization_makes_relu_gradients_explode_against_yang_2019():
    """By sqrt(pi / (pi - 1)) a layer toward the input, for wide layers and large batches."""
    batch = Remedy(normalization=Normalization(kind="batch"))
    delta = probed(
        "delta_rms", depth=20, width=128, activation="relu", initializer=HE, remedy=batch
    )
    assert abs(growth(delta, 8, 19) - np.sqrt(np.pi / (np.pi - 1))) < 0.02


SKIP = Remedy(skip=Skip(every=1, branch_scale="depth"))


def gained(**fields):
    """Log of the signal of layer 2 over that of the last hidden layer, mean over seeds; layer 1 is
    no branch."""
    delta = probed("delta_rms", **fields)
    return np.log(delta[:, 1] / delta[:, -2]).mean()


def test_scaled_skip_connections_keep_the_signal_at_any_depth():
    """A tanh branch of scale 1/sqrt(L) multiplies the mean square by at most 1 + 1/L, all branches
    together by at most e; a plain network of the same kernels loses more the deeper it is."""
    fields = {"width": 32, "activation": "tanh", "initializer": named("GlorotUniform")}
    kept = [gained(depth=depth, remedy=SKIP, **fields) for depth in (10, 40)]
    assert np.abs(kept).max() < 0.5
    assert gained(depth=40, **fields) < -1


def test_linear_layers_from_fan_in_uniform_shrink_by_root_three_against_glorot_2010():
    """U(-1/sqrt(n), 1/sqrt(n)) has variance 1/(3 n)."""
    uniform = named("VarianceScaling", scale=1 / 3, mode="fan_in", distribution="uniform")
    delta = probed("delta_rms", depth=12, width=128, activation="linear", initializer=uniform)
    assert abs(growth(delta, 2, 12) - 1 / np.sqrt(3)) < 0.01


def test_selu_keeps_mean_square_one_against_klambauer_2017():
    lecun = named("LecunNormal")
    h = probed("h_rms", depth=25, width=128, activation="selu", initializer=lecun)
    assert np.abs(h[:, 15:-1] - 1).max() < 0.3


def test_orthogonal_kernels_keep_tanh_gradients_closer_together_against_pennington_2017():
    """Near criticality the signal of an orthogonal network varies less from seed to seed."""
    fields = {"depth": 30, "width": 32, "activation": "tanh", "seeds": 30}
    orthogonal, gaussian = named("Orthogonal"), named("LecunNormal")
    spread = [
        np.std(np.log(delta[:, 0] / delta[:, -2]))
        for delta in (probed("delta_rms", initializer=i, **fields) for i in (orthogonal, gaussian))
    ]
    assert spread[0] < 0.7 * spread[1]
