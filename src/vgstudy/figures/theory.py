"""What theory predicts before any update, beside what was measured."""


from vgstudy.figures.frames import Frames, chosen, untrained
from vgstudy.figures.view import Axis, View, nearest
from vgstudy.theory.overlays import VARIANCE

DEPTHS = (5, 10)
WIDTH_AXES = {
    "d_delta": Axis("decay factor of δ,\nmeasured / predicted", "log", {"theory": 1.0}),
    "d_g": Axis("decay factor of g,\nmeasured / predicted", "log", {"theory": 1.0}),
}
WIDTH = Axis("width (units per hidden layer)", "log")
VARIANCE_AXES = {VARIANCE: Axis("variance over seeds of\nlog (δ of layer L / δ of layer 2)", "log")}
SUM = Axis("sum of 1 / width over the layers between: (depth − 2) / width", "log")


def theory_width(frames: Frames) -> View:
    """Measured over predicted decay factors against width, at two depths."""
    rows = untrained(chosen(frames.overlays, quantity=list(WIDTH_AXES)))
    rows = chosen(rows, depth=nearest(DEPTHS, rows["depth"].astype(int)))
    ratios = {name: rows[name] / rows["predicted"] for name in ("value", "low", "high")}
    note = "At 1 they agree. Intervals are of what was measured."
    shown = rows.assign(x=rows["width"].astype(int), **ratios).drop(
        columns="predicted"
    )  # theory is the line at 1
    return View(shown, WIDTH_AXES, WIDTH, note, ("initializer",), ("depth",))


def fluctuations(frames: Frames) -> View:
    """Variance over seeds of the log ratio of δ from one end of the square layers to the other."""
    rows = untrained(chosen(frames.overlays, quantity=VARIANCE))
    x = (rows["depth"].astype(int) - 2) / rows["width"].astype(int)
    note = "A line for each width. Thin lines: the law of normal kernels at one input, which rises in proportion."
    return View(rows.assign(x=x), VARIANCE_AXES, SUM, note, ("initializer",))
