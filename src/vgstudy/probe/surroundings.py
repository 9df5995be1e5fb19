"""State outside of the model that a probe must leave as it found it: TensorFlow's settings and the
global generators."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from tensorflow.python.eager import context


@contextmanager
def as_written() -> Iterator[None]:
    """Run compiled functions without rewriting their graphs, which takes longer than it gains and
    complains of float64."""
    here = context.context()
    before, config = here.function_call_options, here.config
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    here.function_call_options = context.FunctionCallOptions(config_proto=config)
    try:
        yield
    finally:
        here.function_call_options = before


@contextmanager
def kept_generators(eager: bool) -> Iterator[None]:
    """Put back the states of Python's, NumPy's and TensorFlow's global generators, from which
    layers of a user may draw."""
    tensorflow = vars(context.context()).get(
        "_rng"
    )  # there once a seed is set, and used by operations that run one by one
    states = random.getstate(), np.random.get_state(), tensorflow and tensorflow.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if eager and tensorflow:
            tensorflow.setstate(states[2])
            # kernels made for the seeds just drawn would go on where the probe left them
            context.context().clear_kernel_cache()
