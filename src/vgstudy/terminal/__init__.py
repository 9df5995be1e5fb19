"""What the command line prints, and how its commands begin and end."""
