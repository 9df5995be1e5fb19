"""Old name of `vgstudy.planning.stacks`, kept while imports move."""

from vgstudy.planning.stacks import *  # noqa: F403
