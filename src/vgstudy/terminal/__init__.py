"""What the command line prints as tables."""
