"""Task arrays, and what is said of files that are not MNIST."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_circles

from vgstudy.cells import Circles, Digits, Mnist
from vgstudy.config.mnist import is_absent
from vgstudy.data import mnist, sample
from vgstudy.engine.download import fetch_mnist
from vgstudy.errors import UserError

SEED = np.random.SeedSequence(5)


def test_a_random_state_gives_every_seed_the_sample_of_scikit_learn():
    task = Circles(name="circles", random_state=1, scale=None)
    x, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
    for seed in (1, 2):
        drawn = sample(task, np.random.SeedSequence(seed))
        np.testing.assert_array_equal(
            np.concatenate([drawn.x_train, drawn.x_test]), x.astype("float32")
        )
        np.testing.assert_array_equal(np.concatenate([drawn.y_train, drawn.y_test])[:, 0], y)


def test_fresh_rows_are_other_rows_on_the_same_scale():
    plain = sample(Circles(name="circles", samples=200, train=100), SEED)
    fresh = sample(Circles(name="circles", samples=200, train=100, fresh=300), SEED)
    assert np.array_equal(plain.x_train, fresh.x_train)
    assert np.array_equal(plain.x_test, fresh.x_test[:100])
    assert len(fresh.x_test) == len(fresh.y_test) == 400
    assert not set(map(tuple, fresh.x_test[100:])) & set(
        map(tuple, np.concatenate([plain.x_train, plain.x_test]))
    )
    radius = np.hypot(*fresh.x_test[100:].T)
    assert radius[fresh.y_test[100:, 0] == 1].mean() < radius[fresh.y_test[100:, 0] == 0].mean()


def test_digits_are_split_anew_for_every_seed_and_nothing_is_lost():
    first, again, other = (
        sample(Digits(name="digits"), np.random.SeedSequence(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.x_train, again.x_train)
    assert not np.array_equal(first.x_train, other.x_train)
    x, y = load_digits(return_X_y=True)
    drawn = np.concatenate([first.x_train, first.x_test]) * 16
    labels = np.concatenate([first.y_train, first.y_test]).argmax(axis=1)
    assert sorted(map(tuple, np.column_stack([drawn, labels]))) == sorted(
        map(tuple, np.column_stack([x, y]))
    )
    assert first.x_train.shape == (1297, 64)
    assert (first.y_train.sum(axis=1) == 1).all()


GOOD = {
    "x_train": np.zeros((2, 28, 28), "uint8"), "y_train": np.zeros(2, "uint8"),
    "x_test": np.zeros((1, 28, 28), "uint8"), "y_test": np.zeros(1, "uint8"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y_train": np.array([3, 10], "uint8")}, "y_train has the label 10, MNIST only 0 to 9"),
        (
            {"x_test": np.zeros((1, 8, 8), "uint8")},
            r"x_test has shape \(1, 8, 8\), MNIST \(1, 28, 28\)",
        ),
        ({"x_train": np.zeros((2, 28, 28))}, "x_train holds float64, MNIST uint8"),
        ({}, "x_train is not MNIST's: its SHA-256 is another one"),
        ({"y_test": None}, "lacks the array 'y_test';"),
    ],
    ids=["label", "size", "type", "content", "missing array"],
)
def test_a_foreign_file_is_named(change, said, tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, **{name: array for name, array in (GOOD | change).items() if array is not None})
    with pytest.raises(
        UserError, match=f"^{path}: {said}.*set `mnist:` in config.yaml or the environment variable"
    ):
        mnist.read(path)


def test_missing_and_damaged_files_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv(Mnist.variable, str(tmp_path / "none.npz"))
    with pytest.raises(UserError, match=r"none\.npz: no such file; set `mnist:`"):
        mnist.load()
    whole = tmp_path / "whole.npz"
    np.savez(whole, **GOOD)
    for name, content in {
        "empty": b"",
        "text": b"<html>",
        "truncated": whole.read_bytes()[:-100],
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(
            UserError, match=f"{name}: is no readable .npz, perhaps truncated .*; set `mnist:`"
        ):
            mnist.read(tmp_path / name)


def test_a_named_file_is_used_or_refused_and_never_replaced_by_a_download(tmp_path, monkeypatch):
    monkeypatch.setenv(Mnist.variable, str(tmp_path / "none.npz"))
    assert not is_absent()
    for refuse in (mnist.check, fetch_mnist):
        with pytest.raises(UserError, match=r"none\.npz: no such file; set `mnist:`"):
            refuse()
    np.save(tmp_path / "array.npy", np.zeros(3))
    monkeypatch.setenv(Mnist.variable, str(tmp_path / "array.npy"))
    with pytest.raises(UserError, match=r"array\.npy: "):
        mnist.check()
    monkeypatch.setenv(Mnist.variable, str(tmp_path))
    with pytest.raises(UserError, match="is no readable"):
        mnist.check()


def test_nothing_is_checked_where_nothing_is_there_and_a_misspelt_variable_is_told(
    tmp_path, monkeypatch
):
    monkeypatch.delenv(Mnist.variable, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    mnist.check()
    monkeypatch.setenv("VGSTUDY_MNST", "somewhere")
    with pytest.raises(
        UserError, match=r"VGSTUDY_MNST: no such environment variable; did you mean VGSTUDY_MNIST\?"
    ):
        mnist.check()


@pytest.mark.skipif(
    not os.environ.get(Mnist.variable), reason=f"{Mnist.variable} does not name MNIST's file"
)
def test_mnist_by_hand(tmp_path):
    drawn = sample(Mnist(name="mnist"), SEED)
    assert drawn.x_train.shape == (55_000, 784)
    assert drawn.x_test.shape == (10_000, 784)
    assert drawn.y_train[:10].argmax(axis=1).tolist() == [
        5,
        0,
        4,
        1,
        9,
        2,
        1,
        3,
        1,
        4,
    ]  # the first labels, as published
    assert (drawn.x_train.min(), drawn.x_train.max()) == (0, 1)
    cut = shutil.copy(os.environ[Mnist.variable], tmp_path / "cut.npz")
    os.truncate(cut, Path(cut).stat().st_size // 2)
    with pytest.raises(UserError, match=r"is no readable \.npz, perhaps truncated"):
        mnist.read(Path(cut))
