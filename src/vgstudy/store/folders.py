"""Old name of `vgstudy.store.tables`, kept while imports move."""

from vgstudy.store.paths import study_folder as study_folder
from vgstudy.store.tables import *  # noqa: F403
