"""The networks of a tutorial over the epochs, as its readers know them: accuracy, weights,
gradients, their spread."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.lines import activation_key, draw_layers, draw_lines, layer_key
from vgstudy.figures.registry import figure
from vgstudy.figures.style import GREY, RED, Look, colours
from vgstudy.figures.view import MAX_COLUMNS, Axis, View, axes_of
from vgstudy.formatting import plural
from vgstudy.quantities import PROBE_SET
from vgstudy.schema import EXAMPLES, QUANTILES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BANDS = "Lines: median over seeds; bands: the central 90 % of the seeds, not an interval of an "
BANDS += "estimate."
DEAD = (
    "Above a panel: the network, and how many of its seeds ended dead, with a gradient of exactly "
    "zero."
)
LAYERS = (
    "Light lines are layers near the input, the darkest is the output layer; with more than 5 "
    "hidden layers only these two have bands. Bands far wider than the medians are cut at the edge "
    "of their panel."
)
ZERO = "Medians of exactly zero, as where most seeds are dead, cannot be drawn on a log axis."
EPOCHS = Axis("epoch")
KINDS = {"g": "gradient\n(loss per weight)", "w": "weights"}
BLOCKS = ("layer 1", "output layer")
FANS = ((0.01, 0.99, 0.15), (0.05, 0.95, 0.22), (0.25, 0.75, 0.35))  # from, to, opacity
MAX_POINTS = 60  # along a line
# the tutorial's single run
STAR: Look = {"color": RED, "marker": "*", "linestyle": "", "markersize": 8}
# the share of seeds that learned, at the end
RING: Look = {"color": GREY, "marker": "o", "linestyle": "", "fillstyle": "none"}

arms_figure = partial(
    figure,
    needs="the study names no arm of a single cell with independent kernels",
    is_of=lambda study: bool(study.get("arms")),
)


@arms_figure(
    "arms-accuracy",
    title="Accuracy during training",
    estimand="Running training accuracy of each epoch, and accuracy on the test rows. "
    f"{BANDS} {DEAD}",
)
def accuracy(frames: Frames) -> View:
    """Select accuracy on training and test rows by epoch, with the tutorial's single run where it
    reports one.

    A tutorial's accuracy on the training rows is measured after training, as ours on the probe
    set.
    """
    names = ("train_accuracy", "test_accuracy")
    arms = rows_of_arms(frames)
    after = chosen(arms, quantity="probe_accuracy").set_index("arm")["reported"].dropna()
    rows = fewer_epochs(chosen(arms, quantity=list(names)))
    last = (rows["quantity"] == "train_accuracy") & (rows["epoch"] == frames.last_epoch)
    stars = rows["reported"].where(~last, rows["arm"].astype("str").map(after)).astype(float)
    rows = rows.assign(x=rows["epoch"], reported=stars)
    drawn = rows[["low", "value", "high", "reported"]].astype(float)
    limits = (drawn.min().min() - 0.03, drawn.max().max() + 0.03) if len(rows) else (0.0, 1.0)
    text = "Stars: the tutorial's single run, where it reports an accuracy at the end. "
    return arms_view(
        frames,
        rows,
        axes_of(*names, limits=limits),
        text * bool(stars.notna().any()),
        panel=draw_run,
        key=run_key,
    )


@arms_figure(
    "arms-learned",
    title="Share of seeds that have learned",
    estimand="Share of all seeds whose test accuracy was above the threshold at one of the tested "
    "epochs so far, with a band that holds at all epochs at once. Ring: the share that is above it "
    f"at the end. {DEAD}",
)
def learned(frames: Frames) -> View:
    """Select the share of seeds that had learned by each tested epoch, and at the end."""
    rows = of_arms(frames, chosen(frames.trajectories, quantity="p_learned_by"))
    at_end = chosen(frames.estimates, quantity="p_learned").set_index("cell")["value"]
    is_last = rows["epoch"] == frames.last_epoch
    rows = rows.assign(x=rows["epoch"], at_end=rows["cell"].map(at_end).where(is_last))
    axes = axes_of("p_learned_by", limits=(0, 1))
    settings = {"line": ("cell",), "panel": draw_learned, "key": learned_key, "simultaneous": True}
    return arms_view(frames, rows, axes, "", **settings)


@arms_figure(
    "arms-weights",
    title="Weights of each layer during training",
    estimand="Mean and standard deviation over the entries of each layer's kernel. "
    f"{BANDS} {LAYERS} {DEAD}",
)
def weights(frames: Frames) -> View:
    """Select mean and standard deviation of each layer's weights by epoch."""
    return by_layer(frames, axes_of("w_mean", "w_sd"), says_examples=False)


