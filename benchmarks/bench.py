"""Speed and memory, as ratios taken in one run: `make bench` for the engine (minutes), `make
bench-study` for the workflow.

CPU seconds are those of the whole process and its children, tracing and compiling included, the
import of TensorFlow not. Results go to results/bench/*.json.
"""

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
STUDY = ROOT / "config" / "studies" / "extensions.yaml"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Row = dict[str, Any]


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of a call, all threads."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def fit_seconds(depth: int, width: int, epochs: int) -> float:
    """`model.fit` of one network of tutorial A: tanh, SGD with momentum, test rows evaluated after
    every epoch."""
    import keras

    from vgstudy.seeds import stream

    run = default_stack(depth, width)[0]
    sample = run.cell.task.sample(stream(run.cell, 0, "sample"))

    def fit() -> None:
        hidden = [keras.layers.Dense(width, activation="tanh") for _ in range(depth)]
        model = keras.Sequential(
            [keras.Input((2,)), *hidden, keras.layers.Dense(1, activation="sigmoid")]
        )
        optimizer = keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)
        model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
        test = (sample.x_test, sample.y_test)
        model.fit(
            sample.x_train,
            sample.y_train,
            validation_data=test,
            batch_size=32,
            epochs=epochs,
            verbose=0,
        )

    return cpu(fit)


def default_stack(depth: int, width: int) -> list[Any]:
    """The first stack of a shape, as the default design forms it."""
    return default_stacks(depth, width)[0]


def default_stacks(depth: int, width: int) -> list[list[Any]]:
    """All stacks of a shape, as the default design forms them."""
    from vgstudy.config.load import load_study
    from vgstudy.planning.stacks import stack
    from vgstudy.planning.study_cells import runs_of

    runs = runs_of(load_study(STUDY))
    return stack([r for r in runs if (r.cell.depth, r.cell.width) == (depth, width)])


def same_work_seconds(depth: int, width: int, size: int) -> float:
    """The engine's CPU seconds per run for what `fit_seconds` times: one activation and optimizer,
    a test after every epoch."""
    from vgstudy.cells import Run
    from vgstudy.engine.train import Stack

    cell = next(
        r.cell for r in default_stack(depth, width) if r.cell.activation.class_name == "tanh"
    )
    cell = cell.model_copy(update={"optimizer": cell.optimizer.model_copy(update=SGD)})
    runs = [
        Run(cell=type(cell).model_validate(cell.model_dump()), seed=seed) for seed in range(size)
    ]

    def work() -> None:
        stack = Stack(runs)
        for _ in range(cell.epochs):
            stack.advance(1)
            stack.test()

    return cpu(work) / size


SGD = {"class_name": "SGD", "config": {"learning_rate": 0.01, "momentum": 0.9}}


def default_seconds(depth: int, width: int) -> tuple[float, list[int]]:
    """The engine's CPU seconds per run for a shape of the default design, probes and tests
    included; runs in each of its stacks.

    All stacks of the shape are trained, as one process of a study trains them: what the first one
    sets up serves the others.
    """
    from vgstudy.config.load import load_study
    from vgstudy.engine.train import train

    stacks, log = default_stacks(depth, width), load_study(STUDY).log
    sizes = [len(runs) for runs in stacks]
    return cpu(lambda: [train(runs, log) for runs in stacks]) / sum(sizes), sizes


def shown(title: str, rows: list[Row], name: str) -> None:
    """Print the rows as a table and keep them as JSON."""
    table = Table(title=title)
    for column in rows[0]:
        table.add_column(column.replace("_", " "), justify="left" if column == "what" else "right")
    for row in rows:
        table.add_row(*(f"{v:,.3g}" if isinstance(v, float) else str(v) for v in row.values()))
    Console(width=140).print(table)
    machine = {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
    }
    folder = ROOT / "results" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(
        json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n"
    )


def _cpu_name() -> str:
    from vgstudy.store.provenance import provenance

    return str(provenance()["cpu"])


@app.command()
def engine(
    epochs: Annotated[
        int, typer.Option(help="Epochs of `model.fit`; fewer are scaled to 500.")
    ] = 500,
) -> None:
    """Time the engine against `model.fit` on one core."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    same_work_seconds(1, 5, 16)  # first use of everything
    rows: list[Row] = []
    for depth, width, size, must_same, must_default in (
        (5, 5, 256, 800, 1200),
        (10, 25, 60, 150, 200),
    ):
        fit = fit_seconds(depth, width, epochs) * 500 / epochs
        same = same_work_seconds(depth, width, size)
        default, stacked = default_seconds(depth, width)
        shape, sizes = f"{depth} hidden x {width}", ", ".join(map(str, stacked))
        rows += [
            _ratio(f"{shape}, same work, {size} runs stacked", fit, same, must_same),
            _ratio(
                f"{shape}, as the default design runs it, stacks of {sizes} runs",
                fit,
                default,
                must_default,
            ),
        ]
    shown("CPU seconds per run of 500 epochs", rows, "engine")


def _ratio(what: str, fit: float, ours: float, must: int) -> Row:
    return {
        "what": what,
        "model.fit": fit,
        "engine": ours,
        "times_less": round(fit / ours),
        "must_reach": must,
    }


@app.command()
def study(
    cores: Annotated[int, typer.Option(help="Cores for Snakemake.")] = 2,
    seeds: Annotated[
        str,
        typer.Option(
            help="Numbers of seeds, each grown from the one before in one results folder."
        ),
    ] = "10,30",
    studies: Annotated[str, typer.Option(help="Which study.")] = "extensions",
) -> None:
    """Time the whole workflow from an empty results folder, in a copy of this checkout, then
    growing it."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _copy(work)
        rows = [_grown(work, cores, count, studies) for count in map(int, seeds.split(","))]
    shown(f"{studies}, whole workflow on {cores} cores", rows, f"{studies}-workflow")


