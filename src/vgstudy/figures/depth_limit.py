"""The depth at which half the seeds still learn, setting by setting."""

from vgstudy.figures.frames import Frames
from vgstudy.figures.view import Axis, View
from vgstudy.formatting import plural

LIMIT_AXES = {"limit": Axis("depth at which half\nthe seeds still learn")}
INITIALIZER = Axis("initializer")


def depth_limit(frames: Frames) -> View:
    """The limits; one beyond the range stands at its edge, its `range` says so, and so do ends of
    intervals."""
    own = frames.limits[frames.limits["factor"].isna()]
    edge = own["deepest"].where(own["range"] == "deeper", own["shallowest"])
    place = {name: index for index, name in enumerate(frames.study["factors"]["initializer"])}
    shown = own.assign(
        quantity="limit",
        x=own["initializer"].astype("str").map(place).astype(int),
        value=own["value"].fillna(edge),
        low=own["low"].fillna(own["shallowest"]),
        high=own["high"].fillna(own["deepest"]),
    ).drop(columns=["factor", "reference", "n"])
    note = f"Fitted to {plural(int(own['n'].sum()), 'run')} with an outcome, of {plural(len(own), 'setting')}."
    return View(shown, LIMIT_AXES, INITIALIZER, note, ("width",), ("optimizer",))
