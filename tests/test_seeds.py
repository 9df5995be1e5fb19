"""Random streams and identities: nothing shared, nothing moved."""

import numpy as np
import pytest

from nets import ADAM, GLOROT, HE, cell, named
from vgstudy.cells import Run
from vgstudy.config.log import Log
from vgstudy.engine.train import train
from vgstudy.seeds import PURPOSES, stream
from vgstudy.tasks.circles import Circles

KNOWN = {
    "circles-3x5-tanh-glorotuniform-sgd-%s": {},
    "circles-20x25-relu-heuniform-adam-%s": {
        "depth": 20,
        "width": 25,
        "activation": "relu",
        "initializer": HE,
        "optimizer": ADAM,
    },
    "circles-5x5-leaky_relu-glorotuniform-sgd-%s": {
        "depth": 5,
        "activation": named("leaky_relu", negative_slope=0.01),
    },
}
DIGESTS = ("2ae045e1", "d5a90834", "8b8f0cc1")


def test_ids_of_three_known_cells_stay():
    ids = [slug % digest for slug, digest in zip(KNOWN, DIGESTS, strict=True)]
    assert [cell(**fields).id for fields in KNOWN.values()] == ids, (
        "an id that changes orphans every result on disk"
    )


def test_a_stated_default_does_not_change_the_id():
    task = Circles(name="circles", samples=120, train=52)
    assert (
        cell().model_copy(update={"task": task.model_copy(update={"noise": 0.1})}).id == cell().id
    )
    assert cell().model_copy(update={"study_seed": 0}).id == cell().id
    assert cell().model_copy(update={"study_seed": 1}).id != cell().id


def test_streams_of_cells_seeds_and_purposes_all_differ():
    cells = [cell(), cell(depth=4), cell(optimizer=ADAM), cell(initializer=HE)]
    states = [
        tuple(stream(c, s, p).generate_state(4)) for c in cells for s in (0, 1, 2) for p in PURPOSES
    ]
    assert len(set(states)) == len(states) == 4 * 3 * len(PURPOSES)
    assert tuple(stream(cell(), 0, "kernels").generate_state(4)) == tuple(
        stream(cell(), 0, "kernels").generate_state(4)
    )


def shared(**fields):
    return cell(**fields).model_copy(update={"streams": "shared"})


def test_shared_streams_pair_cells_of_equal_task_depth_and_width():
    def states(spec):
        return [tuple(stream(spec, seed, p).generate_state(4)) for seed in (0, 1) for p in PURPOSES]

    arms = [shared(), shared(optimizer=ADAM), shared(initializer=HE, activation="relu", epochs=9)]
    assert states(arms[0]) == states(arms[1]) == states(arms[2])
    others = [shared(depth=4), shared(width=6), shared(train=50), cell()]
    assert len({state for spec in [arms[0], *others] for state in states(spec)}) == 5 * 2 * len(
        PURPOSES
    )
    assert len({spec.id for spec in [*arms, *others]}) == 7


def test_runs_with_shared_streams_start_from_the_same_random_numbers():
    """Glorot's and He's uniform kernels are then the same numbers at another scale."""
    log = Log(probe_epochs=(0, 1), test_every=1)
    arms = [shared(initializer=each, epochs=1, depth=4) for each in (GLOROT, HE)]
    probes = train([Run(cell=spec, seed=3) for spec in arms], log).probes.to_pandas()
    start = probes[probes["epoch"] == 0].pivot(index="layer", columns="cell", values="w_sd")
    ratios = start[arms[1].id] / start[arms[0].id]
    inner = ratios.loc[2:4]
    np.testing.assert_allclose(inner, np.sqrt(2), rtol=1e-6)  # fan_in = fan_out


def test_circles_against_scikit_learn():
    from sklearn.datasets import make_circles
    from sklearn.preprocessing import MinMaxScaler

    task = Circles(name="circles", samples=200, train=80)
    drawn = task.sample(np.random.SeedSequence(7))
    state = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(7)))
    x, y = make_circles(200, noise=0.1, factor=0.8, random_state=state)
    x = MinMaxScaler((-1, 1)).fit_transform(x)
    np.testing.assert_allclose(
        np.concatenate([drawn.x_train, drawn.x_test]), x, rtol=1e-6, atol=1e-7
    )
    assert np.concatenate([drawn.y_train, drawn.y_test]).ravel().tolist() == y.tolist()
    assert (len(drawn.x_train), len(drawn.x_test)) == (80, task.test) == (80, 120)


def test_equal_streams_give_equal_samples_and_others_do_not():
    task = Circles(name="circles")
    first, again, other = (task.sample(np.random.SeedSequence(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.x_train, again.x_train)
    assert not np.isin(first.x_train, other.x_train).all()
    assert first.x_train.min() >= -1
    assert first.x_test.max() <= 1


def test_unscaled_circles_by_hand():
    drawn = Circles(name="circles", noise=0, scale=None).sample(np.random.SeedSequence(3))
    radius = np.hypot(*drawn.x_train.T)
    assert radius[drawn.y_train[:, 0] == 0] == pytest.approx(1)
    assert radius[drawn.y_train[:, 0] == 1] == pytest.approx(0.8)
