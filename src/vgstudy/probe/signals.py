"""What one pass through a model measures, as arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.engine.network import value_and_slope
from vgstudy.probe.keras_internals import ERRORS
from vgstudy.probe.recording import Call

Array = NDArray[Any]


@dataclass(frozen=True)
class Signals:
    """What a pass measures of each kernel, in the order of the forward pass.

    Attributes
    ----------
    g
        dLoss/dW, an array of the kernel's shape; Loss is what training minimises. NaN where the
        loss does not depend on the kernel.
    delta, h, slope
        For each call of the kernel's layer, (example, ...): dLoss/dz, the activation, its
        derivative. Empty where they cannot be seen.
    top
        dLoss/dy for each output y of the model, or dLoss/dz of the output layer where the loss is
        computed from its z. Outputs without a loss are left out.
    givers
        For each of `top`, the places of the kernels whose layer gives that output.
    loss
        Loss over the probe set.
    examples
        Their number, by which delta and top are multiplied for those of one example's loss.
    """

    g: list[Array]
    delta: list[list[Array]]
    h: list[list[Array]]
    slope: list[list[Array]]
    top: list[Array]
    givers: list[list[int]]
    loss: float
    examples: int

    def output_signals(self) -> list[float | None]:
        """Return for each kernel the root mean square of `top` of one example's loss.

        None where its layer gives no output that has a loss.
        """
        signals: list[float | None] = [None] * len(self.g)
        for top, places_of_kernels in zip(self.top, self.givers, strict=True):
            level = self.examples * float(np.sqrt(np.mean(np.square(top, dtype="float64"))))
            for place in places_of_kernels:
                signals[place] = level
        return signals


def known(gradients: list[Any]) -> list[tf.Tensor]:
    """Return the gradients that are not None."""
    return [tf.convert_to_tensor(each) for each in gradients if each is not None]


def arrays(part: Any) -> Any:
    """Return tensors, in lists of lists, as arrays that share their memory."""
    # ten times faster than tf.nest
    if isinstance(part, list):
        return [arrays(each) for each in part]
    return np.asarray(memoryview(part))


def slopes(call: Call) -> list[tf.Tensor]:
    """Return the derivative of a call's activation, as a list of one or none."""
    if call.function is None or call.u is None:
        return []
    try:
        return [value_and_slope(call.function, tf.stop_gradient(call.u))[1]]
    except ERRORS:
        return []
