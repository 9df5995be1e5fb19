"""Train the twenty families of models, and say what `diagnose` and published rules find in them."""

import gc
from collections.abc import Iterator
from typing import Any
from warnings import catch_warnings, simplefilter

import keras
import numpy as np
import pandas as pd

from vgstudy.probe import GradientProbe
from vgstudy.probe.diagnosis import Log, diagnose_logs, log_rows
from vgstudy.probe.rules import HEALTHY, features, verdicts
from vgstudy.validation.model_families import FAMILIES, Family
from vgstudy.validation.published_rules import alarms
from vgstudy.validation.scores import OURS, RULES

SEEDS = 10
EPOCHS = 30
BATCH = 32
PROBED = 64  # examples of the probe set
CHOOSES, JUDGES = "chooses thresholds", "judges"


def model_rows() -> Iterator[dict[str, Any]]:
    """Yield rows of the table `models`: each family healthy and broken, before and after training.

    The counts in the columns of rules are seeds in which the rule raised an alarm.
    """
    for number, family in enumerate(FAMILIES, start=1):
        for broken in (False, True):
            yield from _rows_of(number, family, broken)


def _rows_of(number: int, family: Family, broken: bool) -> Iterator[dict[str, Any]]:
    logs = [trained(family, broken, seed) for seed in range(SEEDS)]
    # models refer to themselves; memory still grows, to 5.5 GB for all families
    gc.collect()
    for epoch in (0, EPOCHS):
        yield {
            "family": number,
            "name": family.name,
            "role": CHOOSES if number % 2 else JUDGES,
            "fault": family.fault if broken else None,
            "truth": family.truth if broken else HEALTHY,
            "epoch": epoch,
            **_found(logs, epoch),
        }


def trained(family: Family, broken: bool, seed: int) -> Log:
    """Train a model with a probe; return the rows and the footer of its log."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    case = family.build(broken, np.random.default_rng(seed))
    case.model.compile(case.optimizer, case.loss, jit_compile=False)
    x, y = keras.tree.map_structure(lambda each: each[:PROBED], (case.x, case.y))
    probe = GradientProbe(x, y, every=EPOCHS, log=None, name="model", seed=seed)
    with catch_warnings():
        # Keras warns about a softmax over one unit
        simplefilter("ignore")
        case.model.fit(
            case.x, case.y, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[probe]
        )
    return probe.table(), probe.log.footer()


def _found(logs: list[Log], epoch: int) -> dict[str, Any]:
    """Return what is found at an epoch: the diagnosis, and alarms of each rule."""
    rows = pd.concat([log_rows(*log) for log in logs], ignore_index=True)
    of_runs = features(rows)
    alarm = alarms(rows).assign(**{OURS: verdicts(of_runs) != HEALTHY})
    is_now = of_runs.index.get_level_values("epoch") == epoch
    ratio = of_runs.loc[is_now, "ratio"]
    (diagnosis,) = diagnose_logs(logs, epoch)
    return {
        "verdict": diagnosis["verdict"],
        "seeds": len(logs),
        **{name: int(alarm.loc[is_now, name].sum()) for name in RULES},
        **{name: diagnosis["compared"][name] for name in ("quantity", "lowest", "highest")},
        "ratio_min": _rounded(ratio.min()),
        "ratio_max": _rounded(ratio.max()),
    }


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
