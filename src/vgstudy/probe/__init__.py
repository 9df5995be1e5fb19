"""Measure a user's own Keras model while it trains: `GradientProbe` and its diagnosis."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vgstudy.probe.callback import GradientProbe

__all__ = ["GradientProbe"]


def __getattr__(name: str) -> Any:
    """Import `GradientProbe` when it is first used; reading a log needs no TensorFlow."""
    if name == "GradientProbe":
        from vgstudy.probe.callback import GradientProbe

        return GradientProbe
    raise AttributeError(f"module 'vgstudy.probe' has no attribute {name!r}")
