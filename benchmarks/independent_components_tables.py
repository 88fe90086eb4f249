"""Summaries of the tables of `independent_components`, as the documentation shows them.

python -m benchmarks.independent_components_tables
"""

import csv
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent / "results"


def read(part):
    """Rows of a table as dictionaries."""
    with (FOLDER / f"independent_components_{part}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def write(part, rows):
    """Write the summary of a table."""
    path = FOLDER / f"independent_components_{part}_summary.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def tables():
    """Models in rows and tables in columns: means over splits."""
    rows = read("tables")
    names = list(dict.fromkeys(row["table"] for row in rows))
    models = list(dict.fromkeys(row["model"] for row in rows))
    for model in models:
        own = {"model": model}
        for name in names:
            values = [float(r["test"]) for r in rows if (r["table"], r["model"]) == (name, model)]
            own[name] = f"{np.mean(values):.2f}" if values else ""
        yield own


def planted():
    """Medians over draws; "below the truth" is what the unmixing costs in nats."""
    rows = read("planted")
    truth = {r["draw"]: float(r["test"]) for r in rows if r["model"] == "true unmixing"}
    picard = {r["draw"]: float(r["amari"]) for r in rows if r["model"] == "Picard"}
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        gaps = [truth[row["draw"]] - float(row["test"]) for row in own]
        result = {
            "model": model, "below the true unmixing, nats": f"{np.median(gaps):.3f}",
            "most": f"{max(gaps):.3f}", "Amari": "", "over Picard's": "", "CPU s": "",
        }  # fmt: skip
        if own[0]["amari"]:
            amari = [float(row["amari"]) for row in own]
            ratios = [float(row["amari"]) / picard[row["draw"]] for row in own]
            result["Amari"] = f"{np.median(amari):.4f}"
            result["over Picard's"] = f"{np.median(ratios):.2f}"
        if own[0]["cpu_seconds"]:
            result["CPU s"] = f"{np.median([float(row['cpu_seconds']) for row in own]):.2f}"
        yield result


def laplace():
    """Medians over draws of Amari's distance, and of its ratio to Picard's; the worst one, too."""
    rows = read("laplace")
    picard = {r["draw"]: float(r["amari"]) for r in rows if r["model"] == "Picard"}
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        ratios = [float(row["amari"]) / picard[row["draw"]] for row in own]
        yield {
            "model": model, "Amari": f"{np.median([float(row['amari']) for row in own]):.4f}",
            "over Picard's": f"{np.median(ratios):.2f}", "worst": f"{max(ratios):.2f}",
        }  # fmt: skip


def main():
    """Write all summaries whose tables are there."""
    for part, summarise in (("tables", tables), ("planted", planted), ("laplace", laplace)):
        if (FOLDER / f"independent_components_{part}.csv").exists():
            rows = list(summarise())
            write(part, rows)
            for row in rows:
                print(*row.values(), sep="\t")


if __name__ == "__main__":
    main()
