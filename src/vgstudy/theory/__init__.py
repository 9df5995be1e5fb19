"""Theory at epoch 0, before any update: networks in the limit of infinite width, networks of any
width at one input, and how far each can be trusted.

Numpy and scipy only; `docs/theory.md` explains it.
"""
