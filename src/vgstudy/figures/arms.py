"""The networks of a tutorial over the epochs, as its readers know them: accuracy, weights,
gradients, their spread."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from vgstudy.cells import PROBE_SET
from vgstudy.claims.networks import named_cells
from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.view import COLUMNS_AT_MOST, Axis, View
from vgstudy.formatting import listing, number, plural
from vgstudy.schema import EXAMPLES, QUANTILES

EPOCHS = Axis("epoch")
ACROSS = ("arm", "network")
STEPS = Axis("iteration (optimizer steps)")
ACCURACY_AXES = {
    "train_accuracy": Axis("accuracy\non the training rows"),
    "test_accuracy": Axis("accuracy\non the test rows"),
}
WEIGHT_AXES = {"w_mean": Axis("mean weight"), "w_sd": Axis("standard deviation\nof the weights")}
GRADIENT_AXES = {
    "g_mean": Axis("mean gradient\n(loss per weight)"),
    "g_sd": Axis("s.d. of the gradient\n(loss per weight)", "log"),
}
LEVEL_AXES = {"g_mean_abs": Axis("mean |g|\n(loss per weight)", "log")}
MOST_POINTS = 60  # along a line


def accuracy(frames: Frames) -> View:
    """Accuracy on training and test rows by epoch, with the tutorial's single run where it reports
    one."""
    rows = of_arms(frames)
    told = (
        chosen(rows, quantity="probe_accuracy").set_index("arm")["reported"].dropna()
    )  # the tutorials evaluate after training
    shown = thinned(chosen(rows, quantity=list(ACCURACY_AXES)))
    last = (shown["quantity"] == "train_accuracy") & (shown["epoch"] == frames.last_epoch)
    star = shown["reported"].where(~last, shown["arm"].astype("str").map(told))
    shown = shown.assign(x=shown["epoch"], reported=star.astype(float))
    ends = (
        np.nanquantile(shown[["low", "value", "high", "reported"]].astype(float), [0, 1])
        if len(shown)
        else np.array([0, 1])
    )
    limits = (float(ends[0]) - 0.03, float(ends[1]) + 0.03)  # room for the stars
    axes = {name: replace(axis, limits=limits) for name, axis in ACCURACY_AXES.items()}
    stars = (
        "Stars: the tutorial's single run, where it reports an accuracy at the end of these rows. "
        * bool(star.notna().any())
    )
    return View(shown, axes, EPOCHS, f"{stars}{left_out(frames)}".strip(), ACROSS)


def weights(frames: Frames) -> View:
    """Mean and standard deviation of each layer's weights by epoch."""
    return by_layer(frames, WEIGHT_AXES)


def gradients(frames: Frames) -> View:
    """Mean and standard deviation of each layer's gradient by epoch, on the tutorial's examples."""
    return by_layer(frames, GRADIENT_AXES)


def by_layer(frames: Frames, axes: Mapping[str, Axis]) -> View:
    """Some quantities of every layer by epoch."""
    shown, note = on_examples(chosen(of_arms(frames), quantity=list(axes)))
    told = f"{note if axes is not WEIGHT_AXES else ''} {left_out(frames)}".strip()
    return View(positive(shown.assign(x=shown["epoch"]), axes), axes, EPOCHS, told, ACROSS)


def first_last(frames: Frames) -> View:
    """Mean absolute gradient of layer 1 and of the output layer by optimizer step."""
    shown, note = on_examples(ends_of(chosen(of_arms(frames), quantity="g_mean_abs")))
    levels = positive(shown.assign(x=shown["step"]), LEVEL_AXES)
    return View(levels, LEVEL_AXES, STEPS, f"{note} {left_out(frames)}".strip(), ACROSS)


def entries(frames: Frames) -> View:
    """Quantiles of the entries of kernels and gradients in layer 1 and in the output layer by
    epoch; `value` is their median."""
    rows, note = on_examples(
        ends_of(chosen(of_arms(frames), quantity=["g_quantiles", "w_quantiles"]))
    )
    where = np.where(rows["layer"] == 1, "layer 1", "output layer")
    shown = rows.assign(x=rows["epoch"], quantity=rows["quantity"].str[0] + ", " + where)
    spread = np.stack(list(shown["entries"])) if len(shown) else np.zeros((0, len(QUANTILES)))
    ends = {
        name: spread[:, QUANTILES.index(q)]
        for name, q in (("value", 0.5), ("low", 0.05), ("high", 0.95))
    }
    shown = shown.assign(**ends)
    kinds = {"g": "gradient (loss per weight)", "w": "weights"}
    names = [f"{kind}, {layer}" for kind in kinds for layer in ("layer 1", "output layer")]
    limits = {name: reach(shown[shown["quantity"] == name]) for name in names}
    axes = {name: Axis(f"{kinds[name[0]]}\n{name[3:]}", limits=limits[name]) for name in names}
    told = (note, beyond(shown, limits, kinds), left_out(frames))
    return View(shown, axes, EPOCHS, " ".join(filter(None, told)), ACROSS)


