"""Finished estimates drawn."""
