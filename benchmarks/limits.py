"""Training alone, one core, beside what else trains the same nets: part of `make bench`.

Nets of tutorial A's shape (2 inputs, tanh, SGD with momentum, 16 steps of batch 32 an epoch) on
random rows. Contenders take turns, a slice each, and the fastest slice of each counts, so that
other programs on the machine harm none more than another.
"""

import os
import re
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import typer
from bench import STUDY, Row, default_stack, shown

SHAPES = ((10, 25), (20, 25), (5, 5))
MUST, AIM = (
    {(10, 25): 1.4, (20, 25): 1.5, (5, 5): 5.5},
    {(10, 25): 1.15, (20, 25): 1.2, (5, 5): 2.5},
)
ROUNDS, STEPS, BATCH, EPOCHS = 7, 16, 32, 10
Slice = Callable[
    [], float
]  # trains for a while; CPU milliseconds that a run of 500 epochs would take


def main(
    anchor: Annotated[
        str,
        typer.Option(
            help="A program, such as one in C, that takes HIDDEN WIDTH EPOCHS "
            "and prints 'per-run-500ep X ms'."
        ),
    ] = "",
) -> None:
    """Time training alone beside the anchor, a plain `tf.function` of one model, and JAX where it
    is installed."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    shown(
        "Training alone, CPU ms per run of 500 epochs",
        [_row(*shape, anchor) for shape in SHAPES],
        "limits",
    )
    shown("Adam over SGD, and what probes and tests add to training", _shares(), "shares")


def _row(depth: int, width: int, anchor: str) -> Row:
    contenders = {
        "engine": engine(depth, width, "SGD"),
        "tf.function, one model": single(depth, width),
    }
    if find_spec("jax"):
        contenders |= {f"JAX, {size} stacked": jax_vmap(depth, width, size) for size in (32, 96)}
    if anchor:
        contenders["anchor"] = program(anchor, depth, width)
    best = fastest(contenders)
    row: Row = {"what": f"{depth} hidden x {width}", **best}
    if anchor:
        row |= {
            "engine_/_anchor": best["engine"] / best["anchor"],
            "must": MUST[depth, width],
            "aim": AIM[depth, width],
        }
    others = [ms for name, ms in best.items() if name.startswith("JAX")]
    return row | ({"JAX_/_engine": min(others) / best["engine"]} if others else {})


def _shares() -> list[Row]:
    rows: list[Row] = []
    both = fastest({name: engine(10, 25, name) for name in ("SGD", "Adam")})
    rows.append(
        {
            "what": "10 hidden x 25, Adam over SGD",
            "ratio": both["Adam"] / both["SGD"],
            "must": 1.3,
            "aim": 1.1,
        }
    )
    for depth, width in ((10, 25), (5, 5)):
        ms = fastest(parts(depth, width))
        share = (ms["probes"] + ms["tests"]) / ms["training"]
        what = f"{depth} hidden x {width}, probes and tests of the default design over training"
        rows.append({"what": what, "ratio": share, "must": 0.2, "aim": 0.1})
    return rows


def fastest(contenders: dict[str, Slice]) -> dict[str, float]:
    """The fastest slice of each contender; they take turns."""
    turns: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            turns[name].append(contender())
    return {name: min(times) for name, times in turns.items()}


def timed(work: Callable[[], object], runs: int, epochs: float = EPOCHS) -> Slice:
    """CPU milliseconds for 500 epochs of a run of work that trains `runs` runs for some epochs;
    called once before."""
    work()

    def one() -> float:
        begin = time.process_time()
        work()
        return (time.process_time() - begin) / runs * 500 / epochs * 1e3

    return one


def engine(depth: int, width: int, optimizer: str) -> Slice:
    """The engine, one activation and optimizer, the largest stack that a study would form."""
    from vgstudy.cells import Run
    from vgstudy.config.load import load_study
    from vgstudy.engine.train import Stack
    from vgstudy.planning import design, stacks

    cells = (run.cell for run in design.runs(load_study(STUDY)))
    wanted = (depth, width, "tanh", optimizer)
    cell = next(
        c
        for c in cells
        if (c.depth, c.width, c.activation.class_name, c.optimizer.class_name) == wanted
    )
    size = stacks.max_stack(cell)
    stack = Stack([Run(cell=cell, seed=seed) for seed in range(size)])
    return timed(lambda: stack.advance(EPOCHS), size)


def parts(depth: int, width: int) -> dict[str, Slice]:
    """Training, probes and tests of a stack of the default design."""
    from vgstudy.config.load import load_study
    from vgstudy.engine.train import Stack

    runs, log = default_stack(depth, width), load_study(STUDY).log
    stack = Stack(runs, log.probe_set(runs[0].cell.task.train))
    tests, probes = len(log.test_epochs(500)), len(log.probe_epochs)

    return {
        "training": timed(lambda: stack.advance(EPOCHS), len(runs)),
        "probes": timed(stack.probe, len(runs), 500 / probes),
        "tests": timed(stack.test, len(runs), 500 / tests),
    }


def single(depth: int, width: int) -> Slice:
    """One Keras model in a `tf.function` of its own, which takes a whole epoch of steps at a
    time."""
    import keras
    import tensorflow as tf

    layers = [keras.layers.Dense(width, activation="tanh") for _ in range(depth)]
    model = keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(1)])
    optimizer = keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)
    optimizer.build(model.trainable_variables)
    x, y = (tf.constant(each[0]) for each in _rows(1))

    @tf.function  # type: ignore[untyped-decorator]
    def epoch() -> None:
        for k in tf.range(STEPS):
            with tf.GradientTape() as tape:
                entropy = tf.nn.sigmoid_cross_entropy_with_logits(
                    labels=y[k], logits=model(x[k], training=True)
                )
                loss = tf.reduce_mean(entropy)
            optimizer.apply(
                tape.gradient(loss, model.trainable_variables), model.trainable_variables
            )

    return timed(epoch, 1, 1)


def jax_vmap(depth: int, width: int, size: int) -> Slice:
    """JAX: `vmap` over runs of a compiled `scan` over the steps of an epoch."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    units = [2, *[width] * depth, 1]
    shapes = list(pairwise(units))
    theta = [
        (jnp.asarray(rng.normal(size=(size, i, o)) / np.sqrt(i), "float32"), jnp.zeros((size, o)))
        for i, o in shapes
    ]
    state = [theta, jax.tree.map(jnp.zeros_like, theta)]
    x, y = map(jnp.asarray, _rows(size))

    def loss(theta: Any, x: Any, y: Any) -> Any:
        *hidden, (kernel, bias) = theta
        for w, b in hidden:
            x = jnp.tanh(x @ w + b)
        z = x @ kernel + bias
        return jnp.mean(jnp.logaddexp(0, z) - z * y)

    def step(carry: Any, batch: Any) -> Any:
        theta, velocity = carry
        velocity = jax.tree.map(
            lambda v, g: 0.9 * v - 0.01 * g, velocity, jax.grad(loss)(theta, *batch)
        )
        return (jax.tree.map(jnp.add, theta, velocity), velocity), None

    epoch = jax.jit(
        jax.vmap(lambda theta, velocity, x, y: jax.lax.scan(step, (theta, velocity), (x, y))[0])
    )

    def advance() -> None:
        for _ in range(3):
            state[:] = epoch(*state, x, y)
        jax.block_until_ready(state)

    return timed(advance, size, 3)


def _rows(size: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Random inputs (stack, step, example, 2) and targets (stack, step, example, 1)."""
    rng = np.random.default_rng(1)
    shape = (size, STEPS, BATCH)
    return rng.normal(size=(*shape, 2)).astype("float32"), rng.integers(0, 2, (*shape, 1)).astype(
        "float32"
    )


def program(path: str, depth: int, width: int) -> Slice:
    """Another program."""

    def one() -> float:
        command = [path, str(depth), str(width), "200"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return float(re.search(r"per-run-500ep\s+([\d.]+)", said)[1])  # type: ignore[index]

    return one


if __name__ == "__main__":
    typer.run(main)
