"""Old name of `vgstudy.store.paths`, kept while imports move."""

from vgstudy.store.paths import *  # noqa: F403
