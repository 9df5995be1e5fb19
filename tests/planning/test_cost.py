"""The cost model against what was measured, and its counts by hand."""

import pytest

import nets
from nets import HE, named
from vgstudy.cells import Cell, Run
from vgstudy.config.log import Log
from vgstudy.planning import cost, stacks

LOG = Log(probe_epochs=(0, 1, 2, 5, 10, 20, 50, 100, 200, 500), test_every=10)

# hidden layers, width, (optimizer, runs) of a stack, milliseconds per run and 500 epochs of the
# engine
MEASURED = [
    (1, 5, [("SGD", 90)], 6.7),
    (5, 5, [("SGD", 90)], 14.1),
    (5, 5, [("SGD", 30), ("Adam", 30)], 18.5),
    (20, 5, [("SGD", 30)], 81.4),
    (20, 5, [("SGD", 90)], 40.3),
    (5, 25, [("SGD", 30)], 73.8),
    (10, 25, [("SGD", 30)], 138.4),
    (10, 25, [("SGD", 30), ("Adam", 30)], 143.0),
    (20, 25, [("SGD", 30)], 258.5),
    (3, 100, [("SGD", 30)], 247.6),
]


def cell(depth: int, width: int, optimizer: str = "SGD", train: int = 500, **fields) -> Cell:
    usual = {"initializer": HE, "samples": 1000, "epochs": 500, "batch_size": 32}
    sizes = {"depth": depth, "width": width, "train": train}
    return nets.cell(optimizer=named(optimizer), **usual | sizes | fields)


@pytest.mark.parametrize(("depth", "width", "parts", "measured"), MEASURED)
def test_training_time_against_measurement(
    depth: int, width: int, parts: list[tuple[str, int]], measured: float
) -> None:
    stack = [(cell(depth, width, optimizer), runs) for optimizer, runs in parts]
    total = 500 * stack[0][0].steps * cost.step_seconds(stack)
    assert total / sum(runs for _, runs in stack) * 1e3 == pytest.approx(measured, rel=0.15)


def test_counts_by_hand() -> None:
    assert stacks.kernel_entries(cell(3, 4)) == 2 * 4 + 4 * 4 + 4 * 4 + 4 * 1
    assert stacks.parameters(cell(3, 4)) == 44 + 3 * 4 + 1
    assert [cell(1, 1, train=n).steps for n in (500, 512, 513)] == [16, 16, 17]


@pytest.mark.parametrize(
    ("depth", "width", "most"),
    [
        (1, 5, 256),
        (5, 5, 256),
        (20, 5, 160),
        (10, 25, 64),
        (20, 25, 32),
        (10, 400, 4),
        (1000, 4096, 1),
    ],
)
def test_stack_sizes_by_hand(depth: int, width: int, most: int) -> None:
    assert (
        stacks.max_stack(cell(depth, width)) == stacks.max_stack(cell(depth, width, "Adam")) == most
    )


def test_groups_by_hand() -> None:
    sgd, adam = cell(5, 5), cell(5, 5, "Adam")
    other = sgd.model_copy(
        update={"initializer": sgd.initializer.model_copy(update={"class_name": "Zeros"})}
    )
    runs = [Run(cell=c, seed=s) for c, n in ((sgd, 3), (adam, 2), (other, 4)) for s in range(n)]
    assert [(c.optimizer.class_name, n) for c, n in stacks.groups(runs)] == [
        ("SGD", 7),
        ("Adam", 2),
    ]


def test_more_work_costs_more() -> None:
    base = cost.stack_seconds([(cell(10, 25), 30)], LOG)
    assert cost.stack_seconds([(cell(10, 25), 31)], LOG) > base
    assert cost.stack_seconds([(cell(10, 25), 15), (cell(10, 25, "Adam"), 15)], LOG) > base
    for more in (cell(11, 25), cell(10, 26), cell(10, 25, "Adam"), cell(10, 25, batch_size=16)):
        assert cost.stack_seconds([(more, 30)], LOG) > base
    for rarer in (
        LOG.model_copy(update={"probe_epochs": (0, 500)}),
        LOG.model_copy(update={"test_every": 50}),
    ):
        assert cost.stack_seconds([(cell(10, 25), 30)], rarer) < base


def test_memory_of_the_largest_default_stack_is_below_two_gibibytes() -> None:
    cells = [cell(depth, width, "Adam") for depth in range(1, 21) for width in (5, 25)]
    sizes = [cost.stack_bytes([(c, stacks.max_stack(c))], LOG) for c in cells]
    assert cost.BASE_BYTES < min(sizes) < max(sizes) < 2**31


def test_probed_runs_by_hand() -> None:
    assert [stacks.probe_runs(20, width, 500) for width in (5, 25, 32, 33, 400)] == [
        32,
        8,
        4,
        4,
        4,
    ]
    assert [stacks.probe_runs(20, 400, examples) for examples in (499, 500, 512)] == [16, 4, 1]


@pytest.mark.parametrize(
    ("width", "batch_size", "narrow"),
    [(8, 64, True), (8, 65, False), (9, 64, False), (5, 128, False)],
)
def test_only_steps_in_lanes_take_less_by_hand(
    width: int, batch_size: int, narrow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = [(cell(3, width, batch_size=batch_size), 32)]
    before = cost.step_seconds(stack)
    monkeypatch.setattr(cost, "NARROW", 1.0)
    assert (before < cost.step_seconds(stack)) is narrow


def test_memory_of_wide_nets_against_measurement() -> None:
    """10 layers of 400, the study `widths`: 2,497 MiB with 7 runs in a stack, 2026-11-21."""
    wide = cell(10, 400, batch_size=500)
    log = Log(probe_epochs=(0, 1), test_every=1)
    assert cost.stack_bytes([(wide, 7)], log) == pytest.approx(2497 * 2**20, rel=0.1)
    assert cost.stack_bytes([(wide, stacks.max_stack(wide))], log) < 2.5e9


def test_rare_pauses_need_no_more_memory_than_the_epochs_trained_at_once() -> None:
    stack = [(cell(5, 5), 256)]
    every, tenth, never = (
        cost.stack_bytes(stack, Log(probe_epochs=(0, 500), test_every=n)) for n in (1, 10, 500)
    )
    assert every < tenth == never


def test_numbers_of_jobs_by_hand() -> None:
    assert [cost.job_count(cost.TARGET * n) for n in (0.1, 1, 1.1, 8, 8.1, 16, 17)] == [
        1,
        1,
        2,
        8,
        16,
        16,
        24,
    ]


def test_disk_by_hand() -> None:
    log = Log(probe_epochs=(0, 500), test_every=10)
    assert (
        cost.run_bytes(cell(3, 5), log)
        == 2 * 4 * cost.PROBE_ROW + 501 * cost.CURVE_ROW + 2 * cost.DECAY_ROW
    )
    relu = cell(1, 2, activation="relu")  # one layer of two units: a quarter of runs is dead
    assert (
        cost.run_bytes(relu, log)
        == 2 * 2 * cost.PROBE_ROW * 0.75 + 501 * cost.CURVE_ROW + 2 * cost.DECAY_ROW
    )


def test_wall_time_by_hand() -> None:
    jobs = [10.0, 20.0, 30.0]
    assert cost.wall_seconds(jobs, 1) == sum(jobs) + 3 * cost.START_UP
    assert cost.wall_seconds(jobs, 2) == 10 + 20 + 2 * cost.START_UP
    assert cost.wall_seconds(jobs, 8) == 30 + cost.START_UP