@app.command()
def tutorials(
    cores: Annotated[int, typer.Option(help="Cores for Snakemake.")] = 2,
    studies: Annotated[
        str, typer.Option(help="Which studies, separated by commas.")
    ] = "circles,visualising,digits,mnist",
) -> None:
    """Time the tutorials' studies, whole workflow each, against `model.fit` run by run as the
    tutorials do.

    `fit` is timed over two epochs with tracing and over some more without, and scaled to all epochs
    and runs.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _copy(work)
        rows = []
        for name in studies.split(","):
            whole = _timed([*_snakemake(cores), "--config", f"studies={name}"], work)
            done = subprocess.run(
                [sys.executable, __file__, "fit", name], capture_output=True, text=True, check=True
            )
            fit = float(done.stdout.split()[-1])
            rows.append(
                {
                    "what": name,
                    "core_minutes": whole["cpu"] / 60,
                    "wall_minutes": whole["wall"] / 60,
                    "model.fit_core_minutes": fit / 60,
                    "times_less": round(fit / whole["cpu"]),
                    "peak_any_process_MB": whole["peak_mb"],
                }
            )
    shown(f"The tutorials' studies, whole workflow on {cores} cores", rows, "tutorials-workflow")


@app.command(hidden=True)
def fit(name: str) -> None:
    """Print the CPU seconds that all runs of a study would take by `model.fit`, one core."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    import tensorflow as tf

    from vgstudy.config.load import load_study
    from vgstudy.planning.study_cells import cells_of

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    study = load_study(STUDY.parent / f"{name}.yaml")
    print(
        sum(_fit_seconds(each.cell, study.log.test_every) for each in cells_of(study))
        * len(study.seeds)
    )


def _fit_seconds(cell: Any, test_every: int) -> float:
    """CPU seconds of one run by `model.fit`, test rows evaluated as often as the study does."""
    import keras
    import tensorflow as tf

    from vgstudy.engine.network import activation_function
    from vgstudy.engine.optimizers import optimizer
    from vgstudy.seeds import stream

    sample = cell.task.sample(stream(cell, 0, "sample"))
    outputs, last = cell.task.outputs, "sigmoid" if cell.task.outputs == 1 else "softmax"
    hidden = [
        keras.layers.Dense(cell.width, activation=activation_function(cell.activation))
        for _ in range(cell.depth)
    ]
    model = keras.Sequential(
        [keras.Input((cell.task.inputs,)), *hidden, keras.layers.Dense(outputs, activation=last)]
    )
    loss = f"{cell.task.loss}_crossentropy"
    model.compile(optimizer=optimizer(cell.optimizer), loss=loss, metrics=["accuracy"])
    settings: dict[str, Any] = {
        "x": sample.x_train,
        "y": sample.y_train,
        "batch_size": cell.batch_size,
    }
    if cell.steps_per_epoch:  # an epoch that is not one pass needs rows without end
        rows = tf.data.Dataset.from_tensor_slices((sample.x_train, sample.y_train)).shuffle(
            len(sample.x_train)
        )
        settings = {
            "x": rows.repeat().batch(cell.batch_size),
            "steps_per_epoch": cell.steps_per_epoch,
        }
    test = (sample.x_test, sample.y_test)

    def train(epochs: int) -> None:
        model.fit(
            validation_data=test, validation_freq=test_every, epochs=epochs, verbose=0, **settings
        )

    further = min(cell.epochs - 2, max(2 * test_every, 10))
    return cpu(lambda: train(2)) + cpu(lambda: train(further)) * (cell.epochs - 2) / further


def _copy(work: Path) -> None:
    for part in ("Snakefile", "workflow", "config", "profiles", "environment.yml"):
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, work / part)


def _snakemake(cores: int) -> list[str]:
    return [str(Path(sys.executable).parent / "snakemake"), "--cores", str(cores)]


def _grown(work: Path, cores: int, seeds: int, studies: str) -> Row:
    command = [*_snakemake(cores), "--config", f"seeds={seeds}", f"studies={studies}"]
    dry = _timed([*command, "--dry-run", "--quiet", "all"], work)
    before = set(_costs(work, studies))
    whole = _timed(command, work)
    costs = {job: cost for job, cost in _costs(work, studies).items() if job not in before}
    training = sum(c["cpu_seconds"] - c["start_up_cpu_seconds"] for c in costs.values())
    return {
        "what": f"{seeds} seeds" + (" (grown)" if before else ""),
        "core_minutes": whole["cpu"] / 60,
        "wall_minutes": whole["wall"] / 60,
        "training_core_minutes": training / 60,
        "share_not_training": 1 - training / whole["cpu"],
        "new_jobs": len(costs),
        "start_up_s_a_job": sum(c["start_up_cpu_seconds"] for c in costs.values())
        / max(1, len(costs)),
        "peak_job_MB": max(c["peak_mb"] for c in costs.values()),
        "peak_any_process_MB": whole["peak_mb"],
        "dry_run_s": dry["wall"],
    }


def _timed(command: list[str], work: Path) -> dict[str, float]:
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": used, "wall": time.perf_counter() - begin, "peak_mb": after.ru_maxrss / 1024}


def _costs(work: Path, studies: str) -> dict[str, dict[str, float]]:
    from vgstudy.store.parquet import read_footer

    return {
        path.stem: read_footer(path)["cost"]
        for path in (work / "results" / studies / "probes").glob("*.parquet")
    }


if __name__ == "__main__":
    app()
