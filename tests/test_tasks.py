"""Task arrays, messages about files that are not MNIST, and a task added in one class."""

import json
import os
import re
import shutil
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pytest
from pydantic import Field
from sklearn.datasets import load_digits, make_circles

from vgstudy.cells import canonical_json
from vgstudy.config.load import load_study
from vgstudy.config.study import Study
from vgstudy.engine.train import train
from vgstudy.errors import UserError
from vgstudy.planning import cost, manifests, stacks, study_cells
from vgstudy.tasks.circles import Circles
from vgstudy.tasks.image_files import ImageFile, read
from vgstudy.tasks.images import Digits, FashionMnist, Mnist
from vgstudy.tasks.registry import TASKS, read_task
from vgstudy.tasks.task import Sample, Task

SEED = np.random.SeedSequence(5)


def test_a_random_state_gives_every_seed_the_sample_of_scikit_learn():
    task = Circles(name="circles", random_state=1, scale=None)
    x, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
    for seed in (1, 2):
        drawn = task.sample(np.random.SeedSequence(seed))
        np.testing.assert_array_equal(
            np.concatenate([drawn.x_train, drawn.x_test]), x.astype("float32")
        )
        np.testing.assert_array_equal(np.concatenate([drawn.y_train, drawn.y_test])[:, 0], y)


def test_fresh_rows_are_other_rows_on_the_same_scale():
    plain = Circles(name="circles", samples=200, train=100).sample(SEED)
    fresh = Circles(name="circles", samples=200, train=100, fresh=300).sample(SEED)
    assert np.array_equal(plain.x_train, fresh.x_train)
    assert np.array_equal(plain.x_test, fresh.x_test[:100])
    assert len(fresh.x_test) == len(fresh.y_test) == 400
    assert not set(map(tuple, fresh.x_test[100:])) & set(
        map(tuple, np.concatenate([plain.x_train, plain.x_test]))
    )
    radius = np.hypot(*fresh.x_test[100:].T)
    assert radius[fresh.y_test[100:, 0] == 1].mean() < radius[fresh.y_test[100:, 0] == 0].mean()


def test_digits_are_split_for_every_seed_and_nothing_is_lost():
    first, again, other = (
        Digits(name="digits").sample(np.random.SeedSequence(seed)) for seed in (1, 1, 2)
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


def small_file(arrays):
    """Return the description of a made-up data set with these arrays."""
    hashes = tuple((name, sha256(array.tobytes()).hexdigest()) for name, array in arrays.items())
    return ImageFile("Small", "small", "VGSTUDY_SMALL", hashes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_train": np.ones((2, 28, 28), "uint8")}, "x_train is not that of Small"),
        ({"x_test": np.zeros((1, 784), "uint8")}, "x_test is not that of Small"),
        ({"y_train": np.zeros(2, "int8")}, "y_train is not that of Small"),
        ({"y_test": None}, "is not a readable small.npz"),
    ],
    ids=["content", "shape", "type", "missing array"],
)
def test_a_file_with_other_arrays_is_named(change, message, tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, **{name: array for name, array in (GOOD | change).items() if array is not None})
    with pytest.raises(UserError, match=f"^{path}: {message}.*; set `small:` in config.yaml"):
        read(small_file(GOOD), path)


