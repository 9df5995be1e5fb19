"""Save and restore TensorFlow's settings and the global random generators."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from tensorflow.python.eager import context


@contextmanager
def graph_rewriting_off() -> Iterator[None]:
    """Run compiled functions without rewriting their graphs.

    Rewriting takes longer than it gains here, and warns about float64.
    """
    here = context.context()
    before, config = here.function_call_options, here.config
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    here.function_call_options = context.FunctionCallOptions(config_proto=config)
    try:
        yield
    finally:
        here.function_call_options = before


@contextmanager
def generators_kept(eager: bool) -> Iterator[None]:
    """Restore the global generators of Python, NumPy and TensorFlow at the end of a block.

    Layers of a user may draw from them. `eager` says whether the block runs operations one by one.
    """
    # exists once a seed is set
    tensorflow = vars(context.context()).get("_rng")
    states = random.getstate(), np.random.get_state(), tensorflow and tensorflow.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if eager and tensorflow:
            tensorflow.setstate(states[2])
            # operations cached for the seeds just drawn would continue where the probe stopped
            context.context().clear_kernel_cache()