@arms_figure(
    "arms-gradients",
    title="Gradients of each layer during training",
    estimand="Mean and standard deviation over the entries of each kernel's gradient. "
    f"{BANDS} {LAYERS} {ZERO} {DEAD}",
)
def gradients(frames: Frames) -> View:
    """Select mean and standard deviation of each layer's gradient by epoch."""
    return by_layer(frames, axes_of("g_mean", "g_sd"))


@arms_figure(
    "arms-first-last",
    title="Mean absolute gradient of the first and of the output layer",
    estimand="Mean absolute entry of the kernel's gradient against optimizer steps. "
    f"{BANDS} {ZERO} {DEAD}",
)
def first_last(frames: Frames) -> View:
    """Select the mean absolute gradient of layer 1 and of the output layer by optimizer step."""
    steps = Axis("iteration (optimizer steps)")
    return by_layer(frames, axes_of("g_mean_abs"), x=steps, only_ends=True)


@arms_figure(
    "arms-entries",
    title="Spread of gradients and weights during training",
    estimand="Entries of the kernel and of its gradient in layer 1 and in the output layer: median "
    "entry (line), and the central 50, 90 and 98 % of the entries (bands, dark to light), each "
    "quantile the median over seeds. What is far outside in rare epochs is cut at the edge. "
    f"{DEAD}",
    needs="the study keeps no quantiles",
)
def entries(frames: Frames) -> View:
    """Select quantiles of the entries of kernels and gradients by epoch; `value` is their median.

    The vertical axes have room for the central 90 % of the entries, but for rare epochs.
    """
    import numpy as np

    rows = end_layers(chosen(rows_of_arms(frames), quantity=["g_quantiles", "w_quantiles"]))
    rows, note = on_examples(rows)
    layer = np.where(rows["layer"] == 1, *BLOCKS)
    rows = rows.assign(x=rows["epoch"], quantity=rows["quantity"].str[0] + ", " + layer)
    quantiles = np.stack(list(rows["entries"])) if len(rows) else np.zeros((0, len(QUANTILES)))
    for name, level in (("value", 0.5), ("low", 0.05), ("high", 0.95)):
        rows[name] = quantiles[:, QUANTILES.index(level)]
    axes = {
        f"{kind}, {block}": Axis(
            f"{block}: {label}", limits=limits_of(chosen(rows, quantity=f"{kind}, {block}"))
        )
        for kind, label in KINDS.items()
        for block in BLOCKS
    }
    return arms_view(frames, rows, axes, note, panel=draw_fan, key=fan_key)


def arms_view(
    frames: Frames, rows: pd.DataFrame, axes: Mapping[str, Axis], note: str, **details: Any
) -> View:
    """Return a view with a column of panels for each arm; the note says which arms have none."""
    drawn = cells_of_arms(frames)
    others = [arm for arm in frames.study.get("arms", {}) if arm not in drawn]
    text = f"{note.strip()} Not shown: {', '.join(others)}." if others else note
    settings = {"x": EPOCHS, "across": ("arm", "network"), "line": ("cell", "layer"), **details}
    return View(rows, axes, note=text.strip(), **settings)


def by_layer(
    frames: Frames,
    axes: Mapping[str, Axis],
    x: Axis = EPOCHS,
    only_ends: bool = False,
    says_examples: bool = True,
) -> View:
    """Return the view of some quantities of every layer by epoch or step, on the tutorial's
    examples."""
    rows = chosen(rows_of_arms(frames), quantity=list(axes))
    rows, note = on_examples(end_layers(rows) if only_ends else rows)
    rows = positive(rows.assign(x=rows["epoch" if x is EPOCHS else "step"]), axes)
    note = note if says_examples else ""
    return arms_view(frames, rows, axes, note, x=x, panel=draw_layers, key=layer_key)


def limits_of(rows: pd.DataFrame) -> tuple[float, float] | None:
    """Return the ends of a vertical axis for quantiles of entries."""
    if rows.empty:
        return None
    low, high = float(rows["low"].quantile(0.02)), float(rows["high"].quantile(0.98))
    margin = 0.15 * max(high - low, 1e-12)
    return low - margin, high + margin


def positive(rows: pd.DataFrame, axes: Mapping[str, Axis]) -> pd.DataFrame:
    """Return the rows without the values and bands that a logarithmic axis has no place for."""
    logarithmic = rows["quantity"].isin([name for name in axes if axes[name].scale == "log"])
    placed = ~logarithmic | (rows["value"] > 0)
    return rows.assign(**{name: rows[name].where(placed) for name in ("value", "low", "high")})


