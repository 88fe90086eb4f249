"""What `benchmarks.boltzmann` measured, beside directed machines and published figures.

    python -m benchmarks.boltzmann_comparison

Reads ``boltzmann.csv`` and ``boltzmann_choices.csv`` of ``benchmarks/results``, and writes
``boltzmann_comparison.csv``, means over seeds beside other models, and ``boltzmann_settings.csv``:
of each pair of a learning rate and a penalty, and of the best pair without averaging, how many nats
it lies behind the best pair on validation rows of each set.
"""

import csv
import json

from .boltzmann import ALPHAS, FEW, FIRST_SIZE, RATES, RESULTS, SETS, read
from .published import PUBLISHED

_USUAL = {"n_steps": "1", "centred": "False", "schedule": "constant"}
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
            for model in ("chosen", "defaults", f"{FEW} hidden units")
        }
        chosen, defaults, few = by_model.values()
        best, source = best_published(name)
        yield {
            "set": name, "units": chosen[0]["n_components"], "AIS": mean(chosen, "test"),
            "RAISE": mean(chosen, "lower"), "error of log Z": mean(chosen, "partition_error"),
            "defaults, AIS": mean(defaults, "test"), "defaults, RAISE": mean(defaults, "lower"),
            f"{FEW} units, exact": mean(few, "test"), "CPU s": mean(chosen, "cpu_seconds"),
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
    """What a directed machine without lateral weights has reached; None if unknown."""
    if name == "digits":
        rows = [r for r in read(RESULTS / "digits_search.csv") if r["family"] == "HelmholtzMachine"]
    else:
        rows = [row for row in read(RESULTS / "plain_density.csv") if row["data"] == name]
    return mean([row for row in rows if row["test"]], "test")


def autoregressive(name):
    """What a directed machine with lateral weights has reached; None if unknown."""
    path = RESULTS / "density" / f"{name}.json"
    return json.loads(path.read_text())["test"]["mean"] if path.exists() else None


def settings(choices):
    """Rows of nats behind the best pair of a set, of validation rows, by the lower bound."""
    names = [name for name in SETS if any(row["set"] == name for row in choices)]
    pairs = {(rate, alpha, "yes"): {} for rate in RATES for alpha in ALPHAS}
    alone = {}
    for name in names:
        averaged = {
            (float(row["learning_rate"]), float(row["alpha"])): float(row["lower"])
            for row in choices
            if row["set"] == name and is_pair(row)
        }
        best = max(averaged.values())
        for (rate, alpha, _), behind in pairs.items():
            behind[name] = averaged[rate, alpha] - best
        (last,) = (row for row in choices if row["set"] == name and row["averaging"] == "False")
        alone[name] = float(last["lower"]) - best
    for (rate, alpha, averaging), behind in {**pairs, ("best", "best", "no"): alone}.items():
        yield {
            "rate": rate, "alpha": alpha, "averaging": averaging, **behind,
            "mean": sum(behind.values()) / len(behind), "worst": min(behind.values()),
        }  # fmt: skip


def is_pair(row):
    """Whether a choice is between learning rates and penalties only."""
    usual = {"n_components": str(FIRST_SIZE), "averaging": "True", **_USUAL}
    return all(row[name] == value for name, value in usual.items())


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
