"""A user's own Keras model, measured while it trains, in the columns of a study's probes: `GradientProbe`."""

from vgstudy.keras.callback import GradientProbe

__all__ = ["GradientProbe"]
