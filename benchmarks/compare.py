"""Compare two folders of results: are their tables equal, bit for bit?

    python benchmarks/compare.py OLD NEW

Every table of OLD is compared with that of NEW on their common columns, rows sorted by the columns
that identify them. Prints a line for each table; the exit code is 1 unless all are equal.
"""

import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def tables(results: Path) -> dict[str, pa.Table]:
    """Return the tables of a folder of results by name; those of jobs are joined to one."""
    parts: dict[str, list[pa.Table]] = {}
    for path in sorted(results.rglob("*.parquet")):
        if path.parent.name in ("figures", "tables"):
            continue
        folder = path.parent.relative_to(results)
        in_job_folder = (path.parent.parent / "runs.parquet").exists()
        name = folder if in_job_folder else folder / path.stem
        if in_job_folder and path.parent.with_suffix(".parquet").exists():
            continue  # left over from a version that had a file for each job
        parts.setdefault(str(name), []).append(pq.read_table(path, partitioning=None))
    return {name: pa.concat_tables(some, promote_options="default") for name, some in parts.items()}


def frame(table: pa.Table, columns: list[str]) -> pd.DataFrame:
    """Return columns as a frame, rows in an order that depends on their content alone."""
    text = {name: [repr(value) for value in table[name].to_pylist()] for name in columns}
    return pd.DataFrame(text).sort_values(columns, ignore_index=True)


def difference(old: pa.Table, new: pa.Table) -> str:
    """Return in words how two tables differ; empty if they are equal on their common columns."""
    columns = [name for name in old.column_names if name in new.column_names]
    if old.num_rows != new.num_rows:
        return f"{old.num_rows} rows, now {new.num_rows}"
    if old.select(columns).equals(new.select(columns)):
        return ""
    one, other = frame(old, columns), frame(new, columns)
    differing = [name for name in columns if not one[name].equals(other[name])]
    return f"differs in {', '.join(differing)}" if differing else ""


def main(old: Path, new: Path) -> int:
    """Compare every table of `old`; return the exit code."""
    before, after = tables(old), tables(new)
    status = 0
    for name, table in before.items():
        if name not in after:
            print(f"{name}: missing")
            continue
        lost = [column for column in table.column_names if column not in after[name].column_names]
        text = difference(table, after[name])
        status |= bool(text)
        without = f"; without {', '.join(lost)}" if lost else ""
        print(f"{name}: {text or 'equal'}{without}")
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
