"""Cells, stacks and manifests: every run once, equal shapes together, one hash for one content."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nets
from nets import named
from vgstudy.cells import Cell, Run
from vgstudy.config.log import Log
from vgstudy.config.study import Study
from vgstudy.planning import cost, manifests, stacks
from vgstudy.planning.stacks import stack
from vgstudy.planning.study_cells import cells_of, runs_of

STUDIES = Path(__file__).parents[2] / "config/studies"
LOG = Log(probe_epochs=(0, 20), test_every=10)


def cell(
    depth: int = 5,
    width: int = 5,
    initializer: str = "HeUniform",
    optimizer: str = "SGD",
    epochs: int = 20,
) -> Cell:
    levels = {"initializer": named(initializer), "optimizer": named(optimizer)}
    sizes = {"samples": 1000, "train": 500, "batch_size": 32}
    return nets.cell(depth=depth, width=width, epochs=epochs, **levels, **sizes)


def keys(runs: list[Run]) -> list[tuple[str, int]]:
    return [(run.cell.id, run.seed) for run in runs]


def test_cells_by_hand(smoke: Study) -> None:
    cells = cells_of(smoke)
    assert len({c.cell.id for c in cells}) == len(cells) == 3 * 1 * 3 * 3 * 2
    first = cells[0]
    assert tuple(first.levels.values()) == (1, 5, "tanh", "Xavier", "SGD", 1.0, "none")
    assert first.cell.initializer.class_name == "GlorotUniform"
    assert (first.cell.epochs, first.cell.batch_size, first.cell.task) == (20, 32, smoke.task)


def test_a_cell_does_not_depend_on_the_rest_of_its_study(smoke: Study) -> None:
    other = smoke.model_copy(
        update={
            "factors": smoke.factors.model_copy(update={"depth": (4,)}),
            "seeds": (5,),
            "title": "Other",
        }
    )
    assert {c.cell.id for c in cells_of(other)} < {c.cell.id for c in cells_of(smoke)}


def test_runs_are_cells_times_seeds(smoke: Study) -> None:
    runs = runs_of(smoke)
    assert len(set(keys(runs))) == len(runs) == 54 * 4


@pytest.mark.parametrize(
    ("count", "most", "sizes"),
    [(30, 64, [30]), (90, 64, [45, 45]), (90, 256, [90]), (33, 16, [11, 11, 11]), (16, 16, [16])],
)
def test_stack_sizes_by_hand(
    count: int, most: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "max_stack", lambda cell: most)
    assert [len(part) for part in stack(Run(cell=cell(), seed=s) for s in range(count))] == sizes


def groups(runs: list[Run]) -> set[tuple[int, int, str]]:
    return {(run.cell.depth, run.cell.width, run.cell.optimizer.class_name) for run in runs}


SHAPES = st.tuples(
    st.sampled_from([1, 5, 20]),
    st.sampled_from([5, 25]),
    st.sampled_from(["SGD", "Adam"]),
    st.integers(1, 120),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(SHAPES, max_size=5))
def test_stacks_hold_every_run_once_and_split_no_group_without_need(
    shapes: list[tuple[int, int, str, int]],
) -> None:
    runs = [
        Run(cell=cell(d, w, init, opt), seed=s)
        for d, w, opt, n in shapes
        for init in ("HeUniform", "Zeros")
        for s in range(n)
    ]
    runs = list({(run.cell.id, run.seed): run for run in runs}.values())
    stacked = stack(runs)
    assert sorted(keys([run for part in stacked for run in part])) == sorted(keys(runs))
    homes: dict[tuple[int, int, str], list[int]] = {}
    for part in stacked:
        assert len({(run.cell.depth, run.cell.width) for run in part}) == 1
        assert len(part) <= stacks.max_stack(part[0].cell)
        for group in groups(part):
            homes.setdefault(group, []).append(sum(groups([run]) == {group} for run in part))
    for counts in homes.values():
        assert max(counts) - min(counts) <= 1
    for group, counts in homes.items():
        most = stacks.max_stack(next(run.cell for run in runs if groups([run]) == {group}))
        assert len(counts) == -(-sum(counts) // most)


def test_only_equal_shapes_share_a_stack_by_hand() -> None:
    cells = [
        cell(),
        cell(initializer="Zeros"),
        cell(depth=6),
        cell(width=6),
        cell(optimizer="Adam"),
        cell(epochs=21),
    ]
    assert [len(part) for part in stack(Run(cell=c, seed=0) for c in cells)] == [3, 1, 1, 1]


def test_an_optimizers_runs_stay_together_in_a_stack() -> None:
    runs = [Run(cell=cell(optimizer=name), seed=s) for s in range(20) for name in ("SGD", "Adam")]
    (stacked,) = stack(runs)
    assert [run.cell.optimizer.class_name for run in stacked] == ["SGD"] * 20 + ["Adam"] * 20
    assert [(c.optimizer.class_name, count) for c, count in stacks.groups(stacked)] == [
        ("SGD", 20),
        ("Adam", 20),
    ]


def test_jobs_are_balanced_and_hold_every_stack_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "TARGET", 1.5)
    stacked = stack(
        Run(cell=cell(d, w), seed=s) for d in range(1, 21) for w in (5, 25) for s in range(10)
    )
    jobs = cost.pack(stacked, LOG)
    loads = [sum(cost.stack_seconds(stacks.groups(s), LOG) for s in stack(job)) for job in jobs]
    assert sorted(keys([run for job in jobs for run in job])) == sorted(
        keys([run for s in stacked for run in s])
    )
    assert len(jobs) == cost.job_count(sum(loads)) > 8
    assert max(loads) < 1.5 * min(loads)


def test_no_runs_make_no_job() -> None:
    assert cost.pack(stack([]), LOG) == []


def test_a_manifest_gives_its_stacks_back() -> None:
    runs = [Run(cell=cell(d, init), seed=s) for d, init in ((5, 5), (20, 25)) for s in (0, 1, 7)]
    manifest = manifests.make("small", LOG, runs)
    assert manifests.runs_of(manifest) == runs
    assert stack(manifests.runs_of(manifest)) == stack(runs)
    assert [entry["seeds"] for entry in manifest["runs"]] == [[0, 1, 7], [0, 1, 7]]


def test_job_ids_name_the_content() -> None:
    manifest = manifests.make("small", LOG, [Run(cell=cell(), seed=0)])
    others = [
        manifests.make("other", LOG, [Run(cell=cell(), seed=0)]),
        manifests.make(
            "small", LOG.model_copy(update={"test_every": 5}), [Run(cell=cell(), seed=0)]
        ),
        manifests.make("small", LOG, [Run(cell=cell(), seed=1)]),
        manifests.make("small", LOG, [Run(cell=cell(depth=6), seed=0)]),
        {**manifest, "stage": -1},
    ]
    assert manifests.job_id(dict(reversed(manifest.items()))) == manifests.job_id(manifest)
    assert len({manifests.job_id(m) for m in (manifest, *others)}) == 6
    assert re.fullmatch("[0-9a-f]{12}", manifests.job_id(manifest))


ARMS = {
    "A": {"depth": 1, "activation": "tanh"},
    "B": {"depth": [1, 4], "activation": ["tanh", "ReLU"], "optimizer": "SGD"},
}


def test_a_study_of_arms_is_their_union_by_hand(smoke: Study) -> None:
    fields = smoke.model_dump(mode="json", exclude={"factors"}) | {
        "factors": smoke.factors.model_dump(mode="json")
        | {"depth": [1, 4], "activation": {"tanh": "tanh", "ReLU": "relu"}},
        "arms": ARMS,
    }
    study = Study.model_validate(fields)
    ids = {
        levels: cell.cell.id
        for levels, cell in zip(study.combinations(), cells_of(study), strict=True)
    }
    arms = {arm: study.combinations(arm) for arm in study.arms}
    assert {arm: len(cells) for arm, cells in arms.items()} == {"A": 3 * 2, "B": 4 * 3}
    assert {optimizer for *_, optimizer, _, _ in arms["B"]} == {"SGD"}
    union = {ids[levels] for cells in arms.values() for levels in cells}
    assert [c.cell.id for c in cells_of(study)] == list(
        dict.fromkeys(ids[levels] for cells in arms.values() for levels in cells)
    )
    assert study.n_cells == len(union) == 6 + 12 - 3
    whole = {c.cell.id for c in cells_of(Study.model_validate({**fields, "arms": {}}))}
    assert union < whole
