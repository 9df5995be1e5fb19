"""The remedies that advice chooses from, each with the studies that tried it."""

from typing import NamedTuple

from vgstudy.probe.evidence import ATTENTION, CONVOLUTION, DENSE, RECURRENT, Tried

CLIPPED = "global_clipnorm=1 in the optimizer"


class Remedy(NamedTuple):
    """What to try, and which study or kinds of models tried it."""

    text: str
    tried: Tried = Tried()


HE = Remedy("he_normal as kernel initializer", Tried(("ReLU", "He", "none"), {CONVOLUTION: 5}))
GLOROT = Remedy(
    "glorot_uniform as kernel initializer", Tried(("tanh", "Xavier", "none"), {DENSE: 16})
)
NOT_SIGMOID = Remedy(
    "relu with he_normal instead of sigmoid",
    Tried(("ReLU", "He", "none"), {DENSE: 1, CONVOLUTION: 6}),
)
LEAKY = Remedy("leaky_relu instead of relu", Tried(("leaky ReLU (.2)", "He", "none")))
SELU = Remedy("selu with lecun_normal as kernel initializer", Tried(("SELU", "LeCun", "none")))
SCALED = Remedy(
    "inputs scaled to mean 0 and variance 1, such as by a Normalization layer",
    Tried(families={DENSE: 2}),
)
SMALLER = Remedy(
    "weights of ordinary size: Keras' default initializers", Tried(families={RECURRENT: 10})
)
LARGER = Remedy(SMALLER.text, Tried(families={RECURRENT: 13}))
FORGET_GATES = Remedy(
    "forget gates that start open: Keras' default biases",
    Tried(families={RECURRENT: 12}),
)
UPDATE_GATES = Remedy(
    "update gates that start half open: Keras' default biases", Tried(families={RECURRENT: 11})
)
GATED = Remedy("GRU or LSTM layers instead of SimpleRNN")
BLOCKS = Remedy(
    "layer normalisation and a skip connection around each block", Tried(families={ATTENTION: 9})
)
SLOWER = Remedy(
    "a smaller learning rate: training brought the fault", Tried(families={CONVOLUTION: 15})
)
UNBIASED = Remedy("biases that start at 0", Tried(families={CONVOLUTION: 20}))
ONE_UNIT = Remedy(
    "sigmoid with binary_crossentropy for the single unit", Tried(families={DENSE: 18})
)
NO_RELU = Remedy("no activation in the output layer", Tried(families={DENSE: 4}))
LOGITS = Remedy(
    "no activation in the output layer; for classes a crossentropy with from_logits=True"
)
NOT_ZERO = Remedy("a kernel initializer other than zeros, such as glorot_uniform")
