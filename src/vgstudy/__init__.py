"""Vanishing gradients with evidence: seeded training runs, layer-wise decay factors with intervals, a report.

Imports go downward only; every module and package stands in one layer and imports its own layer and those below it:

- names (`cells`, `errors`, `schema`, `seeds`, `stages`, `wording`)
- pure (`config`, `data`, `plan`, `store`)
- labelled (`analysis`, `claims`, `explorer`, `figures`, `findings`, `report`, `theory`, `views`)
- TensorFlow (`engine`), beside labelled: neither imports the other
- shells (`cli`, `terminal`)

Only the TensorFlow layer imports TensorFlow or Keras. `tests/test_imports.py` holds the line in a clean process.
"""
