"""Vanishing gradients with evidence: seeded training runs, layer-wise decay factors with intervals, a report.

Imports go downward only; every module stands in one layer and imports its own layer and those below it:

- names (`cells`, `columns`, `errors`, `files`, `grid`, `keras_names`, `messages`, `provenance`, `schema`, `seeds`, `stages`,
  `wording`)
- pure (`config`, `cost`, `data`, `decay`, `design`, `intervals`, `levels`, `logs`, `planning`, `rows`, `study`, `theory`,
  `values`, `yamlfile`)
- labelled (`batches`, `captions`, `contrasts`, `estimates`, `figures`, `findings`, `frames`, `report`, `tables`, `views`)
- TensorFlow (`groups`, `jobs`, `losses`, `models`, `probes`, `steps`, `train`), beside labelled: neither imports the other
- shells (`cli`, `summary`, `theory_table`)

Only the TensorFlow layer imports TensorFlow or Keras. `tests/test_imports.py` holds the line in a clean process.
"""
