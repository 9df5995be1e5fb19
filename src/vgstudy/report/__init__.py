"""Finished tables and figures put into one page."""
