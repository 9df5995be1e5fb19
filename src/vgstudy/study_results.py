"""Everything about one study that was run: its tables, the claims it tests, its figures."""

from functools import cached_property
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from vgstudy.claims.claim_rows import claim_rows
from vgstudy.claims.register import read_register
from vgstudy.config import config_path
from vgstudy.design import read_design
from vgstudy.errors import UserError
from vgstudy.figures.frames import read_frames
from vgstudy.figures.registry import figure_of, figures
from vgstudy.figures.write import picture
from vgstudy.results import Results, tidy
from vgstudy.schema import arrow_schema
from vgstudy.store.tables import study_folder


def load(results: str | Path = "results", study: str | None = None) -> "StudyResults":
    """Return the results of a study; tables are read when they are used.

    Parameters
    ----------
    results
        The folder of results, or that of one study in it.
    study
        The study's name; may be left out where there is only one.

    Raises
    ------
    UserError
        If there is no such study, or several and no name.

    Examples
    --------
    >>> import vgstudy
    >>> smoke = vgstudy.load("results", study="smoke")
    >>> smoke.runs["activation"].unique().tolist()
    ['tanh', 'ReLU', 'sigmoid']
    >>> smoke.read("decays", "d_delta", epoch=0, depth=6).columns.tolist()[:3]
    ['cell', 'seed', 'd_delta']
    """
    if not isinstance(results, str | Path):
        raise UserError(
            f"load: results must be the path of a folder, such as 'results', not {results!r}"
        )
    return StudyResults(study_folder(Path(results), study))


class StudyResults(Results):
    """A study that was run.

    Each table is an attribute, a tidy pandas frame: `runs`, `probes`, `curves`, `decays`,
    `outcomes`, `estimates` and all others in its folder. A table is read at its first use and then
    kept. Every frame with a `cell` also has the factors of that cell: `depth`, `width`,
    `activation`, `initializer`, `optimizer`, `rate_factor` and `remedy`.

    Attributes
    ----------
    folder
        The study's results, with everything that is read here.

    Examples
    --------
    >>> import vgstudy
    >>> smoke = vgstudy.load("results", study="smoke")
    >>> len(smoke.outcomes)
    216
    """

    @cached_property
    def claims(self) -> pd.DataFrame:
        """Return the claims that this study tests, with verdicts: a row for each statement about
        each network, as in `results/claims.parquet`.

        Claims are those of `config/claims` where vgstudy is called, or else of the package. The
        frame has no row if no claim names the study.
        """
        study = read_design(self.folder)
        register = read_register(config_path("claims"))
        rows = claim_rows(register, {self.study["name"]: study})
        own = [row for row in rows if row["study"] == self.study["name"]]
        return tidy(pa.Table.from_pylist(own, schema=arrow_schema("claims")))

    @property
    def figures(self) -> dict[str, str]:
        """Return the titles of the study's figures by their names."""
        return {name: spec.title for name, spec in figures(self.study).items()}

    def figure(self, name: str) -> Figure:
        """Draw a figure of the report.

        Parameters
        ----------
        name
            A name that `figures` has, such as "accounting".

        Raises
        ------
        UserError
            If the study has no such figure, or a table is missing or damaged.

        Examples
        --------
        >>> import vgstudy
        >>> smoke = vgstudy.load("results", study="smoke")
        >>> smoke.figure("accounting").savefig("outcomes.png")
        """
        spec, backend = figure_of(self.study, name), mpl.get_backend()
        try:
            drawn = picture(spec, spec.view(read_frames(self.folder)))
            plt.close(drawn)  # else a notebook shows it twice
            return drawn
        finally:
            plt.switch_backend(backend)
