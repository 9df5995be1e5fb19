"""When a run is measured."""

from functools import partial
from itertools import chain
from typing import Annotated

from pydantic import BeforeValidator, Field

from vgstudy.config.values import numbers
from vgstudy.frozen import Frozen
from vgstudy.schema import LAST, NEXT, PROBE_SET, TEST

MAX_EPOCHS = 1_000_000
Epochs = Annotated[
    tuple[int, ...], BeforeValidator(partial(numbers, low=0, high=MAX_EPOCHS, max_count=1_000))
]


class MiniBatches(Frozen):
    """Epochs at which the gradient of one mini-batch is measured, as the tutorials do.

    Attributes
    ----------
    next, last, test
        The gradient of the coming mini-batch before its step, of the previous one after its step,
        of one of the first test rows.
    """

    next: Epochs | None = None
    last: Epochs | None = None
    test: Epochs | None = None


class Log(Frozen):
    """When a run is measured on the probe set, on mini-batches and on the test rows.

    Attributes
    ----------
    probe_rows
        How many of the training rows, the first ones, are the probe set; None: all.
    quantiles
        Whether probes keep quantiles of gradient and kernel entries.
    weight_l1
        Whether curves keep the L1 norm of each layer's weights after every epoch.
    """

    probe_epochs: Epochs
    test_every: int = Field(ge=1)
    probe_rows: int | None = Field(None, ge=1)
    mini_batches: MiniBatches = MiniBatches()
    quantiles: bool = False
    weight_l1: bool = False

    def test_epochs(self, epochs: int) -> list[int]:
        """Return the epochs after which the test rows are evaluated: every `test_every`-th and the
        last."""
        return sorted({*range(0, epochs + 1, self.test_every), epochs})

    @property
    def probed(self) -> dict[str, tuple[int, ...]]:
        """The epochs at which each of `schema.EXAMPLES` that the log asks for is measured."""
        batches = self.mini_batches
        epochs = {
            PROBE_SET: self.probe_epochs,
            NEXT: batches.next,
            LAST: batches.last,
            TEST: batches.test,
        }
        return {name: listed for name, listed in epochs.items() if listed is not None}

    def pauses(self, epochs: int) -> list[int]:
        """Return the epochs at which training pauses to measure something."""
        every = range(epochs + 1) if self.weight_l1 else ()
        probes = chain.from_iterable(self.probed.values())
        return sorted({*probes, *self.test_epochs(epochs), *every})

    def probe_set(self, train: int) -> int:
        """Return the rows of the probe set when `train` rows train."""
        return min(train, self.probe_rows or train)
