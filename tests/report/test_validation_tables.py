"""The validation tables on the page are those of the package."""

from vgstudy.report.validation_tables import coverage_table, published_table
from vgstudy.validation.records import read_record


def test_every_published_number_has_a_row_and_disagreements_come_first():
    rows, table = read_record("published").rows, published_table()
    assert len(table.rows) == len(rows)
    agree = sum(row["agrees"] is True for row in rows)
    assert f"of {len(rows)} numbers {agree} agree" in table.caption
    answers = [row[table.head.index("agree")] for row in table.rows]
    assert answers == sorted(answers, key=["NO", "yes", "not run"].index)


def test_every_coverage_is_in_the_table():
    rows, table = read_record("coverage").rows, coverage_table()
    seeds = sorted({row["n"] for row in rows})
    assert table.head[-len(seeds) :] == tuple(f"{n} seeds" for n in seeds)
    shares = [text for row in table.rows for text in row[-len(seeds) :] if text != "–"]
    assert len(shares) == len(rows)
    assert "computed once for the package on 2" in table.caption
    assert table.rows[0][1] == "primary"
