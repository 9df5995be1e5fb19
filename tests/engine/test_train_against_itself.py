"""A run's rows depend on its cell, its seed and the log settings alone: bit for bit, whatever else
its stack holds."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from nets import ADAM, GLOROT, HE, SGD, cell, named
from vgstudy.cells import Run
from vgstudy.config.log import Log, MiniBatches
from vgstudy.engine import probes
from vgstudy.engine.batches import MiniBatches as Batches
from vgstudy.engine.train import train
from vgstudy.planning import stacks
from vgstudy.tasks.image_files import ImageFile
from vgstudy.tasks.images import Digits, Mnist

LOG = Log(
    probe_epochs=(0, 2, 5),
    test_every=2,
    mini_batches=MiniBatches(next=(0, 5), last=(2, 5), test=(1,)),
    quantiles=True,
)


def bits(value):
    return value if isinstance(value, str | None) else np.asarray(value).tobytes()


def rows(trained, run):
    """A run's rows of both tables, as bytes."""
    mine = []
    for table in (trained.probes, trained.curves):
        table = table.filter(
            pc.and_(pc.equal(table["cell"], run.cell.id), pc.equal(table["seed"], run.seed))
        )
        assert table.num_rows > 0
        plain = table.drop_columns("cell").to_pandas()
        mine.append(
            [
                [bits(v) for v in plain[name]]
                if plain[name].dtype.kind == "O"
                else bits(plain[name])
                for name in plain
            ]
        )
    return mine


def members(count, **fields):
    fields = {"epochs": 5, **fields}
    return [
        Run(cell=cell(initializer=(GLOROT, HE)[seed % 2], **fields), seed=seed)
        for seed in range(count)
    ]


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({}, (slice(1), slice(2), slice(3, 20), slice(None, None, -1), slice(5, 40, 7))),
        ({"activation": "relu", "optimizer": ADAM}, (slice(2), slice(None, None, -1))),
        (
            {"activation": "sigmoid", "optimizer": named("RMSprop"), "depth": 2, "width": 25},
            (slice(1), slice(39, 3, -2)),
        ),
        (
            {
                "activation": named("leaky_relu", negative_slope=0.01),
                "width": 7,
                "batch_size": 13,
            },
            (slice(1), slice(3, 20), slice(None, None, -1)),
        ),
        (
            {
                "task": Digits(name="digits", train=77),
                "width": 10,
                "optimizer": ADAM,
                "batch_size": 30,
                "steps_per_epoch": 2,
            },
            (slice(1), slice(39, 3, -2)),
        ),
    ],
    ids=["tanh-SGD", "relu-Adam", "sigmoid-RMSprop", "leaky-odd-sizes", "softmax-by-steps"],
)
def test_any_split_and_order_of_a_stack_gives_the_same_bits(fields, parts):
    runs = members(40, **fields)
    whole = train(runs, LOG)
    for part in parts:
        again = train(runs[part], LOG)
        assert all(rows(whole, run) == rows(again, run) for run in runs[part])


def test_any_split_and_order_of_a_stack_with_shared_rows_gives_the_same_bits(monkeypatch):
    rng = np.random.default_rng(0)
    arrays = {
        f"{axis}_{part}": (
            rng.integers(0, 256, (n, 28, 28)) if axis == "x" else rng.integers(0, 10, n)
        ).astype("uint8")
        for part, n in (("train", 80), ("test", 30))
        for axis in "xy"
    }
    monkeypatch.setattr(ImageFile, "load", lambda file: arrays)
    runs = members(
        20,
        task=Mnist(name="mnist", train=77),
        width=10,
        optimizer=ADAM,
        batch_size=30,
        steps_per_epoch=2,
    )
    log = LOG.model_copy(update={"probe_rows": 40})
    whole = train(runs, log)
    for part in (runs[:1], runs[19:2:-2]):
        again = train(part, log)
        assert all(rows(whole, run) == rows(again, run) for run in part)


def test_mini_batches_in_portions_are_those_of_whole_passes():
    def order():
        return Batches([np.random.default_rng(seed) for seed in (1, 2)], 52, 16)

    portions = order()
    taken = [portions.take(steps) for steps in (1, 3, 5, 2, 1)]
    batches, weights = order().take(12)
    assert np.array_equal(np.concatenate([t[0] for t in taken]), batches)
    assert np.array_equal(np.concatenate([t[1] for t in taken]), weights)
    for first in range(0, 12, 4):  # each pass has every row once
        used = batches[first : first + 4, 0][weights[first : first + 4] > 0]
        assert sorted(used) == list(range(52))
    assert np.allclose(weights.sum(axis=1), 1)


def test_a_stack_of_several_activations_and_optimizers_gives_the_same_bits_as_stacks_of_one():
    kinds = [
        ("tanh", SGD),
        ("relu", ADAM),
        ("tanh", ADAM),
        (named("leaky_relu", negative_slope=0.01), SGD),
    ]
    mixed = [
        Run(cell=cell(epochs=5, activation=a, optimizer=o), seed=s)
        for s in range(9)
        for a, o in kinds
    ]
    whole = train(mixed, LOG)
    for activation, optimizer in kinds:
        alone = [
            Run(cell=cell(epochs=5, activation=activation, optimizer=optimizer), seed=s)
            for s in range(9)
        ]
        again = train(alone, LOG)
        assert all(rows(whole, run) == rows(again, run) for run in alone)


