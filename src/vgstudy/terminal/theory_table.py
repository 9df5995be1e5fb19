"""What theory predicts for a study, as a table for the terminal."""

from collections.abc import Sequence
from math import isinf

from rich import box
from rich.table import Table
from rich.text import Text

from vgstudy.config.study import Study
from vgstudy.formatting import number
from vgstudy.planning import design
from vgstudy.planning.design import LabelledCell
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
    "= exact, ≈ approximation, unmarked: the limit of infinite width, – theory does not say: limits of depth and the single "
    "input take kernels of mean 0, decay factors 4 hidden layers or more, the single input ReLU or alike. The limits of depth: "
    "q* variance of a pre-activation, χ change of the mean square of δ per layer toward the input, ξ = −1 / log χ, the layers in "
    "which it falls by a factor of e; ξ < 0: in which it grows so; ∞: neither. At this depth: d, decay factors per layer toward "
    "the input. For a single input at this width: typical d of δ, and the probability that a ReLU net is dead."
)


def table(study: Study, depth: int) -> Table:
    """A row for each activation, initializer and width of the study, at its depth nearest to
    `depth`."""
    cells = _cells(study, depth)
    found = predict(labelled.cell for labelled in cells)
    title = f"{study.name}: theory at depth {cells[0].cell.depth}, before any update"
    shown = Table(
        title=Text(title),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
    )
    shown.add_column("activation, initializer, width")
    for head in HEADS.values():
        shown.add_column(head, justify="right", no_wrap=True)
    of = {(each.cell, each.quantity): each for each in found}
    for labelled in cells:
        texts = (_text(of.get((labelled.cell.id, quantity))) for quantity in HEADS)
        shown.add_row(
            Text(f"{labelled.activation}, {labelled.initializer}, {labelled.cell.width}"), *texts
        )
    sources = "; ".join(dict.fromkeys(each.source for each in found))
    shown.caption = Text(f"{LEGEND} Sources: {sources or 'none'}.")
    return shown


def _cells(study: Study, depth: int) -> Sequence[LabelledCell]:
    """The study's cells of the nearest depth; of their optimizers the first, which changes nothing
    before an update."""
    listed = design.cells(study)
    nearest = min(
        {labelled.cell.depth for labelled in listed}, key=lambda own: (abs(own - depth), own)
    )
    found: dict[tuple[str, str, int], LabelledCell] = {}
    for labelled in listed:
        if labelled.cell.depth == nearest:
            found.setdefault(
                (labelled.activation, labelled.initializer, labelled.cell.width), labelled
            )
    return [found[key] for key in sorted(found)]


def _text(found: Prediction | None) -> str:
    if found is None:
        return number(None)
    return MARKS[found.standing] + ("∞" if isinf(found.value) else _short(found.value))


def _short(value: float) -> str:
    return f"{value:.0e}" if 0 < abs(value) < 1e-3 or abs(value) >= 1e4 else number(value)
