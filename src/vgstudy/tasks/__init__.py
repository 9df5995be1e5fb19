"""The tasks that networks learn, listed in `registry`."""
