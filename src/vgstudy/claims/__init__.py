"""What the tutorials claim, as data, and what many seeds say about it.

`register` reads the claims, `cases` finds the cells they are about, `measures` turns logs into a number per run, `judging` and
`verdicts` turn numbers into verdicts, `tables` writes them; `prediction` answers whether early gradients foretell failure.
"""
