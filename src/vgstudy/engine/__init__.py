"""Train stacks of runs of equal shape in TensorFlow, step by step, and probe them."""
