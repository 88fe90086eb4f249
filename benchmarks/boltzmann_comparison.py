"""Scores that `benchmarks.boltzmann` measured, beside directed machines and published figures.

    python -m benchmarks.boltzmann_comparison

Reads ``boltzmann.csv`` and ``boltzmann_choices.csv`` of ``benchmarks/results``, and writes
``boltzmann_comparison.csv``, means over seeds beside other models, and ``boltzmann_settings.csv``:
of each pair of a learning rate and a penalty, and of other ways to train with the best pair, by how
many nats it is ahead of the best pair (behind it: negative) on validation rows, by the lower bound.
"""

import csv
import json

from .boltzmann import ALPHAS, FEW, FIRST_SIZE, RATES, RESULTS, SETS, read
from .published import PUBLISHED

_USUAL = {"n_steps": "1", "centred": "False", "schedule": "constant", "averaging": "True"}
_CHANGES = "n_steps=5", "centred=True", "schedule=cosine", "averaging=False"
_DECIMALS = 2


def mean(rows, column):
    """The mean of a column; None of no rows."""
    return sum(float(row[column]) for row in rows) / len(rows) if rows else None


def comparison(table):
    """Rows of means over seeds, beside other models."""
    for name in SETS:
        rows = [row for row in table if row["set"] == name]
        if not rows:
            continue
        by_model = {
            model: [row for row in rows if row["model"] == model]
            for model in (
                "chosen", "defaults", f"{FEW} hidden units", f"{FEW} hidden units, long",
            )
        }  # fmt: skip
        chosen, defaults, few, long = by_model.values()
        best, source = best_published(name)
        yield {
            "set": name, "units": chosen[0]["n_components"], "AIS": mean(chosen, "test"),
            "RAISE": mean(chosen, "lower"), "error of log Z": mean(chosen, "partition_error"),
            "reliable": "yes" if all(row["reliable"] == "True" for row in chosen) else "NO",
            "defaults, AIS": mean(defaults, "test"), "defaults, RAISE": mean(defaults, "lower"),
            f"{FEW} units, exact": mean(few, "test"), "the same, long": mean(long, "test"),
            "CPU s": mean(chosen, "cpu_seconds"),
            "directed": plain(name), "autoregressive": autoregressive(name),
            "RBM, published": PUBLISHED.get(name, {}).get("RBM"), "best published": best,
            "which": source,
        }  # fmt: skip


def best_published(name):
    """The highest published figure of a set, and the model's name; None where there is none."""
    figures = PUBLISHED.get(name)
    if figures is None:
        return None, None
    source = max(figures, key=figures.get)
    return figures[source], source


def plain(name):
    """The score of a directed machine without lateral weights; None if unknown."""
    if name == "digits":
        rows = [r for r in read(RESULTS / "digits_search.csv") if r["family"] == "HelmholtzMachine"]
    else:
        rows = [row for row in read(RESULTS / "plain_density.csv") if row["data"] == name]
    return mean([row for row in rows if row["test"]], "test")


def autoregressive(name):
    """The score of a directed machine with lateral weights; None if unknown."""
    path = RESULTS / "density" / f"{name}.json"
    return json.loads(path.read_text())["test"]["mean"] if path.exists() else None


def settings(choices):
    """Rows of nats by which settings are ahead of the best pair of a set, on validation rows.

    Of machines of one size; negative numbers are behind.
    """
    finished = {row["set"] for row in choices if row["averaging"] == "False"}
    choices = [row for row in choices if int(row["n_components"]) == FIRST_SIZE]
    of_set = {name: [r for r in choices if r["set"] == name] for name in SETS if name in finished}
    best = {
        name: max(float(row["lower"]) for row in rows if differs(row) == "")
        for name, rows in of_set.items()
    }
    lines = [(rate, alpha, "") for rate in RATES for alpha in ALPHAS]
    for rate, alpha, change in [*lines, *(("best", "best", change) for change in _CHANGES)]:
        ahead = {}
        for name, rows in of_set.items():
            (row,) = (
                row
                for row in rows
                if differs(row) == change
                and (change or (float(row["learning_rate"]), float(row["alpha"])) == (rate, alpha))
            )
            ahead[name] = float(row["lower"]) - best[name]
        yield {
            "rate": rate, "alpha": alpha, "also": change, **ahead,
            "mean": sum(ahead.values()) / len(ahead), "worst": min(ahead.values()),
        }  # fmt: skip


def differs(row):
    """Settings of a choice that are not the defaults, besides rate, penalty and size."""
    return ", ".join(f"{k}={row[k]}" for k, usual in _USUAL.items() if row[k] != usual)


def write(path, rows):
    """Write rows as a table, numbers to two decimals, nothing where nothing is known."""
    rows = [{k: _cell(k, v) for k, v in row.items()} for row in rows]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _cell(column, value):
    if isinstance(value, float) and column not in ("rate", "alpha"):
        return f"{value:.{_DECIMALS}f}"
    return value


def main():
    """Write both tables."""
    write(RESULTS / "boltzmann_comparison.csv", list(comparison(read(RESULTS / "boltzmann.csv"))))
    choices = read(RESULTS / "boltzmann_choices.csv")
    write(RESULTS / "boltzmann_settings.csv", list(settings(choices)))


if __name__ == "__main__":
    main()
