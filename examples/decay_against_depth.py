"""Draw how much of the signal is left per layer, and how many networks learn, against depth: the
README's figure, from the results of `make study`.

    python examples/decay_against_depth.py results docs/images/decay.png
"""

import sys

import matplotlib.pyplot as plt

import vgstudy

NETWORKS = {
    "ReLU, He": {"activation": "ReLU", "initializer": "He"},
    "ReLU, Xavier": {"activation": "ReLU", "initializer": "Xavier"},
    "tanh, Xavier": {"activation": "tanh", "initializer": "Xavier"},
    "sigmoid, Xavier": {"activation": "sigmoid", "initializer": "Xavier"},
}
STYLES = {"ReLU, He": "o-", "ReLU, Xavier": "s--", "tanh, Xavier": "^-.", "sigmoid, Xavier": "D:"}
PANELS = {
    "d_delta": ("decay factor of the signal\nper layer, before training", "epoch == 0"),
    "p_learned": ("share of seeds that learn", "quantity == 'p_learned'"),
}


def main(results: str, path: str) -> None:
    """Read the study `extensions` in a folder of results, draw, and save the picture."""
    study = vgstudy.load(results, study="extensions")
    width = study.runs["width"].max()
    rows = study.read("estimates", width=width).query("optimizer == 'SGD'")
    plt.rcParams.update({"font.size": 13, "font.family": "DejaVu Sans"})
    figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for axes, (quantity, (label, moment)) in zip(panels, PANELS.items(), strict=True):
        for number, (name, levels) in enumerate(NETWORKS.items()):
            of_network = (rows[list(levels)] == levels).all(axis=1)
            chosen = rows[of_network & (rows["quantity"] == quantity)].query(moment)
            points = chosen.sort_values("depth")
            ends = [points["value"] - points["low"], points["high"] - points["value"]]
            x = points["depth"] + 0.12 * (number - 1.5)  # else intervals hide each other
            (_, _, bars) = axes.errorbar(
                x, points["value"], ends, fmt=STYLES[name], ms=4, label=name
            )
            bars[0].set_alpha(0.35)
        axes.set(xlabel="hidden layers", ylabel=label, xticks=[5, 10, 15, 20])
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].axhline(1, color="0.6", lw=1)
    panels[0].annotate("1: nothing is lost", (20, 1.01), color="0.4", ha="right", size=10)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