@pytest.mark.parametrize("width", [5, 10])  # trained in lanes, and with probes that are graphs
def test_however_a_mixed_stack_is_cut_to_be_probed_it_gives_the_same_bits(monkeypatch, width):
    mixed = [
        Run(cell=cell(epochs=5, width=width, activation=a), seed=s)
        for a in ("tanh", "relu", "sigmoid")
        for s in range(17)
    ]
    whole = train(mixed, LOG)
    for most in (16, 48):
        monkeypatch.setattr(probes, "probe_runs", lambda *_, most=most: most)
        again = train(mixed, LOG)
        assert again.probes == whole.probes
        assert again.curves == whole.curves


def test_more_probes_and_tests_leave_the_training_bits_alone():
    runs = members(3)
    few, many = (
        train(runs, Log(probe_epochs=(0, 5), test_every=5)),
        train(runs, Log(probe_epochs=tuple(range(6)), test_every=1)),
    )
    assert few.curves["train_loss"] == many.curves["train_loss"]
    last = few.probes.filter(pc.equal(few.probes["epoch"], 5))
    assert last.drop_columns("update_rms") == many.probes.filter(
        pc.equal(many.probes["epoch"], 5)
    ).drop_columns("update_rms")


@pytest.mark.parametrize("batch_size", [13, 16])
def test_wide_nets_probed_a_few_at_a_time_give_the_same_bits_as_sixteen_at_a_time(
    monkeypatch, batch_size
):
    runs = members(7, width=40, epochs=2, samples=1000, train=500, batch_size=batch_size)
    log = Log(probe_epochs=(0, 2), test_every=2, mini_batches=MiniBatches(next=(0,)))
    monkeypatch.setattr(stacks, "PROBE_ENTRIES", 8 * 40 * 500)
    assert stacks.probe_runs(runs[0].cell.depth, 40, 500) < stacks.LANES
    few = train(runs, log)
    monkeypatch.setattr(probes, "probe_runs", lambda *_: stacks.LANES)
    sixteen = train(runs, log)
    assert all(rows(few, run) == rows(sixteen, run) for run in runs)


def test_two_seeds_share_nothing():
    table = train(members(4), LOG).probes
    start = table.filter(
        pc.and_(pc.equal(table["epoch"], 0), pc.equal(table["examples"], "probe set"))
    ).to_pandas()
    assert not start.duplicated("w_l1").any()  # every kernel of every run, tied layers would repeat


THREADS = """
import hashlib, sys
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))
from engine.test_train_against_itself import LOG, members, rows
from vgstudy.engine.train import train
found = []
for width in (5, 25):
    runs = members(48, width=width, depth=6, batch_size=32)
    trained = train(runs, LOG)
    found += [rows(trained, run) for run in runs]
print(hashlib.sha256(repr(found).encode()).hexdigest())
"""


@pytest.mark.slow
def test_one_or_two_threads_give_the_same_bits():
    def digest(threads):
        done = subprocess.run(
            [sys.executable, "-c", THREADS, threads],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[1],
        )
        return done.stdout.strip()

    one = digest("1")
    assert len(one) == 64
    assert one == digest("2")


def test_curves_are_null_where_nothing_was_measured():
    curves = train(members(2), LOG).curves.to_pandas()
    assert curves["train_loss"].notna().groupby(curves["epoch"]).all().to_dict() == dict(
        enumerate([False] + [True] * 5)
    )
    assert sorted(curves.loc[curves["test_loss"].notna(), "epoch"].unique()) == [0, 2, 4, 5]


def test_a_diverged_run_is_marked_from_its_first_non_finite_loss_on_and_harms_no_other():
    wild = named("SGD", learning_rate=1e20)
    runs = members(2, activation="relu", optimizer=wild, epochs=5)
    curves = train(runs, LOG).curves.to_pandas()
    finite = curves.groupby("seed")["finite"].apply(list)
    for flags in finite:
        assert flags[0]
        assert not flags[-1]
        assert flags == sorted(flags, reverse=True)
    calm = [Run(cell=cell(epochs=5, optimizer=SGD), seed=s) for s in range(2)]
    assert train(calm, LOG).curves.to_pandas()["finite"].all()
    assert np.isfinite(curves.loc[curves["epoch"] == 0, "test_loss"]).all()


def test_a_diverged_run_has_no_accuracy_and_no_shares_of_units():
    """What is not a number compares as false, which would be a wrong prediction and a flat unit."""
    runs = members(2, activation="relu", optimizer=named("SGD", learning_rate=1e20), epochs=5)
    trained = train(runs, LOG)
    curves, probes = trained.curves.to_pandas(), trained.probes.to_pandas()
    assert curves["finite"].any()
    assert not curves["finite"].all()
    for name in ("train", "test", "probe"):
        logged = ~np.array(trained.curves[f"{name}_loss"].is_null())
        assert (curves[f"{name}_accuracy"].notna() == (curves["finite"] & logged)).all()
    hidden = probes[probes["kind"] != "output"]
    lost = ~np.isfinite(hidden["h_rms"])
    assert lost.any()
    assert not lost.all()
    for name in ("h_saturated", "h_dead"):
        assert (hidden[name].isna() == lost).all()
