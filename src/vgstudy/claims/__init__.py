"""What the tutorials claim, as data, and what many seeds say about it.

`register` and `statements` are the claims, `networks` has the cells they are about, `run_values`
and `measures` turn logs into a number per run, `judging` and `verdicts` turn numbers into verdicts,
`claim_rows` writes them.
"""
