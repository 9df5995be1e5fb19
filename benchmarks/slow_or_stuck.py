"""How many slow and stuck runs of tutorial A learn if they train five times as long.

`python benchmarks/slow_or_stuck.py FOLDER` trains 30 seeds of A1 and of A2 for 2,500 epochs, in two
minutes on one core, classifies them by their first 500 epochs and counts which learned later.
The seeds, 100 to 129, are others than those on which the rule was chosen.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from vgstudy.analysis.learning import is_slow, last_fifth
from vgstudy.config import yamlfile
from vgstudy.study_results import load

CIRCLES = Path(__file__).parents[1] / "config/studies/circles.yaml"
VGSTUDY = Path(sys.executable).with_name("vgstudy")
EPOCHS, LONGER = 500, 2500
ARMS = ("A1", "A2")


def longer(folder: Path) -> Path:
    """Write the study file and train its one job; return the folder of its results."""
    study = yamlfile.read(CIRCLES)
    study["arms"] = {name: study["arms"][name] for name in ARMS}
    study["factors"] |= {"depth": [1, 5], "activation": {"tanh": "tanh"}}
    initializers = study["factors"]["initializer"]
    study["factors"]["initializer"] = {"uniform(0,1)": initializers["uniform(0,1)"]}
    study["training"]["epochs"] = LONGER
    study["log"] = {"probe_epochs": [0, LONGER], "test_every": 1}
    study["seeds"] = "100-129"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "longer.yaml"
    path.write_text(json.dumps(study), encoding="utf-8")
    subprocess.run([VGSTUDY, "design", path, "--results", folder], check=True)
    for manifest in (folder / "longer/jobs").glob("*.json"):
        subprocess.run([VGSTUDY, "train", manifest], check=True)
    return folder / "longer"


def counts(curves: pd.DataFrame, above: float) -> pd.DataFrame:
    """Count the runs of one arm by their class after EPOCHS, and those that learned by LONGER."""
    accuracy = curves.pivot(index="epoch", columns="seed", values="test_accuracy")
    loss = curves.pivot(index="epoch", columns="seed", values="train_loss")
    slow = is_slow(loss.loc[last_fifth(EPOCHS)].to_numpy(dtype=float))
    kinds = np.where(accuracy.loc[EPOCHS] > above, "learned", np.where(slow, "slow", "stuck"))
    later = accuracy.loc[LONGER] > above
    return later.groupby(kinds).agg(runs="size", learned_later="sum")


if __name__ == "__main__":
    results = load(longer(Path(sys.argv[1])))
    columns = ["epoch", "test_accuracy", "train_loss"]
    frame = results.read("curves", columns, epoch=range(1, LONGER + 1))
    threshold = results.study["outcome"]["learned_above"]
    for depth, curves in frame.groupby("depth"):
        print(f"{depth} hidden\n{counts(curves, threshold)}")
