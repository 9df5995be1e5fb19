"""From a study to cells, runs, stacks and jobs, and what they cost."""
