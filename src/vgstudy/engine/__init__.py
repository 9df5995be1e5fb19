"""Training in TensorFlow: stacks of runs of equal shape, step by step, and their probes."""
