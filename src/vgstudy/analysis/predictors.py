"""What may predict failure and is known before training. Imports no large library."""

from collections.abc import Mapping
from types import MappingProxyType

# the group of all runs in the table of predictions
ALL = "all"

PREDICTORS: Mapping[str, str] = MappingProxyType(
    {
        "d_g": "decay factor of the gradient, the smaller",
        "d_delta": "decay factor of the backpropagated signal, the smaller",
        "first layer": "gradient level of layer 1, the smaller",
        "smallest layer": "smallest gradient level of any layer, the smaller",
        "zeros": "share of gradient entries exactly zero in float32, the larger",
        "depth": "depth, the larger",
        "width": "width, the smaller",
        "distance": "distance of the signal's decay factor from 1 either way, the larger",
    }
)
# the same for all runs of a cell
CONSTANT = ("depth", "width")
# sign of each: +1 where more of it should mean failure, if vanishing gradients are why nets fail
SIGNS: Mapping[str, int] = MappingProxyType(
    {
        "d_g": -1,
        "d_delta": -1,
        "first layer": -1,
        "smallest layer": -1,
        "zeros": 1,
        "depth": 1,
        "width": -1,
        "distance": 1,
    }
)
