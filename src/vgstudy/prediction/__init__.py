"""Whether what is known of a run before training predicts that it will not learn.

`predictors` names what is known, `early` reads it from the logs, `auc` scores it, `tables` writes the scores.
"""
