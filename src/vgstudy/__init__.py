"""Vanishing gradients with evidence: seeded training runs, layer-wise decay factors with intervals, a report.

Imports go downward only: names (`schema`, `cells`, `seeds`, `keras_names`, `errors`) < pure (`config`, `design`, `cost`, `data`, `logs`,
`decay`, `intervals`) < labelled (`tables`, `captions`, `figures`, `report`) and TensorFlow (`models`, `probes`, `train`) < shells (`cli`).
Only the TensorFlow layer imports TensorFlow or Keras. `tests/test_imports.py` holds the line in a clean process.
"""
