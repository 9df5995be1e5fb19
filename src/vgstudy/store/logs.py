"""Old name of `vgstudy.store.parquet`, kept while imports move."""

from vgstudy.store.parquet import *  # noqa: F403
