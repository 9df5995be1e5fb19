"""Vanishing gradients with evidence: seeded training runs, layer-wise decay factors with intervals, a report.

Imports go downward only. Lowest are
names (`schema`, `cells`, `seeds`, `keras_names`, `levels`, `values`, `messages`, `stages`, `files`, `errors`), above them
pure (`yamlfile`, `study`, `config`, `cost`, `design`, `planning`, `data`, `columns`, `provenance`, `logs`, `grid`, `decay`,
`intervals`), then side by side
labelled (`frames`, `batches`, `estimates`, `contrasts`, `tables`, `wording`, `captions`, `views`, `figures`, `report`) and
TensorFlow (`losses`, `models`, `groups`, `steps`, `probes`, `rows`, `train`, `jobs`), on top the
shells (`summary`, `cli`).
Only the TensorFlow layer imports TensorFlow or Keras. `tests/test_imports.py` holds the line in a clean process.
"""