def test_missing_and_damaged_files_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv(Mnist.file.variable, str(tmp_path / "none.npz"))
    with pytest.raises(UserError, match=r"none\.npz: no such file; set `mnist:`"):
        Mnist.file.load()
    whole = tmp_path / "whole.npz"
    np.savez(whole, **GOOD)
    for name, content in {
        "empty": b"",
        "text": b"<html>",
        "truncated": whole.read_bytes()[:-100],
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(
            UserError,
            match=f"{name}: is not a readable mnist.npz: it is truncated .*; set `mnist:`",
        ):
            read(Mnist.file, tmp_path / name)


def test_a_named_file_is_used_or_refused_and_never_replaced_by_a_download(tmp_path, monkeypatch):
    monkeypatch.setenv(Mnist.file.variable, str(tmp_path / "none.npz"))
    assert not Mnist.file.must_be_downloaded
    for refuse in (Mnist.file.check, Mnist.file.download):
        with pytest.raises(UserError, match=r"none\.npz: no such file; set `mnist:`"):
            refuse()
    np.save(tmp_path / "array.npy", np.zeros(3))
    monkeypatch.setenv(Mnist.file.variable, str(tmp_path / "array.npy"))
    with pytest.raises(UserError, match=r"array\.npy: "):
        Mnist.file.check()
    monkeypatch.setenv(Mnist.file.variable, str(tmp_path))
    with pytest.raises(UserError, match="is not a readable"):
        Mnist.file.check()


def test_without_hashes_a_file_in_another_split_is_taken_and_other_images_are_not(tmp_path):
    """Copies of Fashion-MNIST do not all keep the original split."""
    whole = {
        f"{axis}_{part}": np.zeros((rows, *shape), "uint8")
        for part, rows in (("train", 60_000), ("test", 10_000))
        for axis, shape in (("x", (28, 28)), ("y", ()))
    }
    others = {
        "y_test": np.full(10_000, 10, "uint8"),
        "x_train": np.zeros((50_000, 28, 28), "uint8"),
    }
    for name, array in others.items():
        path = tmp_path / f"{name}.npz"
        np.savez_compressed(path, **{**whole, name: array})
        with pytest.raises(UserError, match=f"{name} is not that of Fashion-MNIST; set `fashion_m"):
            read(FashionMnist.file, path)
    path = tmp_path / "whole.npz"
    np.savez_compressed(path, **whole)
    assert read(FashionMnist.file, path).keys() == whole.keys()


@pytest.mark.skipif(
    not os.environ.get(Mnist.file.variable),
    reason=f"{Mnist.file.variable} does not name MNIST's file",
)
def test_mnist_by_hand(tmp_path):
    drawn = Mnist(name="mnist").sample(SEED)
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
    cut = shutil.copy(os.environ[Mnist.file.variable], tmp_path / "cut.npz")
    os.truncate(cut, Path(cut).stat().st_size // 2)
    with pytest.raises(UserError, match=r"is not a readable mnist\.npz: it is truncated"):
        read(Mnist.file, Path(cut))


class ExclusiveOr(Task):
    """Four clusters, two classes: a task that only this test knows."""

    inputs = 2
    outputs = 1
    loss = "binary"
    chance = 0.5

    name: Literal["exclusive_or"]
    train: int = Field(64, ge=4)
    spread: float = Field(0.1, gt=0)

    @property
    def test(self):
        return 16

    def sample(self, stream):
        rng = np.random.default_rng(stream)
        corners = rng.integers(0, 2, (self.train + self.test, 2))
        x = (corners + rng.normal(0, self.spread, corners.shape)).astype("float32")
        y = corners.sum(axis=1, keepdims=True) % 2
        y = y.astype("float32")
        return Sample(x[: self.train], y[: self.train], x[self.train :], y[self.train :])

    def description(self):
        return f"Task: exclusive or, {self.train} rows."


STUDY = """\
title: A task of its own
task: {name: exclusive_or, train: 40}
factors:
  depth: 4
  width: 5
  activation: {tanh: tanh}
  initializer: {Xavier: glorot_uniform}
  optimizer: {SGD: sgd}
training: {epochs: 2, batch_size: 8}
seeds: 2
log: {probe_epochs: [0, 2], test_every: 1}
outcome: {learned_above: 0.7}
"""


def test_a_task_of_one_class_goes_from_the_study_to_trained_rows(tmp_path, monkeypatch):
    path = tmp_path / "mine.yaml"
    path.write_text(STUDY)
    with pytest.raises(
        UserError, match=r"task\.name: 'exclusive_or' is not known; .* digits, mnist"
    ):
        load_study(path)
    monkeypatch.setitem(TASKS, "exclusive_or", ExclusiveOr)
    study = load_study(path)
    assert Study.model_validate_json(study.model_dump_json()) == study
    runs = study_cells.runs_of(study)
    (manifest,) = [
        json.loads(canonical_json(manifests.make(study.name, study.log, runs)))
        for runs in cost.pack(stacks.stack(runs), study.log)
    ]
    assert manifests.runs_of(manifest) == runs
    probes = train(runs, study.log).probes.to_pandas()
    assert set(probes["cell"]) == {runs[0].cell.id}
    assert runs[0].cell.id.startswith("exclusive_or-4x5-tanh-")
    assert (probes.loc[probes["layer"] == 1, "fan_in"] == 2).all()
    assert read_task({"name": "exclusive_or", "train": 40}) == study.task
    assert study.task.description() == "Task: exclusive or, 40 rows."


def test_a_mistake_in_a_tasks_keys_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, "exclusive_or", ExclusiveOr)
    path = tmp_path / "mine.yaml"
    for old, new, message in (
        ("train: 40", "trian: 40", "task.trian: unknown key; did you mean 'train'?"),
        ("train: 40", "spread: 0", "task.spread: must be above 0, not 0"),
        ("name: exclusive_or, ", "", "task.name: is missing"),
    ):
        path.write_text(STUDY.replace(old, new))
        with pytest.raises(UserError, match=re.escape(f"{path}: {message}")):
            load_study(path)


def test_a_download_is_kept_and_checked(tmp_path, monkeypatch):
    """Also where Keras itself keeps no .npz, as of Fashion-MNIST."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.integers(0, 9, array.shape, "uint8") for name, array in GOOD.items()}
    file = small_file(arrays)
    train, test = ([arrays[f"{axis}_{part}"] for axis in "xy"] for part in ("train", "test"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    small = SimpleNamespace(load_data=lambda: (train, test))
    monkeypatch.setattr("keras.datasets.small", small, raising=False)
    assert file.must_be_downloaded
    file.download()
    assert not file.must_be_downloaded
    assert all(np.array_equal(file.load()[name], array) for name, array in arrays.items())


def test_a_failed_download_ends_in_one_line(tmp_path, monkeypatch):
    def fail():
        raise OSError("no network\nmore text")

    monkeypatch.delenv(Mnist.file.variable, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.datasets.mnist.load_data", fail)
    with pytest.raises(UserError, match=r"^MNIST cannot be downloaded: no network; set `mnist:`"):
        Mnist.file.download()
