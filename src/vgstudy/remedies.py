"""What a study can do against vanishing gradients apart from choosing Keras levels.

A remedy is one field of `Remedy`; a level of the factor `remedy` sets one or several.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from vgstudy.frozen import Frozen


class Normalization(Frozen):
    """Normalisation of every hidden layer.

    Attributes
    ----------
    kind
        `batch`: each unit over the mini-batch, as `keras.layers.BatchNormalization`. `layer`: each
        example over the units, as `keras.layers.LayerNormalization`. `whole`: over the whole
        mini-batch and all units together, without parameters, in tests too.
    after
        Whether activations are normalised instead of pre-activations.
    """

    kind: Literal["batch", "layer", "whole"]
    after: bool = False


class Skip(Frozen):
    """Connections that add what layer `a` passes on to what layer `b` passes on, a < b.

    Attributes
    ----------
    every
        Connects layer 1 to 1 + every, that to 1 + 2 every, and so on.
    pairs
        Or the connections themselves, [a, b].
    branch_scale
        Multiplies the layer that a connection jumps to: a number, or 1/sqrt(depth) if "depth".
    """

    every: int | None = Field(None, ge=1)
    pairs: tuple[tuple[int, int], ...] = ()
    branch_scale: float | Literal["depth"] = 1.0

    def connections(self, depth: int) -> dict[int, int]:
        """Return the layer that is added to each layer that receives a connection."""
        if self.every is None:
            return {b: a for a, b in self.pairs}
        return {b: b - self.every for b in range(1 + self.every, depth + 1, self.every)}

    def scale(self, depth: int) -> float:
        """Return what multiplies the layers that receive a connection."""
        return depth**-0.5 if self.branch_scale == "depth" else float(self.branch_scale)


class Rescaling(Frozen):
    """Each layer's gradient times a number of its own, the bias like its layer's kernel.

    Gradients are computed in float64, so that those too small for float32 can be rescaled.

    Attributes
    ----------
    kind
        `none`: nothing. `equal`: every layer gets the RMS of the output layer's gradient at every
        step, which changes profile and size. `profile`: the same profile at the norm of the
        untouched gradient. `size`: the untouched profile at the norm that `equal` gives. `fixed`:
        the multipliers of `equal` for the probe set before training, kept. `given`: `multipliers`.
    multipliers
        For `given`: one number for each layer, the output layer's last.
    """

    kind: Literal["none", "equal", "profile", "size", "fixed", "given"]
    multipliers: tuple[Annotated[float, Field(ge=0)], ...] = ()


class Remedy(Frozen):
    """What a network's training has in addition to activation, initializer and optimizer.

    Attributes
    ----------
    normalization, skip
        Change the forward pass.
    standardize_signal
        Whether the signal that a hidden layer passes down becomes (signal - mean) / (standard
        deviation + 1e-6), over the mini-batch and all units.
    global_clipnorm
        Largest Euclidean norm of the gradient of all parameters of a run; larger ones are scaled
        down to it.
    rescaling
        Multiplies the gradient of each layer.
    frozen
        How many hidden layers, from the input, keep their initial parameters.
    randomized
        How many hidden layers, from the input, get a random direction at every step instead of
        their gradient, with its RMS after rescaling: a control for the direction.
    layerwise
        How many hidden layers each stage of training adds, those before frozen; the last stage
        trains all layers. Stages are equally long, and each begins with a new output layer and a
        new optimizer.
    unit_variance
        Whether each kernel is divided so that the first mini-batch leaves the layer, before biases,
        with variance 1: LSUV (Mishkin & Matas 2016).
    """

    normalization: Normalization | None = None
    skip: Skip | None = None
    standardize_signal: bool = False
    global_clipnorm: float | None = Field(None, gt=0)
    rescaling: Rescaling | None = None
    frozen: int = Field(0, ge=0)
    randomized: int = Field(0, ge=0)
    layerwise: int | None = Field(None, ge=1)
    unit_variance: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether layers compute what they do without remedy; only training may differ."""
        return self.normalization is None and self.skip is None

    @property
    def forward_only(self) -> "Remedy":
        """What changes the forward pass, without what changes gradients."""
        return Remedy(normalization=self.normalization, skip=self.skip)

    @property
    def has_scales(self) -> bool:
        """Whether units have a factor and an offset to learn, gamma and beta."""
        return self.normalization is not None and self.normalization.kind != "whole"

    def stages(self, depth: int) -> list[tuple[int, int]]:
        """Return for each stage of training how many hidden layers it has, and how many of them
        are frozen."""
        if self.layerwise is None:
            return [(depth, self.frozen)]
        begins = range(0, depth, self.layerwise)
        stages = [(min(depth, begin + self.layerwise), begin) for begin in begins]
        return [*stages[:-1], (depth, 0)]

    def problems(self, depth: int, epochs: int, moves_all: bool) -> Iterator[tuple[str, str]]:
        """Yield key and text of each setting that a network cannot have.

        Parameters
        ----------
        depth, epochs
            The network's hidden layers, and how long it trains.
        moves_all
            Whether the optimizer also moves parameters whose gradient is 0.
        """
        for name in ("frozen", "randomized"):
            if getattr(self, name) > depth:
                yield name, f"must be at most the depth, {depth}, not {getattr(self, name)}"
        if self.rescaling and self.rescaling.kind == "given":
            given = len(self.rescaling.multipliers)
            if given != depth + 1:
                text = f"must have {depth + 1} numbers, one for each layer, not {given}"
                yield "rescaling.multipliers", text
        if self.skip:
            yield from self._skip_problems(self.skip, depth)
        yield from self._freezing_problems(depth, epochs, moves_all)
        if self.unit_variance and self.normalization:
            yield "unit_variance", "has no effect with normalization: drop one"

    def _freezing_problems(
        self, depth: int, epochs: int, moves_all: bool
    ) -> Iterator[tuple[str, str]]:
        key = "frozen" if self.layerwise is None else "layerwise"
        if (self.frozen or self.layerwise) and moves_all:
            yield key, "needs an optimizer without weight decay, and not Ftrl: they move all layers"
        if (self.frozen or self.layerwise) and self.normalization:
            yield key, "cannot go with normalization: it would still move in frozen layers"
        if self.layerwise is None:
            return
        if self.frozen or self.randomized or self.rescaling or self.unit_variance:
            others = "frozen, randomized, rescaling or unit_variance"
            yield "layerwise", f"cannot go with {others}, which are of all layers at once"
        if (stages := len(self.stages(depth))) > epochs:
            yield "layerwise", f"gives {stages} stages, more than the {epochs} epochs"

    @staticmethod
    def _skip_problems(skip: Skip, depth: int) -> Iterator[tuple[str, str]]:
        if (skip.every is None) == (not skip.pairs):
            yield "skip", "needs one of every and pairs"
        for a, b in skip.pairs:
            if not 1 <= a < b <= depth:
                yield "skip.pairs", f"[{a}, {b}] must be two layers from 1 to the depth, {depth}"
        if len({b for _, b in skip.pairs}) < len(skip.pairs):
            yield "skip.pairs", "must not have two connections to one layer"


NO_REMEDY = Remedy()
