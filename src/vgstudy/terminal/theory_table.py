"""What theory predicts for a study, as a table."""

from collections.abc import Sequence
from math import isinf

from rich.console import Group
from rich.text import Text

from vgstudy.config.study import Study
from vgstudy.formatting import number
from vgstudy.planning import design
from vgstudy.planning.design import LabelledCell
from vgstudy.terminal.output import text_table
from vgstudy.theory.predictions import Prediction, predict

HEADS = {
    "q": "q*",
    "chi": "χ",
    "depth_scale": "ξ",
    "d_delta": "d δ",
    "d_g": "d g",
    "d_h": "d h",
    "d_delta_one_input": "1 input",
    "p_dead_one_input": "dead",
}
MARKS = {"exact": "=", "asymptotic": "", "approximation": "≈"}
LEGEND = (
    "= exact, ≈ approximation, unmarked: the limit of infinite width, – theory does not say: "
    "limits of depth and the single input need kernels of mean 0, decay factors 4 hidden layers "
    "or more, the single input ReLU or alike. The limits of depth: q* variance of a pre- "
    "activation, χ change of the mean square of δ per layer toward the input, ξ = −1 / log χ, the "
    "layers in which it falls by a factor of e; ξ < 0: in which it grows by it; ∞: neither. At "
    "this depth: d, decay factors per layer toward the input. For a single input at this width: "
    "typical d of δ, and the probability that a ReLU network is dead."
)


def theory_table(study: Study, depth: int) -> Group:
    """Return a row for each activation, initializer and width of the study, at its depth nearest to
    `depth`, and a legend with the sources."""
    cells = _cells(study, depth)
    predictions = predict(labelled.cell for labelled in cells)
    by_key = {(each.cell, each.quantity): each for each in predictions}
    rows = tuple(
        (
            "{activation}, {initializer}, {width}".format(**labelled.levels),
            *(_text(by_key.get((labelled.cell.id, quantity))) for quantity in HEADS),
        )
        for labelled in cells
    )
    title = f"{study.name}: theory at depth {cells[0].cell.depth}, before any update"
    sources = "; ".join(dict.fromkeys(each.source for each in predictions))
    head = ("activation, initializer, width", *HEADS.values())
    note = Text(f"{LEGEND} Sources: {sources or 'none'}.")
    return Group(text_table(title, head, rows), note)


def _cells(study: Study, depth: int) -> Sequence[LabelledCell]:
    """Return the study's cells of the nearest depth; of their optimizers the first, which changes
    nothing before an update."""
    cells = design.cells(study)
    depths = {labelled.cell.depth for labelled in cells}
    nearest = min(depths, key=lambda each: (abs(each - depth), each))
    first: dict[tuple[int | float | str, ...], LabelledCell] = {}
    for labelled in cells:
        if labelled.cell.depth == nearest:
            key = tuple(labelled.levels[name] for name in ("activation", "initializer", "width"))
            first.setdefault(key, labelled)
    return [first[key] for key in sorted(first)]


def _text(prediction: Prediction | None) -> str:
    if prediction is None:
        return number(None)
    value = "∞" if isinf(prediction.value) else _short(prediction.value)
    return MARKS[prediction.basis] + value


def _short(value: float) -> str:
    return f"{value:.0e}" if 0 < abs(value) < 1e-3 or abs(value) >= 1e4 else number(value)
