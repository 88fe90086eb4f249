"""Numbers that lavaan, psych and R print for published correlations, beside ours.

    python -m benchmarks.factor_published [--folder benchmarks/results]

With ``--folder`` the table is written there as CSV, which the page of the documentation reads. The
exit status is 1 if a number without an explanation does not round to what was printed. Matrices,
numbers and where they are from: `tests.published_factors`.
"""

import argparse
import csv
import pathlib
import sys

from tests.published_factors import published

HEADS = "Data", "Statistic", "Published", "Here", "Source"
NAME = "factor_published.csv"


def cells(row):
    """The texts of a `Published` number."""
    shown = f"{row.shown} ({row.why})" if row.why else row.shown
    return [row.data, row.statistic, row.printed, shown, row.source]


def write(path, rows):
    """Write `Published` numbers as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([HEADS, *(cells(row) for row in rows)])


def main(arguments=None):
    """Print, and write if asked to; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=pathlib.Path)
    folder, rows = parser.parse_args(arguments).folder, list(published())
    for row in rows:
        print("  ".join(cells(row)))
    apart = [row for row in rows if not row.agrees]
    print(f"{len(rows) - len(apart)} of {len(rows)} agree to their digits.")
    if folder is not None:
        write(folder / NAME, rows)
    return int(any(not row.why for row in apart))


if __name__ == "__main__":
    sys.exit(main())