def beyond(
    rows: pd.DataFrame, limits: Mapping[str, tuple[float, float] | None], kinds: Mapping[str, str]
) -> str:
    """How far medians reach that are cut at the edge of their panel, as a sentence."""
    texts = []
    for name, ends in limits.items():
        values = rows[rows["quantity"] == name]["value"].dropna()
        if (
            ends
            and len(values)
            and not ends[0] <= (furthest := values.iloc[values.abs().argmax()]) <= ends[1]
        ):
            texts.append(
                f"the {kinds[name[0]].split(' (')[0]} of {name[3:]} (to {number(furthest, 2)})"
            )
    return f"Cut at the edge of the panel, in a few epochs: {listing(texts)}." if texts else ""


def reach(rows: pd.DataFrame) -> tuple[float, float] | None:
    """Ends of a vertical axis that has room for the central 90 % of the entries, but for rare
    epochs."""
    if rows.empty:
        return None
    low, high = float(rows["low"].quantile(0.02)), float(rows["high"].quantile(0.98))
    margin = 0.15 * max(high - low, 1e-12)
    return low - margin, high + margin


def positive(rows: pd.DataFrame, axes: Mapping[str, Axis]) -> pd.DataFrame:
    """The rows without values, and their bands, that a logarithmic axis has no place for."""
    logarithmic = (
        rows["quantity"]
        .map({name: axis.scale == "log" for name, axis in axes.items()})
        .astype(bool)
    )
    placed = ~logarithmic | (rows["value"] > 0)
    return rows.assign(**{name: rows[name].where(placed) for name in ("value", "low", "high")})


def shown_arms(frames: Frames) -> dict[str, str]:
    """The cell of each arm that has a panel: those of one cell without tied kernels, as many as fit
    side by side."""
    study, design = frames.study, frames.runs.drop_duplicates("cell")
    tied = {name for name, level in study["factors"]["initializer"].items() if level.get("tied")}
    cells = {arm: named_cells(arm, study, design) for arm in study.get("arms", {})}
    single = {arm: found[0][0] for arm, found in cells.items() if len(found) == 1}
    independent = design.set_index("cell")["initializer"].astype("str")
    kept = [arm for arm, cell in single.items() if independent[cell] not in tied]
    return {arm: single[arm] for arm in kept[:COLUMNS_AT_MOST]}


def left_out(frames: Frames) -> str:
    """Which arms have no panel, as a sentence."""
    shown = shown_arms(frames)
    others = [arm for arm in frames.study.get("arms", {}) if arm not in shown]
    return f"Not shown: {', '.join(others)}." if others else ""


def of_arms(frames: Frames) -> pd.DataFrame:
    """The rows of the shown arms as a view has them, with the arm's name as an ordered category and
    its network in words."""
    arms = shown_arms(frames)
    rows = frames.arms[frames.arms["cell"].isin(arms.values())]
    names = rows["cell"].map({cell: arm for arm, cell in arms.items()})
    networks = rows["cell"].map({cell: network(frames, cell) for cell in arms.values()})
    rows = rows.rename(columns={"q05": "low", "median": "value", "q95": "high"})
    return rows.assign(
        arm=pd.Categorical(names, list(arms), ordered=True), network=networks.astype("str")
    )


def network(frames: Frames, cell: str) -> str:
    """Depth and activation of a cell, and how many of its seeds ended dead, if any."""
    design = frames.runs[frames.runs["cell"] == cell].iloc[0]
    status = frames.outcomes[frames.outcomes["cell"] == cell]["status"]
    dead = int((status == "dead").sum())
    return f"{design['depth']} hidden, {design['activation']}" + (
        f"\n{dead} of {plural(len(status), 'seed')} dead" if dead else ""
    )


def on_examples(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows on the examples that the tutorial uses, a mini-batch if one is logged, and a
    sentence that says which."""
    logged = [name for name in EXAMPLES[1:] if (rows["examples"] == name).any()] or [PROBE_SET]
    return thinned(chosen(rows, examples=logged[0])), f"Gradients are of the {logged[0]}."


def ends_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of layer 1 and of the output layer."""
    return rows[(rows["layer"] == 1) | (rows["layer"] == rows["depth"].astype(int) + 1)]


def thinned(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of at most MOST_POINTS epochs of every quantity, the first and the last among
    them."""
    kept = []
    for _, own in rows.groupby("quantity", sort=False):
        epochs = np.unique(own["epoch"])
        places = np.unique(
            np.linspace(0, len(epochs) - 1, min(MOST_POINTS, len(epochs))).round().astype(int)
        )
        kept.append(own[own["epoch"].isin(epochs[places])])
    return pd.concat(kept) if kept else rows