def cells_of_arms(frames: Frames) -> dict[str, str]:
    """Return the cell of each arm that has panels: those of one cell without tied kernels, as many
    as fit side by side."""
    from vgstudy.claims.networks import named_cells

    study, design = frames.study, frames.runs.drop_duplicates("cell")
    tied = {name for name, level in study["factors"]["initializer"].items() if level.get("tied")}
    cells = {arm: named_cells(arm, study, design) for arm in study.get("arms", {})}
    single = {arm: pairs[0][0] for arm, pairs in cells.items() if len(pairs) == 1}
    initializer = design.set_index("cell")["initializer"].astype("str")
    independent = [arm for arm, cell in single.items() if initializer[cell] not in tied]
    return {arm: single[arm] for arm in independent[:MAX_COLUMNS]}


def rows_of_arms(frames: Frames) -> pd.DataFrame:
    """Return the medians and quantiles of the arms that have panels as a view has them."""
    return of_arms(
        frames, frames.arms.rename(columns={"q05": "low", "median": "value", "q95": "high"})
    )


def of_arms(frames: Frames, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the arms that have panels, with the arm's name as an ordered category and
    its network in words."""
    import pandas as pd

    cells = cells_of_arms(frames)
    rows = rows[rows["cell"].isin(cells.values())]
    arms = rows["cell"].map({cell: arm for arm, cell in cells.items()})
    networks = rows["cell"].map({cell: network(frames, cell) for cell in cells.values()})
    return rows.assign(
        arm=pd.Categorical(arms, list(cells), ordered=True), network=networks.astype("str")
    )


def network(frames: Frames, cell: str) -> str:
    """Return depth and activation of a cell, and how many of its seeds ended dead, if any."""
    design = chosen(frames.runs, cell=cell).iloc[0]
    status = chosen(frames.outcomes, cell=cell)["status"]
    dead = int((status == "dead").sum())
    text = f"{design['depth']} hidden, {design['activation']}"
    return f"{text}\n{dead} of {plural(len(status), 'seed')} dead" if dead else text


def on_examples(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the rows on the examples that the tutorial uses, a mini-batch if one is logged, and
    the sentence that says which."""
    present = set(rows["examples"])
    batches = [name for name in EXAMPLES[1:] if name in present]
    examples = batches[0] if batches else PROBE_SET
    return fewer_epochs(chosen(rows, examples=examples)), f"Gradients are of the {examples}."


def end_layers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of layer 1 and of the output layer."""
    return rows[(rows["layer"] == 1) | (rows["layer"] == rows["depth"].astype(int) + 1)]


def fewer_epochs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of at most `MAX_POINTS` epochs of every quantity, the first and the last
    among them."""
    import numpy as np
    import pandas as pd

    kept = []
    for _, some in rows.groupby("quantity", sort=False):
        epochs = np.unique(some["epoch"])
        places = np.linspace(0, len(epochs) - 1, min(MAX_POINTS, len(epochs))).round().astype(int)
        kept.append(some[some["epoch"].isin(epochs[places])])
    return pd.concat(kept) if kept else rows


def draw_run(axes: Axes, points: pd.DataFrame) -> None:
    """Draw the median seed of a panel with its band, and the tutorial's single run as a star."""
    draw_lines(axes, points)
    stars = points[points["reported"].notna()]
    if len(stars):
        reported = stars["reported"].astype(float)
        axes.plot(stars["x"], reported, **STAR, clip_on=False, zorder=5)


def draw_learned(axes: Axes, points: pd.DataFrame) -> None:
    """Draw the share that has learned with its band, and the share at the end as a ring."""
    draw_lines(axes, points)
    axes.plot(points["x"], points["at_end"].astype(float), **RING, clip_on=False)


def learned_key(frame: pd.DataFrame) -> list[Look]:
    """Return entries for the line, the ring and the activations."""
    line = {"label": "ever learned so far, 95 % band", "color": GREY}
    return [line, {"label": "learned at the end", **RING}, *activation_key(frame)]


def run_key(frame: pd.DataFrame) -> list[Look]:
    """Return entries for the line, the star and the activations."""
    line = {"label": "median seed, central 90 % of the seeds", "color": GREY}
    star = {"label": "the tutorial's single run", **STAR}
    stars = [star] if frame["reported"].notna().any() else []
    return [line, *stars, *activation_key(frame)]


def draw_fan(axes: Axes, points: pd.DataFrame) -> None:
    """Draw nested bands of the quantiles of a panel's entries around their median."""
    import numpy as np

    palette = colours(points)
    for _, line in points.groupby("line"):
        quantiles, colour = np.stack(list(line["entries"])), palette[line["activation"].iloc[0]]
        for low, high, opacity in FANS:
            below, above = (quantiles[:, QUANTILES.index(level)] for level in (low, high))
            axes.fill_between(line["x"], below, above, color=colour, alpha=opacity, linewidth=0)
        axes.plot(line["x"], line["value"], color=colour, linewidth=1.0)


def fan_key(frame: pd.DataFrame) -> list[Look]:
    """Return entries for the line and the activations."""
    return [{"label": "median entry", "color": GREY}, *activation_key(frame)]
