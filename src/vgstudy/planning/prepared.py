"""What the workflow knows before its first job: studies planned, the machine checked, results on
disk looked at."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vgstudy.config.study import Study
from vgstudy.planning import damage, preflight, story
from vgstudy.planning.planning import Job, Plan, plan
from vgstudy.store.places import job_tables, tables


@dataclass(frozen=True)
class Prepared:
    """Studies planned in one folder of results, and what on disk cannot be used.

    Attributes
    ----------
    results, plans
        The folder and each study's plan by its name; a job with a damaged table is not trained.
    damaged
        Outputs on disk that cannot be used, and why.
    """

    results: Path
    plans: Mapping[str, Plan]
    damaged: Mapping[Path, str]

    @cached_property
    def jobs(self) -> dict[tuple[str, str], Job]:
        """Every job by its study's name and its id."""
        return {
            (name, id_): job for name, own in self.plans.items() for id_, job in own.jobs.items()
        }

    @property
    def job_paths(self) -> list[Path]:
        """The tables of all jobs."""
        return [path for own in self.plans.values() for path in job_tables(own.folder, own.jobs)]

    @property
    def paths(self) -> list[Path]:
        """The tables of all studies and of their jobs, and the folders of figures."""
        return [
            path
            for own in self.plans.values()
            for path in (*tables(own.folder, own.jobs), own.folder / "figures")
        ]

    @cached_property
    def checks(self) -> list[str]:
        """Names of the tables that check the methods, as far as these studies need them."""
        return preflight.method_tables([own.study for own in self.plans.values()], self.results)

    @property
    def has_damaged_checks(self) -> bool:
        """Whether such a table is on disk and cannot be used."""
        return any(self.results / f"{name}.parquet" in self.damaged for name in self.checks)

    def manifest(self, study: str, job: str, ancient: Callable[[str], str]) -> list[str]:
        """What training a job waits for: its manifest, if that must be there first.

        Parameters
        ----------
        study, job
            The study's name and the job's id.
        ancient
            Snakemake's mark of a file whose age says nothing.
        """
        own = self.jobs[study, job]
        path = str(own.path)
        if own.path in self.damaged and any(
            table in self.damaged for table in job_tables(self.plans[study].folder, [job])
        ):
            return [
                path
                # Snakemake overlooks damaged outputs if all that is made again of their inputs is
                # ancient
            ]
        if own.new and own.trained:
            return []  # it alone is written again, and nothing trains for that
        return [ancient(path)]

    def told(self, cores: int | None) -> Iterator[str]:
        """What will happen, in sentences; `cores` is None on a cluster."""
        return story.told(self.plans.values(), self.results, cores, self.damaged)


def prepare(studies: Collection[Study], results: Path, look: bool = True) -> Prepared:
    """Plan studies and, before anything is spent, look at the machine and at every byte on disk;
    writes nothing.

    Parameters
    ----------
    studies
        What is wanted.
    results
        The folder of results; it need not exist.
    look
        Whether to look: a job of a cluster plans again what the workflow that started it has looked
        at.

    Raises
    ------
    UserError
        If the studies cannot run here, or something cannot be read.
    """
    plans = [plan(study, results) for study in studies]
    damaged: dict[Path, str] = {}
    if look:
        preflight.check_access(plans, results)
        damaged = damage.damaged(plans, results)
        plans = [damage.made_again(each, damaged) for each in plans]
        preflight.check_data(plans, results)
        preflight.check_space(plans, results)
    return Prepared(results, {each.study.name: each for each in plans}, damaged)
