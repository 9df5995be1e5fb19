"""Every figure's view by the figure's name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vgstudy.figures.arms import accuracy, entries, first_last, gradients, weights
from vgstudy.figures.decay import decay_epochs
from vgstudy.figures.depth_limit import depth_limit
from vgstudy.figures.frames import Frames
from vgstudy.figures.outcomes import accounting, accuracy_depth
from vgstudy.figures.profiles import l1_epochs, level_epochs, profile_end, profile_start
from vgstudy.figures.theory import fluctuations, theory_width
from vgstudy.figures.view import View, thinned
from vgstudy.figures.zeros import zeros_end, zeros_start

VIEWS: Mapping[str, Callable[[Frames], View]] = MappingProxyType(
    {
        "accounting": accounting,
        "profile-start": profile_start,
        "profile-end": profile_end,
        "decay-epochs": decay_epochs,
        "level-epochs": level_epochs,
        "accuracy-depth": accuracy_depth,
        "depth-limit": depth_limit,
        "l1-epochs": l1_epochs,
        "arms-accuracy": accuracy,
        "arms-weights": weights,
        "arms-gradients": gradients,
        "arms-first-last": first_last,
        "arms-entries": entries,
        "zeros-start": zeros_start,
        "zeros-end": zeros_end,
        "fluctuations": fluctuations,
        "theory-width": theory_width,
    }
)


def view_of(name: str) -> Callable[[Frames], View]:
    """The function that selects what a figure shows; of very many panels some.

    Raises
    ------
    KeyError
        If there is no such figure.
    """
    select = VIEWS[name]
    return lambda frames: thinned(select(frames))
