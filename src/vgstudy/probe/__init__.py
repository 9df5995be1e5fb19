"""A user's own Keras model, measured while it trains, in the columns of a study's probes:
`GradientProbe`."""

from vgstudy.probe.callback import GradientProbe

__all__ = ["GradientProbe"]
