"""What the tutorials claim, as data, and what many seeds say about it.

`register` and `statements` are the claims, `networks` has the cells they are about, `measures` says
which number of a run is meant, `run_values` reads it from the logs, `judging` turns numbers into
verdicts, `claim_rows` writes them. `arms` writes how the tutorials' networks learn, epoch by epoch.
"""
