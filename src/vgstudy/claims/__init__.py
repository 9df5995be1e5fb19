"""What the tutorials claim, as data, and what many seeds say about it.

`register` and `statements` are the claims, `checks` and `cases` find the cells they are about,
`reading` and `measures` turn logs into a number per run, `judging` and `verdicts` turn numbers into
verdicts, `tables` writes them.
"""
