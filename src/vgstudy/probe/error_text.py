"""The reason in an error that Keras, TensorFlow or a layer raised."""

import re
from textwrap import shorten

import tensorflow as tf

# what Keras, TensorFlow and layers raise when data does not fit
ERRORS = (ValueError, TypeError, RuntimeError, tf.errors.OpError)
WRAPPING = (
    "Exception encountered when",
    "Graph execution error",
    "Detected at",
    "Node: ",
    "File ",
    "[[",
    "Arguments received",
)
MARKUP = re.compile(r"\x1b\[\d*m|\{\{function_node .*?\}\} |\[Op:.*")


def reason(error: Exception) -> str:
    """Return one line: what an error says without the lines Keras and TensorFlow put around it."""
    text = MARKUP.sub("", str(error)).rpartition("Exception encountered:\n")[2].strip("'")
    lines = [line.strip() for line in text.splitlines()]
    reasons = [line for line in lines if line and not line.startswith(WRAPPING)]
    return shorten(reasons[0], 300).rstrip(".:") if reasons else type(error).__name__
