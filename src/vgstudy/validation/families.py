"""Twenty families of small models, each healthy and broken on purpose.

The truth about a model is how it was built: what a broken one has that the healthy one of its
family has not. Families with an odd number chose the thresholds of `probe.rules`; the others, which
were not looked at before, judge them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from vgstudy.validation import dense_models, image_models, sequence_models
from vgstudy.validation.cases import Case


@dataclass(frozen=True)
class Family:
    """A kind of model.

    Attributes
    ----------
    name
        In words, such as "two GRU layers".
    fault
        What the broken model has, in words.
    truth
        The verdict that names the fault.
    build
        Makes the healthy model (False) or the broken one (True), with its data from a generator.
    """

    name: str
    fault: str
    truth: str
    build: Callable[[bool, np.random.Generator], Case] = field(repr=False)


FAMILIES = (
    Family("dense, ReLU", "ten sigmoid layers", "vanishing", dense_models.mlp_relu),
    Family("dense, tanh", "inputs 100 times too large", "saturated", dense_models.mlp_tanh),
    Family(
        "dense, batch normalisation",
        "no normalisation, weights from U(0, 1)",
        "saturated",
        dense_models.mlp_normalised,
    ),
    Family("regression", "ReLU output, targets below 0", "no gradient", dense_models.regression),
    Family("CNN", "weights of sd .01", "vanishing", image_models.cnn),
    Family(
        "CNN, batch normalisation",
        "no normalisation, sigmoid",
        "vanishing",
        image_models.cnn_normalised,
    ),
    Family(
        "ResNet", "no normalisation, weights 3 times too large", "exploding", image_models.resnet
    ),
    Family(
        "transformer, pre-LN",
        "six blocks, no normalisation, no skips, sigmoid",
        "vanishing",
        sequence_models.transformer_pre,
    ),
    Family(
        "transformer, post-LN",
        "no normalisation, no skips, weights of sd .02",
        "vanishing",
        sequence_models.transformer_post,
    ),
    Family(
        "SimpleRNN", "ReLU, recurrent weights 3 times too large", "exploding", sequence_models.rnn
    ),
    Family("GRU, two layers", "update gates shut", "vanishing", sequence_models.gru),
    Family("LSTM, one layer", "gates shut", "vanishing", sequence_models.lstm),
    Family("LSTM, three layers", "weights of sd .01", "vanishing", sequence_models.lstm_stack),
    Family("autoencoder", "twice as deep, sigmoid", "vanishing", dense_models.autoencoder),
    Family(
        "convolutional autoencoder",
        "learning rate 1",
        "dying ReLU",
        image_models.autoencoder_images,
    ),
    Family("siamese", "weights 30 times too large", "saturated", dense_models.siamese),
    Family("two outputs", "softmax over one unit in both", "no gradient", dense_models.two_outputs),
    Family("embedding", "softmax over one unit", "no gradient", sequence_models.embedding),
    Family("transfer learning", "features 100 times too large", "saturated", dense_models.transfer),
    Family("U-Net", "biases of -10", "dying ReLU", image_models.unet),
)
