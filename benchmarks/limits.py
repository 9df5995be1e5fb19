"""Training alone on one core, next to a program that trains the same networks by hand-written code:
part of `make bench`.

Networks of tutorial A's shape: tanh, SGD with momentum, mini-batches of 32. The engine runs as the
processor allows and held to AVX2, each in a process of its own, because libraries choose their
instructions when they start. Engine and anchor take turns in slices of equal length; the fastest
slice of each counts, so that other programs on the machine harm none more than the other.
"""

import json
import os
import re
import subprocess
import sys
import time
from typing import Annotated

import typer
from bench import STUDY, Row, shown

SHAPES = ((10, 25), (20, 25), (5, 5))
MUST = {
    "native": {(10, 25): 1.4, (20, 25): 1.4, (5, 5): 2.8},
    "AVX2": {(10, 25): 1.5, (20, 25): 1.5, (5, 5): 2.6},
}
HELD = {"ONEDNN_MAX_CPU_ISA": "AVX2", "XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}
THREADS = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
ROUNDS, EPOCHS, RUN_EPOCHS = 9, 10, 500

Anchor = Annotated[
    str,
    typer.Option(
        help="A program, such as one in C, that takes HIDDEN WIDTH EPOCHS, trains some runs side "
        "by side and prints 'per-run-500ep X ms'; {isa} in its path becomes native or AVX2."
    ),
]
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(anchor: Anchor = "", only: Annotated[str, typer.Option(hidden=True)] = "") -> None:
    """Time training as the processor allows and held to AVX2."""
    if only:
        print(json.dumps([row(*shape, only, anchor.format(isa=only)) for shape in SHAPES]))
        return
    command = [sys.executable, __file__, "--anchor", anchor, "--only"]
    rows = []
    for isa, held in (("native", {}), ("AVX2", HELD)):
        flags = " ".join([os.environ.get("XLA_FLAGS", ""), held.get("XLA_FLAGS", ""), THREADS])
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "XLA_FLAGS": flags}
        environment = {**os.environ, **held, **quiet}
        done = subprocess.run(
            [*command, isa], env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        rows += json.loads(done.stdout.splitlines()[-1])
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    shown(f"Training alone, CPU ms per run of 500 epochs; load {load}", rows, "limits")


def row(depth: int, width: int, isa: str, anchor: str) -> Row:
    """Time one shape; the ratio to the anchor where there is one."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    engine = Engine(depth, width)
    turns = [engine.ms() for _ in range(3)]
    best: Row = {"what": f"{depth} hidden x {width}, {isa}"}
    if not anchor:
        return best | {"engine": min([*turns, *(engine.ms() for _ in range(ROUNDS))])}
    other = Program(anchor, depth, width)
    other.epochs = max(
        1, round(other.epochs * min(turns) * engine.size * EPOCHS / RUN_EPOCHS / other.wall)
    )
    others = []
    for _ in range(ROUNDS):
        turns.append(engine.ms())
        others.append(other.ms())
    best |= {"engine": min(turns), "anchor": min(others), "ratio": min(turns) / min(others)}
    return best | {"must": MUST[isa][depth, width]}


class Engine:
    """The engine with the largest stack of tanh networks with SGD that a study would form."""

    def __init__(self, depth: int, width: int) -> None:
        import tensorflow as tf

        from vgstudy.cells import Run
        from vgstudy.config.load import load_study
        from vgstudy.engine.simd import set_xla_flags
        from vgstudy.engine.train import Stack
        from vgstudy.planning import stacks, study_cells

        set_xla_flags()
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        levels = {"depth": depth, "width": width, "activation": "tanh", "optimizer": "SGD"}
        cells = study_cells.cells_of(load_study(STUDY))
        cell = next(each.cell for each in cells if levels.items() <= each.levels.items())
        self.size = stacks.max_stack(cell)
        self._stack = Stack([Run(cell=cell, seed=seed) for seed in range(self.size)])

    def ms(self) -> float:
        """Train one epoch; return CPU milliseconds of a run of 500 epochs."""
        begin = time.process_time()
        self._stack.advance(EPOCHS)
        return (time.process_time() - begin) / self.size * RUN_EPOCHS / EPOCHS * 1e3


class Program:
    """A program that trains some runs side by side; `epochs` a call, of which the first took `wall`
    milliseconds."""

    def __init__(self, path: str, depth: int, width: int) -> None:
        self._command = [path, str(depth), str(width)]
        self.epochs = 200
        begin = time.perf_counter()
        self.ms()
        self.wall = (time.perf_counter() - begin) * 1e3

    def ms(self) -> float:
        """Train; return milliseconds of a run of 500 epochs, as the program says."""
        command = [*self._command, str(self.epochs)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return float(re.search(r"per-run-500ep\s+([\d.]+)", said)[1])  # type: ignore[index]


if __name__ == "__main__":
    app()
